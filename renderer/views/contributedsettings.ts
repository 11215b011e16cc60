import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import type { ContributedSetting, ContributedValue } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { model, sentence } from '../model.js';
import { draftMark } from './draftmark.js';
import { drafts } from './drafts.js';

/** How long after the last key a value is checked, ms. */
const TYPING = 250;

/** Reads what was typed; a number that is none stays a text, which no such setting takes. */
function parse({ type }: ContributedSetting, typed: string): ContributedValue {
  if (type === 'number') return /^\s*[+-]?\d+(\.\d+)?\s*$/.test(typed) ? Number(typed) : typed;
  if (type !== 'list') return typed;
  return typed
    .split('\n')
    .map((item) => item.trim())
    .filter(Boolean);
}

function show(value: ContributedValue | undefined, between: string): string {
  if (value === undefined) return '';
  return Array.isArray(value) ? value.join(between) : String(value);
}

/** A setting that an extension contributes. */
@customElement('pico-contributed-setting')
export class ContributedSettingField extends PageElement {
  @property({ attribute: false }) accessor setting!: ContributedSetting;
  /** A secret that is typed: it is in no memory but this. */
  @state() accessor secret: string | undefined;
  @state() accessor problem = '';
  #timer: number | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.setting.type !== 'secret') void this.#check();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.setting.type !== 'secret') void this.#commit();
  }

  /** What was typed and is not in force. */
  get draft(): string | undefined {
    const { type, key } = this.setting;
    return type === 'secret' ? this.secret : drafts.get(`extension:${key}`);
  }

  set draft(typed: string | undefined) {
    const { type, key } = this.setting;
    if (type === 'secret') this.secret = typed;
    else if (typed === undefined) drafts.delete(`extension:${key}`);
    else drafts.set(`extension:${key}`, typed);
    this.requestUpdate();
  }

  override render(): TemplateResult {
    const { key, title, description, type, modified, isSet } = this.setting;
    const isTyped = type !== 'secret' && this.draft !== undefined;
    const canReset = isSet || (type !== 'secret' && (modified || isTyped));
    return html`<div class="setting ${modified ? 'modified' : ''}">
      ${
        type === 'boolean'
          ? nothing
          : html`<label class="title" for="setting-${key}">${title}</label>`
      }
      ${isTyped ? draftMark(`draft-${key}`) : nothing}
      ${canReset ? this.#resetButton() : nothing}
      <p class="dim" id="about-${key}">${description} ${this.#defaultText()}</p>
      <div class="control">${this.#control()}</div>
      <p class="invalid" id="wrong-${key}" aria-live="polite">${this.problem}</p>
    </div>`;
  }

  #defaultText(): string {
    const { type, default: initial } = this.setting;
    const value = show(initial, ', ');
    const isSeen = type === 'boolean' || type === 'choice' || value === '';
    return isSeen ? '' : text('extensions.default', { value });
  }

  #resetButton(): TemplateResult {
    const { key, title, type } = this.setting;
    const isSecret = type === 'secret';
    const reset = async () => {
      this.#forget();
      await model.attempt(() => request('extensions.reset', key));
      this.querySelector<HTMLElement>(`[id="setting-${key}"]`)?.focus();
    };
    return html`<button
      class="plain reset"
      aria-label=${text(isSecret ? 'extensions.removeSecret' : 'extensions.resetSetting', { title })}
      title=${text(isSecret ? 'extensions.removeSecret.hint' : 'extensions.resetSetting.hint')}
      @click=${() => void reset()}
    >
      ${icon(isSecret ? 'trash' : 'discard')}
    </button>`;
  }

  #control(): TemplateResult {
    const { key, title, type, value, choices } = this.setting;
    switch (type) {
      case 'boolean':
        return html`<label class="check">
          <input
            id="setting-${key}"
            type="checkbox"
            aria-describedby="about-${key} wrong-${key}"
            .checked=${live(value === true)}
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
          ${value === undefined ? html`<option disabled selected>${text('extensions.noneChosen')}</option>` : nothing}
          ${choices.map(
            (choice) =>
              html`<option value=${choice.value} .selected=${choice.value === value}>${choice.label}</option>`,
          )}
        </select>`;
      case 'list':
        return html`<textarea
          id="setting-${key}"
          rows="3"
          spellcheck="false"
          placeholder=${text('extensions.onePerLine')}
          aria-invalid=${this.problem !== ''}
          aria-describedby="about-${key} wrong-${key}"
          .value=${live(this.draft ?? show(value, '\n'))}
          @input=${this.#typed}
          @blur=${this.#left}
          @keydown=${this.#pressed}
        ></textarea>`;
      case 'secret':
        return this.#secret();
      default:
        return this.#box(show(value, ''), 'text');
    }
  }

  /** What is in the keychain is not shown: it can be replaced, or removed. */
  #secret(): TemplateResult {
    const { isSet } = this.setting;
    const hint = text(isSet ? 'extensions.inKeychain' : 'extensions.noSecret');
    return html`${this.#box('', 'password', hint)}
      <button
        class="secondary"
        ?disabled=${(this.draft ?? '') === ''}
        aria-label=${text('extensions.saveSecret', { title: this.setting.title })}
        @click=${() => void this.#saveSecret()}
      >
        ${text('common.save')}
      </button>`;
  }

  #box(shown: string, kind: 'text' | 'password', placeholder = ''): TemplateResult {
    const { key, type } = this.setting;
    return html`<input
      id="setting-${key}"
      type=${kind}
      class=${type}
      inputmode=${type === 'number' ? 'numeric' : 'text'}
      spellcheck="false"
      autocomplete="off"
      placeholder=${placeholder}
      aria-invalid=${this.problem !== ''}
      aria-describedby="about-${key} wrong-${key}"
      .value=${live(this.draft ?? shown)}
      @input=${this.#typed}
      @blur=${this.#left}
      @keydown=${this.#pressed}
    />`;
  }

  readonly #typed = ({ target }: Event): void => {
    this.draft = (target as HTMLInputElement | HTMLTextAreaElement).value;
    clearTimeout(this.#timer);
    if (this.setting.type !== 'secret') {
      this.#timer = setTimeout(() => void this.#check(), TYPING);
    }
  };

  // Who goes to another window has not done yet: the field is still the one that is typed in.
  readonly #left = ({ target }: FocusEvent): void => {
    const isSecret = this.setting.type === 'secret';
    if (target !== document.activeElement && !isSecret) void this.#commit();
  };

  readonly #pressed = ({ key, ctrlKey, metaKey }: KeyboardEvent): void => {
    const { type } = this.setting;
    if (key === 'Escape') this.#forget();
    else if (key !== 'Enter' || (type === 'list' && !ctrlKey && !metaKey)) return;
    else if (type === 'secret') void this.#saveSecret();
    else void this.#commit();
  };

  async #check(): Promise<void> {
    const { draft } = this;
    if (draft === undefined) return;
    const { key } = this.setting;
    const change = { key, value: parse(this.setting, draft) };
    const problem = await request('extensions.check', change).catch(sentence);
    if (this.draft === draft) this.problem = problem ?? '';
  }

  async #commit(): Promise<void> {
    clearTimeout(this.#timer);
    const { draft } = this;
    if (draft !== undefined)
      await this.#save(parse(this.setting, draft), () => this.draft === draft);
  }

  /** @param isCurrent whether nothing else was typed meanwhile. */
  async #save(value: ContributedValue, isCurrent = () => true): Promise<void> {
    const { key } = this.setting;
    await this.#attempt(() => request('extensions.set', { key, value }), isCurrent);
    this.requestUpdate();
  }

  async #saveSecret(): Promise<void> {
    const { draft: secret = '' } = this;
    if (secret === '') return;
    const { key } = this.setting;
    const isCurrent = () => this.draft === secret;
    await this.#attempt(() => request('extensions.secret', { key, secret }), isCurrent);
  }

  async #attempt(action: () => Promise<void>, isCurrent: () => boolean): Promise<void> {
    const problem = await action().then(() => undefined, sentence);
    if (!isCurrent()) return;
    if (problem === undefined) this.draft = undefined;
    this.problem = problem ?? '';
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.draft = undefined;
    this.problem = '';
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-contributed-setting': ContributedSettingField;
  }
}
