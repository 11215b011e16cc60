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
import { icon } from '../icon.js';
import { model, sentence } from '../model.js';
import { addressChoices } from './addresschoices.js';
import { DraftField } from './draftfield.js';
import { draftMark } from './draftmark.js';
import { drafts } from './drafts.js';
import { defaultText, isLong, parseValue, showValue } from './settingvalue.js';

/** A setting of the app, drawn from its description. */
@customElement('pico-setting')
export class SettingField extends DraftField<SettingValue> {
  protected override readonly parts = ['app'] as const;
  @property({ attribute: false }) accessor descriptor!: SettingDescriptor;
  /** Whether the profile is about to have a value of its own. */
  @state() accessor differs: boolean | undefined;

  override get draft(): string | undefined {
    return drafts.get(this.descriptor.key);
  }

  override set draft(typed: string | undefined) {
    if (typed === undefined) drafts.delete(this.descriptor.key);
    else drafts.set(this.descriptor.key, typed);
  }

  protected override get value(): SettingValue {
    return model.app.settings.values[this.descriptor.key];
  }

  protected override get key(): SettingKey {
    return this.descriptor.key;
  }

  protected override get isLong(): boolean {
    return isLong(this.descriptor);
  }

  protected override parse(typed: string): SettingValue {
    return parseValue(this.descriptor, typed);
  }

  protected override verify(value: SettingValue): Promise<string | undefined> {
    return request('settings.check', { key: this.key, value });
  }

  protected override put(value: SettingValue): Promise<void> {
    return request('settings.set', { key: this.key, value });
  }

  override render(): TemplateResult {
    const { key, title, description, type } = this.descriptor;
    const isModified = model.app.settings.modified.includes(key);
    const isTyped = this.draft !== undefined;
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

  #resetButton(): TemplateResult {
    const { key, title } = this.descriptor;
    const reset = async () => {
      const { activeElement: from } = document;
      await model.attempt(() => request('settings.reset', key));
      this.focusField(from);
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
      this.forget();
      this.focusField();
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
    const change = async (event: Event) => {
      const differs = (event.target as HTMLInputElement).checked;
      this.differs = differs;
      await model.attempt(() => request('profiles.differ', { key, differs }));
      if (this.differs === differs) this.differs = undefined;
    };
    return html`<label class="differs" title=${text('profiles.differTitle', { name })}>
      <input
        type="checkbox"
        aria-label="${title}: ${label}"
        .checked=${live(this.differs ?? profile.differs.includes(key))}
        @change=${change}
      />
      ${label}
    </label>`;
  }

  #control(isInvalid: boolean): TemplateResult {
    const { key, title, type, choices = [], unit } = this.descriptor;
    switch (type) {
      case 'boolean':
        return this.checkBox(title);
      case 'choice':
        return this.choiceList(choices, nothing);
      case 'file':
        return this.#fileChoice(key, title);
      default:
        return html`${this.#textBox(isInvalid)}
        ${unit === undefined ? nothing : html`<span class="dim">${unit}</span>`} ${this.#picker()}`;
    }
  }

  /** A file is chosen in a dialog of the system, which the app opens: the window cannot name one. */
  #fileChoice(key: SettingKey, title: string): TemplateResult {
    const file = String(this.value);
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
    if (this.isLong) {
      return html`<textarea
        id="setting-${key}"
        rows="3"
        spellcheck="false"
        placeholder=${text('settings.oneEachLine', { placeholder })}
        aria-invalid=${isInvalid}
        aria-describedby=${describedBy}
        .value=${live(this.draft ?? showValue(this.value, '\n'))}
        @input=${this.typed}
        @blur=${this.left}
        @keydown=${this.pressed}
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
      .value=${live(this.draft ?? showValue(this.value))}
      @input=${this.typed}
      @blur=${this.left}
      @keydown=${this.pressed}
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
      this.forget();
      void this.choose(value);
    };
    return html`<select aria-label=${text('settings.pick')} @change=${choose}>
      <option disabled selected value="-">${text('settings.pickShort')}</option>
      ${addressChoices(pick, model.app.settings.addresses).map(
        ({ value, label }) => html`<option value=${value}>${label}</option>`,
      )}
    </select>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-setting': SettingField;
  }
}
