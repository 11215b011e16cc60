import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { ConnectionRow, ConnectionState } from '../../main/ipc/contract.js';
import { request } from '../bridge.js';
import { addCommands, copy, run } from '../commands.js';
import { PageElement } from '../element.js';
import { count, words } from '../format.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import { explain } from '../reasons.js';
import { exportAs, toCsv, toJsonLines, toText } from './exports.js';
import { Follower, HEAD_HEIGHT, type Listing, ROW_HEIGHT } from './follower.js';
import { type Choices, logView } from './logview.js';
import { COLUMNS, type Column, ColumnWidths, STATES } from './rows.js';

const isLive = ({ duration }: ConnectionRow) => duration === undefined;

/** The live log: a table of the last 10,000 connections, of which only the visible rows exist. */
@customElement('pico-connections')
export class Connections extends PageElement {
  protected override readonly parts = ['traffic'] as const;
  readonly #rows = logView.rows;
  readonly #follower = new Follower();
  readonly #widths = new ColumnWidths();
  #ends: (() => void)[] = [];
  #shown: readonly ConnectionRow[] = [];
  #frame: number | undefined;
  /** What the chosen row was like when it was last spoken of. */
  #spoken = '';
  /** What a screen reader is to say. */
  #news = '';
  @query('.grid') accessor body!: HTMLElement | null;

  override connectedCallback(): void {
    super.connectedCallback();
    const watch = () => this.#watchIfWanted();
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
    if (this.#rows.isWatching) this.#rows.unwatch();
  }

  override render(): TemplateResult {
    this.#select();
    return html`<div class="page table-page">
      <h1 class="hidden">Connections</h1>
      ${this.#toolbar()} ${this.#table()} ${this.#details()}
      <p class="hidden" aria-live="polite">${this.#news}</p>
    </div>`;
  }

  override updated(_changed: PropertyValues): void {
    if (this.body !== null) this.#follower.settle(this.body);
  }

  get #choices(): Choices {
    return logView.choices;
  }

  #choose(choices: Partial<Choices>): void {
    logView.choose(choices);
    this.requestUpdate();
  }

  /** Rows of another kind or in another order: nothing of what was read stays where it was. */
  #chooseRows(choices: Partial<Choices>): void {
    this.#follower.forget();
    this.#choose(choices);
    this.#select();
    this.#news = this.#counts();
  }

  /** Follows the rows while somebody looks and nothing is paused. */
  #watchIfWanted(): void {
    const { pausedAt } = this.#choices;
    const isSeen = document.visibilityState === 'visible';
    // A page that was loaded again has no rows of what was paused: those of now are the best.
    if (isSeen && (pausedAt === undefined || this.#rows.size === 0)) {
      void model.attempt(async () => {
        await this.#rows.watch(() => this.#changed());
        if (this.#choices.pausedAt !== undefined) this.#rows.unwatch();
      });
    } else if (this.#rows.isWatching) this.#rows.unwatch();
  }

  #changed(): void {
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.requestUpdate();
    });
  }

  #select(): void {
    const { text, only, sort, descending, chosen } = this.#choices;
    this.#shown = this.#rows.select({ text, state: only, sort, descending }, this.#now);
    const row = chosen === undefined ? undefined : this.#rows.get(chosen);
    const spoken = row === undefined ? '' : `${row.destination || row.client}: ${stateOf(row)}`;
    if (spoken !== this.#spoken) this.#news = spoken;
    this.#spoken = spoken;
  }

  get #now(): number {
    return this.#choices.pausedAt ?? Date.now();
  }

  /** Only in the order of time there is a newest row to follow. */
  get #follows(): boolean {
    return this.#choices.follow && this.#choices.sort === 'time';
  }

  get #listing(): Listing {
    const { descending, sort } = this.#choices;
    return {
      ids: this.#shown.map(({ id }) => id),
      newestFirst: descending && sort === 'time',
      follows: this.#follows,
    };
  }

  #toolbar(): TemplateResult {
    const some = this.#shown.length > 0;
    const { text, only, pausedAt } = this.#choices;
    return html`<div class="toolbar" role="toolbar" aria-label="Connections">
      <input
        type="search"
        class="filter"
        aria-label="Filter connections"
        placeholder="Filter: client, user, destination, reason"
        .value=${text}
        @input=${(event: Event) =>
          this.#chooseRows({ text: (event.target as HTMLInputElement).value })}
      />
      <select
        aria-label="State"
        @change=${(event: Event) => {
          const { value } = event.target as HTMLSelectElement;
          this.#chooseRows({ only: value as ConnectionState | '' });
        }}
      >
        <option value="" .selected=${only === ''}>All states</option>
        ${STATES.map(
          (name) => html`<option value=${name} .selected=${name === only}>${words(name)}</option>`,
        )}
      </select>
      ${this.#toggle('Pause', 'debug-pause', pausedAt !== undefined, 'connections.pause')}
      ${this.#toggle('Follow', 'arrow-down', this.#follows, 'connections.follow')}
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
    const { start, end } = this.#follower.slice(this.#listing, this.body);
    const visible = rows.slice(start, end).map((row, i) => [row, start + i] as const);
    const { font } = getComputedStyle(this.body ?? this);
    for (const [row] of visible) {
      for (const column of COLUMNS) this.#widths.see(column, column.text(row, now), font);
    }
    const { template } = this.#widths;
    const isDrawn = visible.some(([{ id }]) => id === this.#choices.chosen);
    return html`<div
      class="grid"
      role="grid"
      tabindex="0"
      aria-label="Connections"
      aria-rowcount=${rows.length + 1}
      aria-colcount=${COLUMNS.length}
      aria-activedescendant=${isDrawn ? `connection-${this.#choices.chosen}` : nothing}
      @scroll=${this.#scroll}
      @keydown=${this.#press}
    >
      <div role="rowgroup" class="head" .style=${`height: ${HEAD_HEIGHT}px`}>
        <div role="row" aria-rowindex="1" .style=${`grid-template-columns: ${template}`}>
          ${COLUMNS.map((column) => this.#header(column))}
        </div>
      </div>
      <div role="rowgroup" class="spacer" .style=${`height: ${rows.length * ROW_HEIGHT}px`}>
        ${repeat(
          visible,
          ([{ id }]) => id,
          ([row, i]) => this.#row(row, i, now, template),
        )}
      </div>
      ${rows.length === 0 ? this.#empty() : nothing}
    </div>`;
  }

  #header({ key, title, number }: Column): TemplateResult {
    const { sort, descending } = this.#choices;
    const isSorted = sort === key;
    const direction = descending ? 'descending' : 'ascending';
    const choose = () =>
      this.#chooseRows({ descending: isSorted ? !descending : number === true, sort: key });
    return html`<div
      role="columnheader"
      class=${number ? 'number' : ''}
      aria-sort=${isSorted ? direction : 'none'}
    >
      <button class="plain" @click=${choose}>
        ${title}${isSorted ? icon(descending ? 'chevron-down' : 'chevron-up') : nothing}
      </button>
    </div>`;
  }

  #row(row: ConnectionRow, i: number, now: number, template: string): TemplateResult {
    return html`<div
      role="row"
      id="connection-${row.id}"
      class="row ${row.state}"
      aria-rowindex=${i + 2}
      aria-selected=${row.id === this.#choices.chosen}
      .style=${`grid-template-columns: ${template}; transform: translateY(${i * ROW_HEIGHT}px)`}
      @click=${() => this.#read(row.id)}
    >
      ${COLUMNS.map((column) => this.#cell(column, column.text(row, now)))}
    </div>`;
  }

  #cell({ key, number }: Column, text: string): TemplateResult {
    return html`<span role="gridcell" class="${key} ${number ? 'number' : ''}" title=${text}
      >${text}</span
    >`;
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
    const { chosen } = this.#choices;
    const row = chosen === undefined ? undefined : this.#rows.get(chosen);
    if (row === undefined) return nothing;
    const close = () => {
      this.#choose({ chosen: undefined });
      this.body?.focus();
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

  /** Who scrolls back wants to read: following ends until the newest row is in view again. */
  #scroll(): void {
    if (this.body === null) return;
    const follow = this.#follower.scrolled(this.#listing, this.body);
    if (follow === undefined || follow === this.#choices.follow) this.requestUpdate();
    else this.#choose({ follow });
  }

  /** Shows the details of a row, which then does not scroll away. */
  #read(id: number): void {
    if (this.body !== null) this.#follower.hold(this.#listing.ids, this.body);
    this.#choose({ chosen: id, follow: false });
  }

  #press(event: KeyboardEvent): void {
    const rows = this.#shown;
    const at = rows.findIndex(({ id }) => id === this.#choices.chosen);
    const page = Math.max(
      1,
      Math.floor(((this.body?.clientHeight ?? 0) - HEAD_HEIGHT) / ROW_HEIGHT) - 1,
    );
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
      this.#goTo(Math.max(0, Math.min(target, rows.length - 1)));
    } else if (event.key === 'Delete') run('connections.disconnect');
    else if (event.key === 'Escape') this.#choose({ chosen: undefined });
  }

  #goTo(i: number): void {
    const row = this.#shown[i];
    if (row === undefined || this.body === null) return;
    this.#read(row.id);
    const { scrollTop, clientHeight } = this.body;
    const [top, height] = [i * ROW_HEIGHT, clientHeight - HEAD_HEIGHT];
    if (top < scrollTop) this.body.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + height) {
      this.body.scrollTop = top + ROW_HEIGHT - height;
    }
    this.#follower.hold(this.#listing.ids, this.body);
  }

  #commands() {
    const some = () => this.#shown.length > 0;
    const chosen = () => {
      const { chosen: id } = this.#choices;
      return id === undefined ? undefined : this.#rows.get(id);
    };
    return [
      {
        id: 'connections.pause',
        title: 'Connections: Pause or go on',
        run: () => {
          const isPaused = this.#choices.pausedAt !== undefined;
          this.#choose({ pausedAt: isPaused ? undefined : Date.now() });
          this.#watchIfWanted();
        },
      },
      {
        id: 'connections.follow',
        title: 'Connections: Follow the newest',
        run: () => {
          if (this.#follows && this.body !== null) {
            this.#follower.hold(this.#listing.ids, this.body);
          }
          this.#choose(this.#follows ? { follow: false } : { follow: true, sort: 'time' });
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
        run: () => copy(toText(this.#shown, this.#now), count(this.#shown.length, 'row')),
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

/** What a row has come to, as it is spoken. */
function stateOf({ state, reason, detail }: ConnectionRow): string {
  const why = explain(reason, detail);
  return why === '' ? words(state) : `${words(state)}, ${why}`;
}
