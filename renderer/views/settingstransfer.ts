import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { ImportItem, ImportPreview } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { model, sentence } from '../model.js';

/** How many changes are listed: the count says how many there are. */
const MAX_LISTED = 500;

function passwordBox(label: string): TemplateResult {
  return html`<label>
    <span>${label}</span>
    <input type="password" autocomplete="off" spellcheck="false" maxlength="1000" />
  </label>`;
}

/** Writes all there is into a file. */
@customElement('pico-settings-export')
export class SettingsExport extends PageElement {
  protected override readonly parts = [] as const;
  @state() accessor withPasswords = false;
  @state() accessor problem = '';
  @state() accessor isBusy = false;

  override render(): TemplateResult {
    return html`<section
      class="editor"
      aria-label=${text('settingsfile.exportTitle')}
      @keydown=${onKeys(
        () => this.#close(),
        () => this.#export(),
      )}
    >
      <p class="dim">${text('settingsfile.exportHint')}</p>
      <label class="check">
        <input
          type="checkbox"
          .checked=${this.withPasswords}
          @change=${(event: Event) => {
            this.withPasswords = (event.target as HTMLInputElement).checked;
          }}
        />
        ${text('settingsfile.withPasswords')}
      </label>
      ${
        this.withPasswords
          ? html`${passwordBox(text('settingsfile.passphrase'))}
            ${passwordBox(text('settingsfile.passphraseAgain'))}`
          : nothing
      }
      <p class="invalid" role="alert">${this.problem}</p>
      <div class="buttons">
        <button ?disabled=${this.isBusy} @click=${() => void this.#export()}>
          ${text('settingsfile.chooseFile')}
        </button>
        <button
          class="secondary"
          @click=${() => this.#close()}
        >
          ${text('settingsfile.cancel')}
        </button>
      </div>
    </section>`;
  }

  protected override firstUpdated(): void {
    this.querySelector('input')?.focus();
  }

  async #export(): Promise<void> {
    if (this.isBusy) return;
    const [first, again] = [...this.querySelectorAll<HTMLInputElement>('input[type=password]')].map(
      ({ value }) => value,
    );
    if (first !== again) {
      this.problem = text('settingsfile.passphrasesDiffer');
      return;
    }
    this.isBusy = true;
    try {
      const options = first === undefined ? {} : { passphrase: first };
      const file = await request('settings.export', options);
      if (file === undefined) return;
      model.notify({ severity: 'info', message: text('settingsfile.exported', { file }) });
      this.#close();
    } catch (error) {
      this.problem = sentence(error);
    } finally {
      this.isBusy = false;
    }
  }

  #close(): void {
    this.dispatchEvent(new CustomEvent('close'));
  }
}

/** Takes over what was exported: what it would change is shown before. */
@customElement('pico-settings-import')
export class SettingsImport extends PageElement {
  protected override readonly parts = [] as const;
  @state() accessor preview: ImportPreview | undefined;
  @state() accessor problem = '';
  @state() accessor isBusy = false;
  @query('input[type=password]') accessor passphrase!: HTMLInputElement | null;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#choose();
  }

  override render(): TemplateResult {
    const { preview } = this;
    return html`<section
      class="editor wide"
      aria-label=${text('settingsfile.importTitle')}
      @keydown=${onKeys(
        () => this.#close(),
        () => this.#import(),
      )}
    >
      ${preview === undefined ? nothing : this.#changes(preview)}
      <p class="invalid" role="alert">${this.problem}</p>
      <div class="buttons">
        ${
          preview === undefined
            ? nothing
            : html`<button
              ?disabled=${this.isBusy || !canImport(preview)}
              @click=${() => void this.#import()}
            >
              ${text('settingsfile.doImport')}
            </button>`
        }
        <button class="secondary" ?disabled=${this.isBusy} @click=${() => void this.#choose()}>
          ${text('settingsfile.chooseFile')}
        </button>
        <button class="secondary" ?disabled=${this.isBusy} @click=${() => this.#close()}>
          ${text('settingsfile.cancel')}
        </button>
      </div>
    </section>`;
  }

  #changes({ file, items, leftOut, hasPasswords }: ImportPreview): TemplateResult {
    return html`<p class="from">${text('settingsfile.importFrom', { file })}</p>
      ${
        items.length === 0
          ? html`<p>${text('settingsfile.nothingToDo')}</p>`
          : html`<p>${text('settingsfile.wouldChange', { count: items.length })}</p>
            <div class="changes" tabindex="0">
              <table class="plain" aria-label=${text('settingsfile.change')}>
                <thead>
                  <tr>
                    <th>${text('settingsfile.kind')}</th>
                    <th>${text('settingsfile.name')}</th>
                    <th>${text('settingsfile.change')}</th>
                  </tr>
                </thead>
                <tbody>
                  ${items.slice(0, MAX_LISTED).map(
                    (item) =>
                      html`<tr>
                        <td>${text(`settingsfile.${item.kind}`)}</td>
                        <td>${item.name}</td>
                        <td>${changeOf(item)}</td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>`
      }
      ${
        leftOut.length === 0
          ? nothing
          : html`<p>${text('settingsfile.leftOut')}</p>
            <ul>
              ${leftOut.slice(0, MAX_LISTED).map((one) => html`<li>${one}</li>`)}
            </ul>`
      }
      ${
        hasPasswords
          ? html`<p class="dim">${text('settingsfile.hasPasswords')}</p>
            ${passwordBox(text('settingsfile.passphrase'))}`
          : nothing
      }`;
  }

  async #choose(): Promise<void> {
    try {
      const preview = await request('settings.import');
      if (preview === undefined) {
        if (this.preview === undefined) this.#close();
        return;
      }
      this.preview = preview;
      this.problem = '';
    } catch (error) {
      this.preview = undefined;
      this.problem = sentence(error);
    }
  }

  async #import(): Promise<void> {
    if (this.isBusy) return;
    const passphrase = this.passphrase?.value ?? '';
    this.isBusy = true;
    try {
      await request('settings.importChosen', passphrase === '' ? {} : { passphrase });
      model.notify({ severity: 'info', message: text('settingsfile.imported') });
      this.#close();
    } catch (error) {
      this.problem = sentence(error);
    } finally {
      this.isBusy = false;
    }
  }

  #close(): void {
    this.dispatchEvent(new CustomEvent('close'));
  }
}

/** Escape closes, and Enter in a passphrase goes on, as in forms. */
function onKeys(close: () => void, go: () => Promise<void>): (event: KeyboardEvent) => void {
  return ({ key, target }) => {
    if (key === 'Escape') close();
    else if (key === 'Enter' && target instanceof HTMLInputElement && target.type === 'password') {
      void go();
    }
  };
}

/** Passwords may be all that a file changes. */
function canImport({ items, hasPasswords }: ImportPreview): boolean {
  return items.length > 0 || hasPasswords;
}

function changeOf({ change, before, after }: ImportItem): string {
  if (before === undefined || after === undefined) return text(`settingsfile.${change}`);
  const shown = (value: string) => (value === '' ? text('settingsfile.empty') : value);
  return text('settingsfile.becomes', { before: shown(before), after: shown(after) });
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-settings-export': SettingsExport;
    'pico-settings-import': SettingsImport;
  }
}
