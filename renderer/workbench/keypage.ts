import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import {
  COMMANDS,
  GLOBAL_COMMANDS,
  globalKeyOf,
  keyFault,
  keyOf,
  titleOf,
  withKey,
} from '../../main/ipc/contract.js';
import { formatList } from '../../main/words/format.js';
import { text } from '../../main/words/words.js';
import { changeSetting } from '../actions.js';
import { request } from '../bridge.js';
import { icon } from '../icon.js';
import { keyName, pressedKey } from '../keys.js';
import { model } from '../model.js';
import { DialogPage } from './dialogpage.js';

/** A command with its key. */
interface Row {
  readonly id: string;
  readonly title: string;
  readonly isGlobal: boolean;
  readonly key: string | undefined;
  /** Whether it is not the one that it comes with. */
  readonly isChanged: boolean;
}

/** What is being recorded. */
interface Recording {
  readonly row: Row;
  readonly key: string | undefined;
}

/** The page of all keyboard shortcuts, where they can be changed. */
@customElement('pico-keys')
export class KeyPage extends DialogPage {
  protected override readonly parts = ['app'] as const;
  protected override readonly command = 'app.keys';
  @state() accessor wanted = '';
  @state() accessor recording: Recording | undefined;
  @query('.record input') accessor recorder!: HTMLInputElement | null;

  protected override get heading(): string {
    return text('keys.title');
  }

  protected override opened(): void {
    this.wanted = '';
  }

  protected override closed(): void {
    this.#record(undefined);
  }

  override updated(changed: PropertyValues): void {
    super.updated(changed);
    if (changed.has('recording')) this.recorder?.focus();
  }

  get #entries(): readonly string[] {
    return model.app.settings.values.keys;
  }

  protected override page(): TemplateResult {
    const fits = this.#rows().filter((row) => this.#fits(row));
    const inWindow = fits.filter(({ isGlobal }) => !isGlobal);
    const everywhere = fits.filter(({ isGlobal }) => isGlobal);
    return html`<input
        type="search"
        autofocus
        aria-label=${text('keys.search')}
        placeholder=${text('keys.searchHint')}
        .value=${this.wanted}
        @input=${({ target }: Event) => {
          this.wanted = (target as HTMLInputElement).value;
        }}
      />
      <div class="list" tabindex="-1">
        ${fits.length === 0 ? html`<p class="dim">${text('keys.nothing')}</p>` : nothing}
        ${this.#table(text('keys.window'), inWindow)}
        ${everywhere.length > 0 ? html`<p class="dim">${text('keys.globalHint')}</p>` : nothing}
        ${this.#table(text('keys.global'), everywhere)}
      </div>`;
  }

  #table(title: string, rows: readonly Row[]): TemplateResult | typeof nothing {
    if (rows.length === 0) return nothing;
    return html`<table>
      <caption>
        ${title}
      </caption>
      <thead>
        <tr>
          <th scope="col">${text('keys.command')}</th>
          <th scope="col">${text('keys.key')}</th>
          <td></td>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => this.#row(row))}
      </tbody>
    </table>`;
  }

  #row(row: Row): TemplateResult {
    const { id, title, isGlobal, key, isChanged } = row;
    const { recording } = this;
    if (recording?.row.id === id && recording.row.isGlobal === isGlobal) {
      return this.#recorder(recording);
    }
    const conflict = key === undefined ? undefined : this.#conflict(row, key);
    const button = (name: string, symbol: string, action: () => unknown) =>
      html`<button class="plain" aria-label=${name} title=${name} @click=${action}>
        ${icon(symbol)}
      </button>`;
    return html`<tr>
      <th scope="row" title=${title}>${title}</th>
      <td>
        ${key === undefined ? html`<span class="dim">${text('keys.none')}</span>` : html`<kbd>${keyName(key)}</kbd>`}
        ${isChanged ? html`<span class="dim">${text('keys.changed')}</span>` : nothing}
        ${conflict === undefined ? nothing : html`<span class="warn" title=${conflict} role="img" aria-label=${conflict}>${icon('warning')}</span>`}
      </td>
      <td class="actions">
        ${button(text('keys.change', { command: title }), 'edit', () =>
          this.#record({ row, key: undefined }),
        )}
        ${
          key === undefined
            ? nothing
            : button(text('keys.remove', { command: title }), 'trash', () =>
                this.#save(row, isGlobal ? undefined : ''),
              )
        }
        ${
          isChanged && !isGlobal
            ? button(text('keys.reset', { command: title }), 'discard', () =>
                this.#save(row, undefined),
              )
            : nothing
        }
      </td>
    </tr>`;
  }

  #recorder({ row, key }: Recording): TemplateResult {
    const fault = key === undefined ? undefined : this.#fault(key);
    const conflict = key === undefined ? undefined : this.#conflict(row, key);
    return html`<tr class="record">
      <th scope="row" title=${row.title}>${row.title}</th>
      <td colspan="2">
        <div>
          <input
            type="text"
            readonly
            aria-label=${text('keys.record', { command: row.title })}
            placeholder=${text('keys.recordHint')}
            .value=${key === undefined ? '' : keyName(key)}
            @keydown=${(event: KeyboardEvent) => this.#press(event)}
          />
          <button
            ?disabled=${key === undefined || fault !== undefined}
            @click=${() => key !== undefined && this.#save(row, key)}
          >
            ${text('keys.save')}
          </button>
          <button class="secondary" @click=${() => this.#record(undefined)}>
            ${text('keys.cancel')}
          </button>
        </div>
        <p class="invalid" role="alert">${fault ?? conflict ?? nothing}</p>
      </td>
    </tr>`;
  }

  #rows(): Row[] {
    const entries = this.#entries;
    const row = (id: string, title: string, initial: string | undefined): Row => {
      const key = keyOf(id, initial, entries);
      return { id, title, isGlobal: false, key, isChanged: key !== initial };
    };
    const extensions = model.app.extensions.commands;
    return [
      ...COMMANDS.map(({ id, key }) => row(id, titleOf(id), key)),
      ...extensions.map(({ id, title }) => row(`extension:${id}`, title, undefined)),
      ...GLOBAL_COMMANDS.map((id) => {
        const key = globalKeyOf(id, entries);
        return { id, title: titleOf(id), isGlobal: true, key, isChanged: key !== undefined };
      }),
    ];
  }

  #fits({ title, key }: Row): boolean {
    const wanted = this.wanted.trim().toLowerCase();
    return `${title} ${key === undefined ? '' : keyName(key)}`.toLowerCase().includes(wanted);
  }

  /** What is wrong with a key for any command. */
  #fault(key: string): string | undefined {
    const fault = keyFault(key);
    if (fault === undefined) return undefined;
    return fault === 'reserved'
      ? text('keys.reserved', { key: keyName(key) })
      : text('keys.modifier');
  }

  /** Which other commands have a key. */
  #conflict(row: Row, key: string): string | undefined {
    const others = this.#rows().filter(
      (other) => other.key === key && (other.id !== row.id || other.isGlobal !== row.isGlobal),
    );
    if (others.length === 0) return undefined;
    const commands = formatList(others.map(({ title }) => title));
    return text('keys.conflict', { key: keyName(key), commands });
  }

  #press(event: KeyboardEvent): void {
    const { recording } = this;
    const key = pressedKey(event);
    // Who leaves by the keyboard, or reads, is not kept.
    if (recording === undefined || key === 'Tab' || key === 'Shift+Tab') return;
    event.preventDefault();
    event.stopPropagation();
    if (key === 'Escape') this.#record(undefined);
    else if (key === 'Enter' && recording.key !== undefined) {
      if (this.#fault(recording.key) === undefined) void this.#save(recording.row, recording.key);
    } else if (key !== undefined) this.recording = { ...recording, key };
  }

  #record(recording: Recording | undefined): void {
    const wasRecording = this.recording !== undefined;
    this.recording = recording;
    // The menu's keys would be carried out, not recorded.
    if (wasRecording !== (recording !== undefined)) {
      void model.attempt(() => request('window.record', recording !== undefined));
    }
  }

  async #save(row: Row, key: string | undefined): Promise<void> {
    this.#record(undefined);
    await changeSetting('keys', (entries) => withKey(entries, row, key));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-keys': KeyPage;
  }
}
