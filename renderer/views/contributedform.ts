import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import type { CellValue, ContributedContent, ContributedField } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { markdown } from '../markdown.js';
import { model, sentence } from '../model.js';
import { finish } from '../unfinished.js';

type Form = Extract<ContributedContent, { readonly kind: 'form' }>;

/** A form of an extension: what is typed stays until it is sent, whatever comes meanwhile. */
@customElement('pico-contributed-form')
export class ContributedForm extends PageElement {
  @property({ attribute: false }) accessor viewId = '';
  @property({ attribute: false }) accessor content!: Form;
  /** What was typed and not sent, by the ids of the fields. */
  @state() accessor typed: Readonly<Record<string, string | boolean>> = {};
  @state() accessor problem = '';
  @state() accessor sending = false;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('viewId')) this.typed = {};
  }

  override render(): TemplateResult {
    const { text: about, fields, submit = text('extensions.apply') } = this.content;
    return html`${about === undefined ? nothing : markdown(about, 2)}
      <form class="contributed-form" data-kept @submit=${(event: SubmitEvent) => void this.#send(event)}>
        ${fields.map((field) => this.#field(field))}
        <div class="toolbar">
          <button ?disabled=${this.sending}>${submit}</button>
        </div>
        <p class="invalid" aria-live="polite">${this.problem}</p>
      </form>`;
  }

  #field(field: ContributedField): TemplateResult {
    const { id, title, description = '', type } = field;
    const about =
      description === '' ? nothing : html`<p class="dim" id="about-${id}">${description}</p>`;
    if (type === 'boolean') {
      return html`<div class="setting">
        <label class="check">
          <input
            type="checkbox"
            .checked=${live(this.#valueOf(field) === true)}
            @change=${(event: Event) => this.#type(id, (event.target as HTMLInputElement).checked)}
          />
          <span class="title">${title}</span>
        </label>
        ${about}
      </div>`;
    }
    return html`<div class="setting">
      <label class="title" for="field-${id}">${title}</label>
      ${about}
      <div class="control">${type === 'choice' ? this.#choice(field) : this.#box(field)}</div>
    </div>`;
  }

  #choice(field: ContributedField): TemplateResult {
    const { id, choices = [] } = field;
    const value = this.#valueOf(field);
    return html`<select
      id="field-${id}"
      @change=${(event: Event) => this.#type(id, (event.target as HTMLSelectElement).value)}
    >
      ${choices.map(
        (choice) =>
          html`<option value=${choice.value} .selected=${choice.value === value}>
            ${choice.title}
          </option>`,
      )}
    </select>`;
  }

  #box(field: ContributedField): TemplateResult {
    const { id, type } = field;
    return html`<input
      id="field-${id}"
      type="text"
      class=${type}
      inputmode=${type === 'number' ? 'numeric' : 'text'}
      spellcheck="false"
      autocomplete="off"
      .value=${live(String(this.#valueOf(field)))}
      @input=${(event: Event) => this.#type(id, (event.target as HTMLInputElement).value)}
    />`;
  }

  #valueOf({ id, value }: ContributedField): CellValue {
    return Object.hasOwn(this.typed, id) ? (this.typed[id] ?? value) : value;
  }

  #type(id: string, value: string | boolean): void {
    this.typed = { ...this.typed, [id]: value };
  }

  async #send(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const { typed } = this;
    const values: Record<string, CellValue> = {};
    for (const field of this.content.fields) {
      const value = this.#valueOf(field);
      const number = typeof value === 'string' && /^\s*[+-]?\d+(\.\d+)?\s*$/.test(value);
      if (field.type === 'number' && typeof value === 'string' && !number) {
        this.problem = text('extensions.numberExpected', { title: field.title });
        return;
      }
      values[field.id] = field.type === 'number' ? Number(value) : value;
    }
    this.sending = true;
    this.problem = '';
    try {
      const message = await request('extensions.submit', { id: this.viewId, values });
      if (this.typed === typed) {
        this.typed = {};
        finish(form);
      }
      if (message !== undefined) model.notify({ severity: 'info', message });
    } catch (error) {
      this.problem = sentence(error);
    } finally {
      this.sending = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-contributed-form': ContributedForm;
  }
}
