import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { UPDATE_CHANNELS } from '../../main/ipc/contract.js';
import { formatDateTime } from '../../main/words/format.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { run } from '../commands.js';
import { markdown } from '../markdown.js';
import { model } from '../model.js';
import { DialogPage } from './dialogpage.js';

/** Newer versions: whether there is one, what is new in it, and which ones are wanted. */
@customElement('pico-updates')
export class UpdatePage extends DialogPage {
  protected override readonly parts = ['app'] as const;
  protected override readonly command = 'app.updates';

  protected override get heading(): string {
    return text('updates.title');
  }

  protected override page(): TemplateResult {
    const { updates, version, settings } = model.app;
    const isBusy = updates.state === 'checking' || updates.state === 'downloading';
    return html`<p>${text('updates.version', { version })}</p>
      <p role="status">${this.#said()}</p>
      <div class="choice">
        <button
          class="secondary"
          ?disabled=${isBusy || updates.state === 'unsupported'}
          @click=${() => run('updates.check')}
        >
          ${text('updates.check')}
        </button>
        ${
          updates.state === 'ready'
            ? html`<button @click=${() => run('updates.restart')}>${text('updates.restart')}</button>`
            : nothing
        }
        <label>
          ${text('updates.channel')}
          <select
            @change=${({ target }: Event) => {
              const { value } = target as HTMLSelectElement;
              void model.attempt(() => request('settings.set', { key: 'updates', value }));
            }}
          >
            ${UPDATE_CHANNELS.map(
              (channel) =>
                html`<option value=${channel} .selected=${settings.values.updates === channel}>
                  ${text(`options.updates.${channel}`)}
                </option>`,
            )}
          </select>
        </label>
      </div>
      ${this.#notes()}`;
  }

  /** How it stands, in a sentence or two. */
  #said(): string {
    const { state: how, version = '', percent = 0, problem = '', checked } = model.app.updates;
    const when =
      checked === undefined ? '' : ` ${text('updates.checked', { time: formatDateTime(checked) })}`;
    switch (how) {
      case 'downloading':
        return text('updates.downloading', { version, percent });
      case 'ready':
        return text('updates.ready', { version });
      case 'failed':
        return text('updates.failed', { problem }) + when;
      default:
        return text(`updates.${how}`) + when;
    }
  }

  #notes(): TemplateResult | typeof nothing {
    const { version, notes = '' } = model.app.updates;
    if (version === undefined) return nothing;
    return html`<section class="list" aria-label=${text('updates.notes', { version })} tabindex="0">
      <h3>${text('updates.notes', { version })}</h3>
      ${notes === '' ? html`<p class="dim">${text('updates.noNotes')}</p>` : markdown(notes, 4)}
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-updates': UpdatePage;
  }
}
