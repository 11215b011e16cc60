import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import type { ConnectionRow, ConnectionState } from '../../main/ipc/contract.js';
import { copy } from '../actions.js';
import { request } from '../bridge.js';
import { type Handler, provide, run } from '../commands.js';
import { PageElement } from '../element.js';
import { count, words } from '../format.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import { explain } from '../reasons.js';
import type { TableContent, VirtualTable } from '../table/virtualtable.js';
import { registerView } from '../viewregistry.js';
import { openMenu } from '../workbench/menu.js';
import '../table/virtualtable.js';
import { text } from '../../main/words/words.js';
import { connectionDetails } from './connectiondetails.js';
import { exportAs, toCsv, toJsonLines, toText } from './exports.js';
import { type Choices, logView } from './logview.js';
import { denyDestination, hasDestination, routeDestination } from './routing.js';
import { columnsOf, isLive, STATES } from './rows.js';

const HEIGHTS = { row: 24, head: 28 };

/** The live log: a table of the last 10,000 connections. */
@customElement('pico-connections')
export class Connections extends PageElement {
  protected override readonly parts = ['traffic'] as const;
  readonly #rows = logView.rows;
  #ends: (() => void)[] = [];
  #shown: readonly ConnectionRow[] = [];
  /** Whether other rows may have to be shown than those that are. */
  #isStale = true;
  #frame: number | undefined;
  /** What the chosen row was like when it was last spoken of. */
  #spoken = '';
  /** What a screen reader is to say. */
  #news = '';
  @query('pico-table') accessor table!: VirtualTable | null;

  override connectedCallback(): void {
    super.connectedCallback();
    const watch = () => this.#watchIfWanted();
    document.addEventListener('visibilitychange', watch);
    watch();
    this.#ends = [
      () => document.removeEventListener('visibilitychange', watch),
      provide({
        'connections.pause': { run: () => this.#pause() },
        'connections.follow': { run: () => this.#toggleFollowing() },
        'connections.clear': { run: () => model.attempt(() => request('connections.clear')) },
        'connections.copy': this.#withRows((rows) =>
          copy(toText(rows, this.#now), count(rows.length, 'row')),
        ),
        'connections.csv': this.#withRows((rows) => exportAs('connections.csv', toCsv(rows))),
        'connections.jsonl': this.#withRows((rows) =>
          exportAs('connections.jsonl', toJsonLines(rows)),
        ),
        'connections.route': this.#withDestination(routeDestination),
        'connections.deny': this.#withDestination(denyDestination),
        'connections.disconnect': {
          enabled: () => this.#chosen !== undefined && isLive(this.#chosen),
          run: () =>
            model.attempt(() => request('connections.disconnect', [this.#chosen?.id ?? 0])),
        },
      }),
    ];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.#ends) end();
    if (this.#rows.isWatching) this.#rows.unwatch();
  }

  protected override willUpdate(): void {
    // How long connections last changes all the time, and so their order does.
    if (this.#isStale || this.#choices.sort === 'duration') this.#select();
  }

  override render(): TemplateResult {
    const row = this.#chosen;
    return html`<div class="page table-page">
      <h1 class="hidden">Connections</h1>
      ${this.#toolbar()}
      <pico-table .content=${this.#content()}></pico-table>
      ${row === undefined ? nothing : connectionDetails(row, this.#now, () => this.#close())}
      <p class="hidden" aria-live="polite">${this.#news}</p>
    </div>`;
  }

  get #choices(): Choices {
    return logView.choices;
  }

  #choose(choices: Partial<Choices>): void {
    logView.choose(choices);
    this.#isStale = true;
    this.requestUpdate();
  }

  /** Rows of another kind or in another order: nothing of what was read stays where it was. */
  #chooseRows(choices: Partial<Choices>): void {
    this.table?.forget();
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
    this.#isStale = true;
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.requestUpdate();
    });
  }

  #select(): void {
    this.#isStale = false;
    const { text, only, sort, descending } = this.#choices;
    this.#shown = this.#rows.select({ text, state: only, sort, descending }, this.#now);
    const row = this.#chosen;
    const spoken = row === undefined ? '' : `${row.destination || row.client}: ${stateOf(row)}`;
    if (spoken !== this.#spoken) this.#news = spoken;
    this.#spoken = spoken;
  }

  /** The present instant, or that since which nothing changes. */
  get #now(): number {
    return this.#choices.pausedAt ?? model.instant;
  }

  /** Only in the order of time there is a newest row to follow. */
  get #follows(): boolean {
    return this.#choices.follow && this.#choices.sort === 'time';
  }

  /** The row whose details are shown. */
  get #chosen(): ConnectionRow | undefined {
    const { chosen } = this.#choices;
    return chosen === undefined ? undefined : this.#rows.get(chosen);
  }

  #content(): TableContent<ConnectionRow> {
    const { sort, descending, chosen } = this.#choices;
    return {
      label: 'Connections',
      columns: columnsOf(this.#shown),
      rows: this.#shown,
      heights: HEIGHTS,
      order: { key: sort, descending },
      newestFirst: descending && sort === 'time',
      follows: this.#follows,
      chosen,
      now: this.#now,
      empty:
        this.#rows.size > 0
          ? 'No connection fits the filter.'
          : 'Nothing yet: connections appear here as soon as programs use the proxy.',
      rowClass: ({ state }) => state,
      choose: (id) => this.#choose({ chosen: id, follow: false }),
      sort: ({ key, number }) =>
        this.#chooseRows({
          sort: key as keyof ConnectionRow,
          descending: key === sort ? !descending : number === true,
        }),
      follow: (follow) => this.#choose({ follow }),
      menu: (x, y) => this.#openMenu(x, y),
      press: ({ key }) => {
        if (key === 'Delete') run('connections.disconnect');
        else if (key === 'Escape') this.#choose({ chosen: undefined });
      },
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
      ${toggle('Pause', 'debug-pause', pausedAt !== undefined, 'connections.pause')}
      ${toggle('Follow', 'arrow-down', this.#follows, 'connections.follow')}
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

  #counts(): string {
    const [shown, all] = [this.#shown.length, this.#rows.size];
    return shown === all ? count(all, 'row') : `${shown} of ${count(all, 'row')}`;
  }

  #close(): void {
    this.#choose({ chosen: undefined });
    this.table?.focus();
  }

  #pause(): void {
    const isPaused = this.#choices.pausedAt !== undefined;
    this.#choose({ pausedAt: isPaused ? undefined : model.instant });
    this.#watchIfWanted();
  }

  #toggleFollowing(): void {
    if (this.#follows) this.table?.hold();
    this.#choose(this.#follows ? { follow: false } : { follow: true, sort: 'time' });
  }

  /** What can be done about the chosen row. */
  #openMenu(x: number, y: number): void {
    const row = this.#chosen;
    if (row === undefined) return;
    const places = hasDestination(row);
    openMenu(
      `Connection ${row.id}`,
      [
        {
          label: 'Route this destination …',
          enabled: places,
          run: () => run('connections.route'),
        },
        { label: 'Deny this destination', enabled: places, run: () => run('connections.deny') },
        { label: 'Copy details', enabled: true, run: () => copy(toJsonLines([row]), 'Details') },
        { label: 'Disconnect', enabled: isLive(row), run: () => run('connections.disconnect') },
      ],
      x,
      y,
    );
  }

  /** A command that does something with the destination of the chosen row. */
  #withDestination(action: (row: ConnectionRow) => unknown): Handler {
    return {
      enabled: () => this.#chosen !== undefined && hasDestination(this.#chosen),
      run: () => this.#chosen && action(this.#chosen),
    };
  }

  /** A command that does something with the rows that are shown, if there are any. */
  #withRows(action: (rows: readonly ConnectionRow[]) => unknown): Handler {
    return { enabled: () => this.#shown.length > 0, run: () => action(this.#shown) };
  }
}

function toggle(
  name: string,
  symbol: string,
  pressed: boolean,
  command: 'connections.pause' | 'connections.follow',
): TemplateResult {
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

/** What a row has come to, as it is spoken. */
function stateOf({ state, reason, detail, diagnosis }: ConnectionRow): string {
  const why = explain(reason, detail, diagnosis);
  return why === '' ? words(state) : `${words(state)}, ${why}`;
}

registerView({
  id: 'connections',
  title: () => text('views.connections'),
  icon: 'list-flat',
  order: 2,
  tag: 'pico-connections',
});

declare global {
  interface HTMLElementTagNameMap {
    'pico-connections': Connections;
  }
  interface PicoViews {
    connections: Connections;
  }
}
