import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import {
  isFileSetting,
  type SettingDescriptor,
  type SettingKey,
  type SettingValue,
} from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { model, sentence } from '../model.js';
import { addressChoices } from './addresschoices.js';
import { draftMark } from './draftmark.js';
import { drafts } from './drafts.js';
import { defaultText, isLong, parseValue, showValue } from './settingvalue.js';

/** How long after the last key a value is checked, ms. */
const TYPING = 250;

/**
 * A setting, drawn from its description. What is typed is checked meanwhile, and in force once it is
 * valid and done: with Enter, or when its field is left; Escape gives the former value back.
 */
@customElement('pico-setting')
export class SettingField extends PageElement {
  protected override readonly parts = ['app'] as const;
  @property({ attribute: false }) accessor descriptor!: SettingDescriptor;
  /** What is wrong with what was typed. */
  @state() accessor problem: string | undefined;
  #timer: number | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#check();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    void this.#commit();
  }

  override render(): TemplateResult {
    const { key, title, description, type } = this.descriptor;
    const isModified = model.app.settings.modified.includes(key);
    const isTyped = drafts.get(key) !== undefined;
    const problem = this.problem ?? this.#fault();
    return html`<div class="setting ${isModified ? 'modified' : ''}" data-key=${key}>
      ${
        type === 'boolean'
          ? nothing
          : html`<label class="title" for="setting-${key}">${title}</label>`
      }
      ${isTyped ? this.#discardButton() : nothing}
      ${isModified && !isTyped ? this.#resetButton() : nothing}
      <p class="dim" id="about-${key}">${description} ${defaultText(this.descriptor, isModified)}</p>
      <div class="control">${this.#control(problem !== undefined)}</div>
      ${this.#profile()}
      <p class="invalid" id="wrong-${key}" aria-live="polite">${problem ?? ''}</p>
    </div>`;
  }

  /** What the server says of a setting that it cannot go by. */
  #fault(): string | undefined {
    const { lanFault } = model.app.server;
    return lanFault?.key === this.descriptor.key ? lanFault.message : undefined;
  }

  get #value(): SettingValue {
    return model.app.settings.values[this.descriptor.key];
  }

  #resetButton(): TemplateResult {
    const { key, title } = this.descriptor;
    const reset = async () => {
      await model.attempt(() => request('settings.reset', key));
      this.#focus();
    };
    return html`<button
      class="plain reset"
      aria-label=${text('settings.reset', { title })}
      title=${text('settings.resetTitle')}
      @click=${() => void reset()}
    >
      ${icon('discard')} ${text('settings.resetShort')}
    </button>`;
  }

  #discardButton(): TemplateResult {
    const { key, title } = this.descriptor;
    const discard = () => {
      this.#forget();
      this.#focus();
    };
    // The field is not left before the button is pressed: what is to be discarded is never in force.
    return html`${draftMark(`draft-${key}`)}
      <button
        class="plain reset"
        aria-label=${text('settings.discard', { title })}
        title=${text('settings.discard', { title })}
        @mousedown=${(event: Event) => event.preventDefault()}
        @click=${discard}
      >
        ${icon('close')}
      </button>`;
  }

  /** Whether the profile that is in use has a value of its own. */
  #profile(): TemplateResult | typeof nothing {
    const { profiles, active } = model.app.settings.profiles;
    const profile = profiles.find(({ name }) => name === active);
    if (profile === undefined) return nothing;
    const { key, title } = this.descriptor;
    const { name } = profile;
    const label = text('profiles.differHere', { name });
    const change = (event: Event) => {
      const differs = (event.target as HTMLInputElement).checked;
      void model.attempt(() => request('profiles.differ', { key, differs }));
    };
    return html`<label class="differs" title=${text('profiles.differTitle', { name })}>
      <input
        type="checkbox"
        aria-label="${title}: ${label}"
        .checked=${live(profile.differs.includes(key))}
        @change=${change}
      />
      ${label}
    </label>`;
  }

  #focus(): void {
    this.querySelector<HTMLElement>(`#setting-${this.descriptor.key}`)?.focus();
  }

  #control(isInvalid: boolean): TemplateResult {
    const { key, title, type, choices = [], unit } = this.descriptor;
    switch (type) {
      case 'boolean':
        return html`<label class="check">
          <input
            id="setting-${key}"
            type="checkbox"
            aria-describedby="about-${key} wrong-${key}"
            .checked=${live(this.#value === true)}
            @change=${(event: Event) => void this.#save((event.target as HTMLInputElement).checked)}
          />
          <span class="title">${title}</span>
        </label>`;
      case 'choice':
        return html`<select
          id="setting-${key}"
          aria-describedby="about-${key} wrong-${key}"
          @change=${(event: Event) => void this.#save((event.target as HTMLSelectElement).value)}
        >
          ${choices.map(
            (choice) =>
              html`<option value=${choice.value} .selected=${choice.value === this.#value}>
                ${choice.label}
              </option>`,
          )}
        </select>`;
      case 'file':
        return this.#fileChoice(key, title);
      default:
        return html`${this.#textBox(isInvalid)}
        ${unit === undefined ? nothing : html`<span class="dim">${unit}</span>`} ${this.#picker()}`;
    }
  }

  /** A file is chosen in a dialog of the system, which the app opens: the window cannot name one. */
  #fileChoice(key: SettingKey, title: string): TemplateResult {
    const file = String(this.#value);
    const choose = async () => {
      if (!isFileSetting(key)) return;
      this.problem = await request('settings.choose', key).then(() => undefined, sentence);
    };
    return html`<button
        id="setting-${key}"
        class="secondary"
        aria-label=${text('settings.chooseFor', { title })}
        aria-describedby="about-${key} file-${key} wrong-${key}"
        @click=${() => void choose()}
      >
        ${text('settings.choose')}
      </button>
      <span id="file-${key}" class="file">${file === '' ? text('settings.noneChosen') : file}</span>`;
  }

  #textBox(isInvalid: boolean): TemplateResult {
    const { key, type, placeholder = '' } = this.descriptor;
    const describedBy = `about-${key} draft-${key} wrong-${key}`;
    if (isLong(this.descriptor)) {
      return html`<textarea
        id="setting-${key}"
        rows="3"
        spellcheck="false"
        placeholder=${text('settings.oneEachLine', { placeholder })}
        aria-invalid=${isInvalid}
        aria-describedby=${describedBy}
        .value=${live(drafts.get(key) ?? showValue(this.#value, '\n'))}
        @input=${this.#typed}
        @blur=${this.#left}
        @keydown=${this.#pressed}
      ></textarea>`;
    }
    return html`<input
      id="setting-${key}"
      type="text"
      class=${type}
      inputmode=${type === 'number' ? 'numeric' : 'text'}
      spellcheck="false"
      autocomplete="off"
      placeholder=${placeholder}
      aria-invalid=${isInvalid}
      aria-describedby=${describedBy}
      .value=${live(drafts.get(key) ?? showValue(this.#value))}
      @input=${this.#typed}
      @blur=${this.#left}
      @keydown=${this.#pressed}
    />`;
  }

  /** Addresses of this machine, to be picked. */
  #picker(): TemplateResult | typeof nothing {
    const { pick } = this.descriptor;
    if (pick === undefined) return nothing;
    const choose = (event: Event) => {
      const select = event.target as HTMLSelectElement;
      const value = select.value === '' ? [] : [select.value];
      select.selectedIndex = 0;
      this.#forget();
      void this.#save(value);
    };
    return html`<select aria-label=${text('settings.pick')} @change=${choose}>
      <option disabled selected value="-">${text('settings.pickShort')}</option>
      ${addressChoices(pick, model.app.settings.addresses).map(
        ({ value, label }) => html`<option value=${value}>${label}</option>`,
      )}
    </select>`;
  }

  readonly #typed = ({ target }: Event): void => {
    drafts.set(this.descriptor.key, (target as HTMLInputElement | HTMLTextAreaElement).value);
    this.requestUpdate();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), TYPING);
  };

  // Who goes to another window has not done yet: the field is still the one that is typed in.
  readonly #left = ({ target }: FocusEvent): void => {
    if (target !== document.activeElement) void this.#commit();
  };

  readonly #pressed = ({ key, ctrlKey, metaKey }: KeyboardEvent): void => {
    if (key === 'Escape') this.#forget();
    else if (key === 'Enter' && (!isLong(this.descriptor) || ctrlKey || metaKey)) {
      void this.#commit();
    }
  };

  /** Says what is wrong with what is being typed; it is in force no sooner than it is done. */
  async #check(): Promise<void> {
    const { key } = this.descriptor;
    const typed = drafts.get(key);
    if (typed === undefined) return;
    const value = parseValue(this.descriptor, typed);
    const problem = await request('settings.check', { key, value }).catch(sentence);
    if (drafts.get(key) === typed) this.problem = problem;
  }

  /** Puts what was typed into force, if it is valid. */
  async #commit(): Promise<void> {
    clearTimeout(this.#timer);
    const { key } = this.descriptor;
    const typed = drafts.get(key);
    if (typed === undefined) return;
    await this.#save(parseValue(this.descriptor, typed), () => drafts.get(key) === typed);
  }

  /** @param isCurrent whether nothing else was typed meanwhile. */
  async #save(value: SettingValue, isCurrent = () => true): Promise<void> {
    const { key } = this.descriptor;
    const problem = await request('settings.set', { key, value }).then(() => undefined, sentence);
    if (!isCurrent()) return;
    if (problem === undefined) drafts.delete(key);
    this.problem = problem;
    this.requestUpdate();
  }

  #forget(): void {
    clearTimeout(this.#timer);
    drafts.delete(this.descriptor.key);
    this.problem = undefined;
    this.requestUpdate();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-setting': SettingField;
  }
}
