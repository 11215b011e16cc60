import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import type { ContributedSetting, ContributedValue } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import { DraftField } from './draftfield.js';
import { draftMark } from './draftmark.js';
import { drafts } from './drafts.js';

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
export class ContributedSettingField extends DraftField<ContributedValue> {
  @property({ attribute: false }) accessor setting!: ContributedSetting;
  /** A secret that is typed: it is in no memory but this. */
  @state() accessor secret: string | undefined;

  override get draft(): string | undefined {
    return this.#isSecret ? this.secret : drafts.get(`extension:${this.key}`);
  }

  override set draft(typed: string | undefined) {
    if (this.#isSecret) this.secret = typed;
    else if (typed === undefined) drafts.delete(`extension:${this.key}`);
    else drafts.set(`extension:${this.key}`, typed);
  }

  protected override get value(): ContributedValue | undefined {
    return this.setting.value;
  }

  protected override get key(): string {
    return this.setting.key;
  }

  protected override get isLong(): boolean {
    return this.setting.type === 'list';
  }

  protected override parse(typed: string): ContributedValue {
    return parse(this.setting, typed);
  }

  protected override async verify(value: ContributedValue): Promise<string | undefined> {
    return this.#isSecret ? undefined : request('extensions.check', { key: this.key, value });
  }

  protected override put(value: ContributedValue): Promise<void> {
    return request('extensions.set', { key: this.key, value });
  }

  get #isSecret(): boolean {
    return this.setting.type === 'secret';
  }

  override render(): TemplateResult {
    const { key, title, description, type, modified, isSet } = this.setting;
    const isTyped = !this.#isSecret && this.draft !== undefined;
    const canReset = isSet || (!this.#isSecret && (modified || isTyped));
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
      <p class="invalid" id="wrong-${key}" aria-live="polite">${this.problem ?? ''}</p>
    </div>`;
  }

  #defaultText(): string {
    const { type, default: initial } = this.setting;
    const value = show(initial, ', ');
    const isSeen = type === 'boolean' || type === 'choice' || value === '';
    return isSeen ? '' : text('extensions.default', { value });
  }

  #resetButton(): TemplateResult {
    const { key, title } = this.setting;
    const isSecret = this.#isSecret;
    const reset = async () => {
      const { activeElement: from } = document;
      this.forget();
      await model.attempt(() => request('extensions.reset', key));
      this.focusField(from);
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
        return this.checkBox(title);
      case 'choice':
        return this.choiceList(
          choices,
          value === undefined
            ? html`<option disabled selected>${text('extensions.noneChosen')}</option>`
            : nothing,
        );
      case 'list':
        return html`<textarea
          id="setting-${key}"
          rows="3"
          spellcheck="false"
          placeholder=${text('extensions.onePerLine')}
          aria-invalid=${this.problem !== undefined}
          aria-describedby="about-${key} wrong-${key}"
          .value=${live(this.draft ?? show(value, '\n'))}
          @input=${this.typed}
          @blur=${this.left}
          @keydown=${this.pressed}
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
      aria-invalid=${this.problem !== undefined}
      aria-describedby="about-${key} wrong-${key}"
      .value=${live(this.draft ?? shown)}
      @input=${this.typed}
      @blur=${this.left}
      @keydown=${this.pressed}
    />`;
  }

  /** A secret goes to the keychain when that is asked for, and no sooner. */
  protected override async commit(): Promise<void> {
    if (!this.#isSecret) await super.commit();
  }

  protected override async enter(): Promise<void> {
    await (this.#isSecret ? this.#saveSecret() : super.enter());
  }

  async #saveSecret(): Promise<void> {
    const { secret = '' } = this;
    if (secret === '') return;
    await this.attempt(
      () => request('extensions.secret', { key: this.key, secret }),
      () => this.secret === secret,
    );
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-contributed-setting': ContributedSettingField;
  }
}
