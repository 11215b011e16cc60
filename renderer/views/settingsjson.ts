import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { type DocumentProblem, showsPassword } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { recall, remember } from '../memory.js';
import { model, sentence } from '../model.js';

/** How long after the last key the text is checked, ms. */
const TYPING = 250;

/** What was typed and is not saved: it outlives visits to other views. */
let draft = recall<{ json?: string }>('settingsJson', {}).json;

function keepDraft(json: string | undefined): void {
  draft = json;
  remember('settingsJson', json === undefined || showsPassword(json) ? {} : { json });
}

/**
 * All settings as JSON, in a plain text box. They are in force once they are saved, all of them or
 * none; the first mistake is told with its line and column.
 */
@customElement('pico-settings-json')
export class SettingsJson extends PageElement {
  protected override readonly parts = ['app'] as const;
  /** What is in force. */
  @state() accessor saved = '';
  @state() accessor mistake: DocumentProblem | undefined;
  /** Why it could not be saved, where that is no mistake of the text. */
  @state() accessor problem = '';
  @query('textarea') accessor box!: HTMLTextAreaElement | null;
  #timer: number | undefined;
  /** The settings that the text was made of. */
  #of: unknown;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  protected override willUpdate(): void {
    const { values } = model.app.settings;
    if (this.#of !== undefined && this.#of !== values) void this.#read();
    this.#of = values;
  }

  override render(): TemplateResult {
    const isTyped = draft !== undefined && draft !== this.saved;
    const { mistake, problem } = this;
    const wrong =
      mistake === undefined
        ? problem
        : text('settingsfile.place', {
            line: String(mistake.line),
            column: String(mistake.column),
            message: mistake.message,
          });
    return html`<section class="json" aria-label=${text('settingsfile.editor')}>
      <p class="dim" id="about-json">${text('settingsfile.editorHint')}</p>
      <textarea
        aria-label=${text('settingsfile.editor')}
        aria-describedby="about-json wrong-json"
        aria-invalid=${wrong !== ''}
        aria-keyshortcuts="Control+S"
        spellcheck="false"
        autocomplete="off"
        .value=${live(draft ?? this.saved)}
        @input=${(event: Event) => this.#type((event.target as HTMLTextAreaElement).value)}
        @keydown=${this.#pressed}
      ></textarea>
      <p id="wrong-json" class="invalid" role="alert">${wrong}</p>
      <div class="toolbar">
        <button ?disabled=${!isTyped} @click=${() => void this.#save()}>
          ${text('settingsfile.save')}
        </button>
        <button class="secondary" ?disabled=${!isTyped} @click=${() => this.#discard()}>
          ${text('settingsfile.discard')}
        </button>
        <button
          class="secondary"
          @click=${() => this.dispatchEvent(new CustomEvent('close'))}
        >
          ${text('settingsfile.close')}
        </button>
        ${
          mistake === undefined
            ? nothing
            : html`<button class="secondary" @click=${() => this.#go(mistake)}>
              ${text('settingsfile.goThere')}
            </button>`
        }
        ${
          isTyped
            ? html`<span class="draft">${icon('edit')} ${text('settingsfile.unsaved')}</span>`
            : nothing
        }
      </div>
    </section>`;
  }

  /** Who is there before the answers is not called back by them. */
  async #begin(): Promise<void> {
    const toStart = () => this.box?.setSelectionRange(0, 0);
    await this.updateComplete;
    this.box?.focus();
    toStart();
    await this.#read();
    await this.updateComplete;
    if (draft === undefined) toStart();
    await this.#check();
  }

  async #read(): Promise<void> {
    await model.attempt(async () => {
      this.saved = await request('settings.document');
    });
  }

  #type(json: string): void {
    keepDraft(json === this.saved ? undefined : json);
    this.problem = '';
    this.requestUpdate();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), TYPING);
  }

  async #check(): Promise<void> {
    const json = draft;
    if (json === undefined) {
      this.mistake = undefined;
      return;
    }
    const mistake = await request('settings.checkDocument', json).catch((error: unknown) => {
      this.problem = sentence(error);
      return undefined;
    });
    if (draft === json) this.mistake = mistake;
  }

  async #save(): Promise<void> {
    clearTimeout(this.#timer);
    const json = draft;
    if (json === undefined) return;
    try {
      const mistake = await request('settings.saveDocument', json);
      if (draft !== json) return;
      this.problem = '';
      this.mistake = mistake;
      if (mistake !== undefined) {
        this.#go(mistake);
        return;
      }
      keepDraft(undefined);
      await this.#read();
      model.notify({ severity: 'info', message: text('settingsfile.saved') });
    } catch (error) {
      this.problem = sentence(error);
    }
  }

  #discard(): void {
    clearTimeout(this.#timer);
    keepDraft(undefined);
    this.mistake = undefined;
    this.problem = '';
    this.requestUpdate();
    this.box?.focus();
  }

  #go({ offset, line }: DocumentProblem): void {
    const { box } = this;
    if (box === null) return;
    box.focus();
    box.setSelectionRange(offset, Math.min(offset + 1, box.value.length));
    const lines = box.value.split('\n').length;
    box.scrollTop = (box.scrollHeight * (line - 1)) / lines - box.clientHeight / 2;
  }

  readonly #pressed = (event: KeyboardEvent): void => {
    const { key, ctrlKey, metaKey } = event;
    if (key.toLowerCase() === 's' && (ctrlKey || metaKey)) {
      event.preventDefault();
      void this.#save();
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-settings-json': SettingsJson;
  }
}
