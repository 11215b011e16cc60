import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { ConnectionRow, ConnectionState } from '../../main/contract.js';
import { request } from '../bridge.js';
import { addCommands, copy, run } from '../commands.js';
import { PageElement } from '../element.js';
import { count } from '../format.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import { COLUMNS, type Column, Rows, STATES, toCsv, toJsonLines } from './rows.js';

/** The height of a row, px: with one height for all, what is visible is a matter of division. */
const ROW_HEIGHT = 24;
/** How many rows beyond the visible ones are drawn on each side. */
const OVERSCAN = 8;

const TEMPLATE = COLUMNS.map(({ width }) => width).join(' ');

const isLive = ({ state }: ConnectionRow) => state !== 'closed' && state !== 'refused';

/** The live log: a table of the last 10,000 connections, of which only the visible rows exist. */
@customElement('pico-connections')
export class Connections extends PageElement {
  protected override readonly parts = ['traffic'] as const;
  readonly #rows = new Rows();
  #ends: (() => void)[] = [];
  #shown: readonly ConnectionRow[] = [];
  #frame: number | undefined;
  @state() accessor text = '';
  @state() accessor only: ConnectionState | '' = '';
  @state() accessor sort: keyof ConnectionRow = 'time';
  @state() accessor descending = false;
  /** Since when nothing changes, ms since 1970. */
  @state() accessor pausedAt: number | undefined;
  /** Whether the newest row is kept in view. */
  @state() accessor follow = true;
  @state() accessor chosen: number | undefined;
  @query('.rows') accessor body!: HTMLElement;

  override connectedCallback(): void {
    super.connectedCallback();
    const watch = () => this.#setWatching(document.visibilityState === 'visible');
    document.addEventListener('visibilitychange', watch);
    watch();
    const resize = new ResizeObserver(() => this.requestUpdate());
    resize.observe(this);
    this.#ends = [
      () => document.removeEventListener('visibilitychange', watch),
      () => resize.disconnect(),
      addCommands(this.#commands()),
    ];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.#ends) end();
    this.#setWatching(false);
  }

  override render(): TemplateResult {
    this.#select();
    return html`<div class="page table-page">
      <h1 class="hidden">Connections</h1>
      ${this.#toolbar()} ${this.#table()} ${this.#details()}
    </div>`;
  }

  override updated(_changed: PropertyValues): void {
    if (this.follow && this.body !== null) {
      this.body.scrollTop = this.descending ? 0 : this.body.scrollHeight;
    }
  }

  #setWatching(watching: boolean): void {
    if (watching && this.pausedAt === undefined)
      void model.attempt(() => this.#rows.watch(() => this.#changed()));
    else this.#rows.unwatch();
  }

  #changed(): void {
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.requestUpdate();
    });
  }

  #select(): void {
    const { text, only, sort, descending } = this;
    this.#shown = this.#rows.select({ text, state: only, sort, descending }, this.#now);
  }

  get #now(): number {
    return this.pausedAt ?? Date.now();
  }

  #toolbar(): TemplateResult {
    const some = this.#shown.length > 0;
    return html`<div class="toolbar" role="toolbar" aria-label="Connections">
      <input
        type="search"
        class="filter"
        aria-label="Filter connections"
        placeholder="Filter: client, user, destination, reason"
        .value=${this.text}
        @input=${(event: Event) => {
          this.text = (event.target as HTMLInputElement).value;
        }}
      />
      <select
        aria-label="State"
        @change=${(event: Event) => {
          this.only = (event.target as HTMLSelectElement).value as ConnectionState | '';
        }}
      >
        <option value="">All states</option>
        ${STATES.map((name) => html`<option value=${name}>${name}</option>`)}
      </select>
      ${this.#toggle('Pause', 'debug-pause', this.pausedAt !== undefined, 'connections.pause')}
      ${this.#toggle('Follow', 'arrow-down', this.follow, 'connections.follow')}
      <button class="plain" title="Clear" aria-label="Clear" @click=${() => run('connections.clear')}>
        ${icon('clear-all')}
      </button>
      <button
        class="plain"
        title="Copy as text"
        aria-label="Copy"
        ?disabled=${!some}
        @click=${() => run('connections.copy')}
      >
        ${icon('copy')}
      </button>
      <button class="secondary" ?disabled=${!some} @click=${() => run('connections.csv')}>
        Export CSV
      </button>
      <button class="secondary" ?disabled=${!some} @click=${() => run('connections.jsonl')}>
        Export JSON
      </button>
      <span class="dim counts">${this.#counts()}</span>
    </div>`;
  }

  #toggle(name: string, symbol: string, pressed: boolean, command: string): TemplateResult {
    return html`<button
      class="plain"
      title=${name}
      aria-label=${name}
      aria-pressed=${pressed}
      @click=${() => run(command)}
    >
      ${icon(symbol)}
    </button>`;
  }

  #counts(): string {
    const [shown, all] = [this.#shown.length, this.#rows.size];
    return shown === all ? count(all, 'row') : `${shown} of ${count(all, 'row')}`;
  }

  #table(): TemplateResult {
    const rows = this.#shown;
    const now = this.#now;
    const top = this.follow ? Number.MAX_SAFE_INTEGER : (this.body?.scrollTop ?? 0);
    const height = this.body?.clientHeight ?? 600;
    const last = Math.max(0, rows.length * ROW_HEIGHT - height);
    const from = this.follow && this.descending ? 0 : Math.min(top, last);
    const start = Math.max(0, Math.floor(from / ROW_HEIGHT) - OVERSCAN);
    const end = Math.min(rows.length, Math.ceil((from + height) / ROW_HEIGHT) + OVERSCAN);
    const visible = rows.slice(start, end).map((row, i) => [row, start + i] as const);
    return html`<div
      class="grid"
      role="table"
      aria-label="Connections"
      aria-rowcount=${rows.length + 1}
      aria-colcount=${COLUMNS.length}
    >
      <div role="rowgroup" class="head">
        <div role="row" aria-rowindex="1" .style=${`grid-template-columns: ${TEMPLATE}`}>
          ${COLUMNS.map((column) => this.#header(column))}
        </div>
      </div>
      <div
        class="rows"
        role="rowgroup"
        tabindex="0"
        aria-label="Rows"
        @scroll=${this.#scroll}
        @wheel=${this.#wheel}
        @keydown=${this.#press}
      >
        <div class="spacer" role="presentation" .style=${`height: ${rows.length * ROW_HEIGHT}px`}>
          ${visible.map(([row, i]) => this.#row(row, i, now))}
        </div>
        ${rows.length === 0 ? this.#empty() : nothing}
      </div>
    </div>`;
  }

  #header({ key, title, number }: Column): TemplateResult {
    const isSorted = this.sort === key;
    const direction = this.descending ? 'descending' : 'ascending';
    const choose = () => {
      this.descending = isSorted ? !this.descending : number === true;
      this.sort = key;
    };
    return html`<div
      role="columnheader"
      class=${number ? 'number' : ''}
      aria-sort=${isSorted ? direction : 'none'}
    >
      <button class="plain" @click=${choose}>
        ${title}${isSorted ? icon(this.descending ? 'chevron-down' : 'chevron-up') : nothing}
      </button>
    </div>`;
  }

  #row(row: ConnectionRow, i: number, now: number): TemplateResult {
    return html`<div
      role="row"
      class="row ${row.state}"
      aria-rowindex=${i + 2}
      aria-current=${row.id === this.chosen ? 'true' : 'false'}
      .style=${`grid-template-columns: ${TEMPLATE}; transform: translateY(${i * ROW_HEIGHT}px)`}
      @click=${() => {
        this.chosen = row.id;
      }}
    >
      ${COLUMNS.map(
        ({ text, number }) =>
          html`<span role="cell" class=${number ? 'number' : ''}>${text(row, now)}</span>`,
      )}
    </div>`;
  }

  #empty(): TemplateResult {
    const isFiltered = this.#rows.size > 0;
    return html`<p class="empty">
      ${
        isFiltered
          ? 'No connection fits the filter.'
          : 'Nothing yet: connections appear here as soon as programs use the proxy.'
      }
    </p>`;
  }

  #details(): TemplateResult | typeof nothing {
    const row = this.chosen === undefined ? undefined : this.#rows.get(this.chosen);
    if (row === undefined) return nothing;
    const close = () => {
      this.chosen = undefined;
    };
    return html`<aside class="details" aria-label="Details">
      <header>
        <h2>Connection ${row.id}</h2>
        <button class="secondary" ?disabled=${!isLive(row)} @click=${() => run('connections.disconnect')}>
          Disconnect
        </button>
        <button class="plain" aria-label="Copy details" title="Copy" @click=${() => copy(toJsonLines([row]), 'Details')}>
          ${icon('copy')}
        </button>
        <button class="plain" aria-label="Close details" title="Close" @click=${close}>
          ${icon('close')}
        </button>
      </header>
      <dl>
        ${COLUMNS.map((column) => this.#detail(column.title, column.text(row, this.#now)))}
        ${this.#detail('Group', row.group)} ${this.#detail('Method', row.method)}
        ${this.#detail('Dialled', row.remote)}
      </dl>
    </aside>`;
  }

  #detail(name: string, value: string): TemplateResult | typeof nothing {
    if (value === '') return nothing;
    return html`<div>
      <dt>${name}</dt>
      <dd>${value}</dd>
    </div>`;
  }

  #scroll(): void {
    if (!this.follow) this.requestUpdate();
  }

  /** Who scrolls back wants to read: following ends, until the user asks for it again. */
  #wheel({ deltaY }: WheelEvent): void {
    if (this.descending ? deltaY > 0 : deltaY < 0) this.follow = false;
  }

  #press(event: KeyboardEvent): void {
    const rows = this.#shown;
    const at = rows.findIndex(({ id }) => id === this.chosen);
    const page = Math.max(1, Math.floor(this.body.clientHeight / ROW_HEIGHT) - 1);
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? rows.length - 1 : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    };
    const target = targets[event.key];
    if (target !== undefined) {
      event.preventDefault();
      this.#choose(Math.max(0, Math.min(target, rows.length - 1)));
    } else if (event.key === 'Delete') run('connections.disconnect');
    else if (event.key === 'Escape') this.chosen = undefined;
  }

  #choose(i: number): void {
    const row = this.#shown[i];
    if (row === undefined) return;
    this.chosen = row.id;
    this.follow = false;
    const { scrollTop, clientHeight } = this.body;
    const top = i * ROW_HEIGHT;
    if (top < scrollTop) this.body.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) {
      this.body.scrollTop = top + ROW_HEIGHT - clientHeight;
    }
  }

  #commands() {
    const some = () => this.#shown.length > 0;
    const chosen = () => (this.chosen === undefined ? undefined : this.#rows.get(this.chosen));
    return [
      {
        id: 'connections.pause',
        title: 'Connections: Pause or go on',
        run: () => {
          this.pausedAt = this.pausedAt === undefined ? Date.now() : undefined;
          this.#setWatching(true);
        },
      },
      {
        id: 'connections.follow',
        title: 'Connections: Follow the newest',
        run: () => {
          this.follow = !this.follow;
        },
      },
      {
        id: 'connections.clear',
        title: 'Connections: Clear those that are over',
        run: () => model.attempt(() => request('connections.clear')),
      },
      {
        id: 'connections.copy',
        title: 'Connections: Copy as text',
        enabled: some,
        run: () => copy(toText(this.#shown), count(this.#shown.length, 'row')),
      },
      {
        id: 'connections.csv',
        title: 'Connections: Export as CSV',
        enabled: some,
        run: () => exportAs('connections.csv', toCsv(this.#shown)),
      },
      {
        id: 'connections.jsonl',
        title: 'Connections: Export as JSON Lines',
        enabled: some,
        run: () => exportAs('connections.jsonl', toJsonLines(this.#shown)),
      },
      {
        id: 'connections.disconnect',
        title: 'Connections: Disconnect the chosen one',
        enabled: () => {
          const row = chosen();
          return row !== undefined && isLive(row);
        },
        run: () => model.attempt(() => request('connections.disconnect', [chosen()?.id ?? 0])),
      },
    ];
  }
}

function toText(rows: readonly ConnectionRow[]): string {
  const now = Date.now();
  const lines = rows.map((row) => COLUMNS.map(({ text }) => text(row, now)).join('\t'));
  return [COLUMNS.map(({ title }) => title).join('\t'), ...lines].join('\n');
}

function exportAs(name: string, content: string): Promise<boolean> {
  return model.attempt(async () => {
    if (await request('app.export', { name, content })) {
      model.notify({ severity: 'info', message: `The connections were written to ${name}.` });
    }
  });
}
