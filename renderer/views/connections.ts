import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import type { ConnectionRow } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { copy } from '../actions.js';
import { request } from '../bridge.js';
import { type Handler, provide, run } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import { explain } from '../reasons.js';
import { isSection, type Section } from '../table/section.js';
import type { Choice, TableContent, VirtualTable } from '../table/virtualtable.js';
import { registerView } from '../viewregistry.js';
import { openMenu } from '../workbench/menu.js';
import { ask } from '../workbench/question.js';
import '../table/virtualtable.js';
import './top.js';
import { type ConnectionColumn, shownColumns, stateText } from './connectioncolumns.js';
import { connectionDetails } from './connectiondetails.js';
import { type Filter, isLive, parseFilter } from './connectionfilter.js';
import { type Group, groupRows, linesOf } from './connectiongroups.js';
import { columnItems, rowItems } from './connectionmenus.js';
import { connectionTabs, connectionToolbar } from './connectiontoolbar.js';
import { exportAs, toCsv, toJsonLines, toText } from './exports.js';
import { type Choices, logView } from './logview.js';
import { denyDestination, hasDestination, routeDestination } from './routing.js';

const HEIGHTS = { row: 24, head: 28 };

/** The live log: a table of the last 10,000 connections, and what all of them come to. */
@customElement('pico-connections')
export class Connections extends PageElement {
  protected override readonly parts = ['traffic'] as const;
  readonly #rows = logView.rows;
  #ends: (() => void)[] = [];
  #shown: readonly ConnectionRow[] = [];
  /** What the table has: the rows, and the groups that they are put into. */
  #lines: readonly (ConnectionRow | Group)[] = [];
  #columns: readonly ConnectionColumn[] = [];
  #filter: Filter = parseFilter(logView.choices.text);
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
    const copied = (event: ClipboardEvent) => this.#copied(event);
    document.addEventListener('visibilitychange', watch);
    document.addEventListener('copy', copied);
    watch();
    this.#ends = [
      () => document.removeEventListener('visibilitychange', watch),
      () => document.removeEventListener('copy', copied),
      provide({
        'connections.pause': { run: () => this.#pause() },
        'connections.follow': { run: () => this.#toggleFollowing() },
        'connections.find': { run: () => this.#find() },
        'connections.clear': { run: () => model.attempt(() => request('connections.clear')) },
        'connections.copy': this.#withRows(() => this.#copy(this.#marked)),
        'connections.csv': this.#withRows((rows) => exportAs('connections.csv', toCsv(rows))),
        'connections.jsonl': this.#withRows((rows) =>
          exportAs('connections.jsonl', toJsonLines(rows)),
        ),
        'connections.route': this.#withDestination(routeDestination),
        'connections.deny': this.#withDestination(denyDestination),
        'connections.disconnect': {
          enabled: () => this.#marked.some(isLive),
          run: () => this.#disconnect(this.#marked.filter(isLive)),
        },
        'connections.disconnect-all': {
          enabled: () => this.#shown.some(isLive),
          run: () => this.#disconnectAll(),
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
    // Their titles are in the language that is in force now.
    this.#columns = shownColumns(logView.columns);
  }

  override render(): TemplateResult {
    const { tab, others } = this.#choices;
    const row = others.length > 1 ? undefined : this.#chosen;
    return html`<div class="page table-page">
      <h1 class="hidden">${text('connections.title')}</h1>
      ${connectionTabs(tab, tab === 'log' ? this.#counts() : '', (chosen) => this.#choose({ tab: chosen }))}
      ${
        tab === 'top'
          ? html`<pico-top
            .show=${(term: string) => this.#chooseRows({ tab: 'log', text: term, only: '' })}
          ></pico-top>`
          : this.#log()
      }
      ${
        row === undefined || tab === 'top'
          ? nothing
          : connectionDetails(row, this.#now, () => this.#close())
      }
      <p class="hidden" aria-live="polite">${this.#news}</p>
    </div>`;
  }

  override async firstUpdated(): Promise<void> {
    const { chosen, follow } = this.#choices;
    await this.table?.updateComplete;
    if (chosen !== undefined && !follow) this.table?.bring(chosen);
  }

  #log(): TemplateResult {
    return html`${connectionToolbar({
      choices: this.#choices,
      mistake: this.#filter.mistake,
      follows: this.#follows,
      hasRows: this.#shown.length > 0,
      // Those that are open are the newest ones, mostly.
      hasLive: this.#shown.findLast(isLive) !== undefined,
      choose: (choices) => this.#chooseRows(choices),
      chooseColumns: (x, y) => this.#openColumns(x, y),
      toTable: () => this.table?.focus(),
    })}
      <div class="table-frame">
        <pico-table .content=${this.#content()}></pico-table>
        ${this.#jump()}
      </div>`;
  }

  /** The way back to the newest row, for who has left it to read. */
  #jump(): TemplateResult | typeof nothing {
    const { sort, groupBy, seen } = this.#choices;
    const isAway = !this.#follows && sort === 'time' && groupBy === '';
    if (!isAway || this.#shown.length === 0) return nothing;
    const added = this.#shown.filter(({ id }) => id > seen).length;
    return html`<button
      class="jump ${this.#choices.descending ? 'up' : ''}"
      @click=${() => this.#choose({ follow: true })}
    >
      ${icon(this.#choices.descending ? 'arrow-up' : 'arrow-down')} ${text('connections.jump')}
      ${added === 0 ? nothing : html`<span class="badge" aria-hidden="true">${added}</span>`}
    </button>`;
  }

  get #choices(): Choices {
    return logView.choices;
  }

  #choose(choices: Partial<Choices>): void {
    const leaves = choices.follow === false && this.#choices.follow;
    logView.choose(leaves ? { ...choices, seen: this.#rows.newest } : choices);
    this.#isStale = true;
    this.requestUpdate();
  }

  /** Rows of another kind or in another order: nothing of what was read stays where it was. */
  #chooseRows(choices: Partial<Choices>): void {
    this.table?.forget();
    this.#choose(choices);
    this.#filter = parseFilter(this.#choices.text);
    this.#select();
    this.#news = this.#filter.mistake ?? this.#counts();
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
    const { only, sort, descending, groupBy, closed } = this.#choices;
    const selection = { filter: this.#filter, state: only, sort, descending };
    this.#shown = this.#rows.select(selection, this.#now);
    this.#lines =
      groupBy === '' ? this.#shown : linesOf(groupRows(this.#shown, groupBy, new Set(closed)));
    const row = this.#chosen;
    const spoken = row === undefined ? '' : `${row.destination || row.client}: ${whatCameOf(row)}`;
    if (spoken !== this.#spoken) this.#news = spoken;
    this.#spoken = spoken;
  }

  /** The present instant, or that since which nothing changes. */
  get #now(): number {
    return this.#choices.pausedAt ?? model.instant;
  }

  /** Only in the order of time there is a newest row to follow. */
  get #follows(): boolean {
    const { follow, sort, groupBy } = this.#choices;
    return follow && sort === 'time' && groupBy === '';
  }

  /** The row whose details are shown. */
  get #chosen(): ConnectionRow | undefined {
    const { chosen } = this.#choices;
    return chosen === undefined ? undefined : this.#rows.get(chosen);
  }

  /** All rows that are chosen, in their order; those of a group, where that is. */
  get #marked(): readonly ConnectionRow[] {
    const { others } = this.#choices;
    if (others.length === 0) return [];
    const wanted = new Set(others);
    const marked = new Set<ConnectionRow>();
    for (const line of this.#lines) {
      if (!wanted.has(line.id)) continue;
      for (const row of isSection(line) ? (line as Group).rows : [line]) marked.add(row);
    }
    return [...marked];
  }

  #content(): TableContent<ConnectionRow> {
    const { sort, descending, chosen, others, groupBy } = this.#choices;
    return {
      label: text('connections.title'),
      columns: this.#columns,
      rows: this.#lines,
      heights: HEIGHTS,
      order: { key: sort, descending },
      newestFirst: descending && sort === 'time',
      follows: this.#follows,
      chosen,
      selected: new Set(others),
      now: this.#now,
      empty: text(this.#rows.size > 0 ? 'connections.noneFit' : 'connections.none'),
      rowClass: ({ state }) => state,
      choose: (id, choice) => this.#mark(id, choice),
      ...(groupBy !== '' && { toggle: (section) => this.#toggleGroup(section) }),
      sort: ({ key, number }) =>
        this.#chooseRows({
          sort: key as keyof ConnectionRow,
          descending: key === sort ? !descending : number === true,
        }),
      follow: (follow) => this.#choose({ follow }),
      menu: (x, y) => this.#openMenu(x, y),
      columnMenu: (x, y) => this.#openColumns(x, y),
      press: (event) => this.#press(event),
    };
  }

  #press(event: KeyboardEvent): void {
    const { key, ctrlKey, metaKey } = event;
    if (key === 'Delete') run('connections.disconnect');
    else if (key === 'Escape') this.#choose({ chosen: undefined, others: [] });
    else if (key.toLowerCase() === 'a' && (ctrlKey || metaKey)) {
      event.preventDefault();
      this.#choose({ others: this.#lines.map(({ id }) => id), follow: false });
      this.#news = text('connections.rowsChosen', { count: this.#lines.length });
    }
  }

  #mark(id: number, choice: Choice): void {
    const { others, anchor } = this.#choices;
    const from = this.#lines.findIndex((line) => line.id === (anchor ?? id));
    if (choice === 'range' && from >= 0) {
      const to = this.#lines.findIndex((line) => line.id === id);
      const range = this.#lines.slice(Math.min(from, to), Math.max(from, to) + 1);
      this.#choose({ chosen: id, others: range.map((line) => line.id), follow: false });
      this.#news = text('connections.rowsChosen', { count: range.length });
    } else if (choice === 'toggle') {
      const left = others.filter((other) => other !== id);
      const now = left.length < others.length ? left : [...others, id];
      this.#choose({ chosen: id, others: now, anchor: id, follow: false });
      this.#news = text('connections.rowsChosen', { count: now.length });
    } else this.#choose({ chosen: id, others: [id], anchor: id, follow: false });
  }

  #toggleGroup(section: Section): void {
    const name = (section as Group).name;
    const { closed } = this.#choices;
    const isClosed = closed.includes(name);
    this.#choose({ closed: isClosed ? closed.filter((one) => one !== name) : [...closed, name] });
  }

  #counts(): string {
    const [shown, all] = [this.#shown.length, this.#rows.size];
    return shown === all
      ? text('connections.rows', { count: all })
      : text('connections.someRows', { shown, count: all });
  }

  #close(): void {
    this.#choose({ chosen: undefined, others: [] });
    this.table?.focus();
  }

  #pause(): void {
    const isPaused = this.#choices.pausedAt !== undefined;
    this.#choose({ pausedAt: isPaused ? undefined : model.instant });
    this.#watchIfWanted();
  }

  #toggleFollowing(): void {
    if (this.#follows) this.table?.hold();
    this.#choose(this.#follows ? { follow: false } : { follow: true, sort: 'time', groupBy: '' });
  }

  async #find(): Promise<void> {
    this.#choose({ tab: 'log' });
    await this.updateComplete;
    this.querySelector<HTMLInputElement>('input.filter')?.select();
  }

  /** Copies the chosen rows, unless a text is selected that is to be copied. */
  #copied(event: ClipboardEvent): void {
    const isHere = this.table?.contains(document.activeElement) ?? false;
    if (!isHere || this.#marked.length === 0 || !document.getSelection()?.isCollapsed) return;
    event.preventDefault();
    this.#copy(this.#marked);
  }

  /** Copies the rows that are chosen; all that are shown, if none are. */
  #copy(marked: readonly ConnectionRow[]): void {
    const rows = marked.length === 0 ? this.#shown : marked;
    const what = text('connections.rows', { count: rows.length });
    void copy(toText(rows, this.#columns, this.#now), what);
  }

  #disconnect(rows: readonly ConnectionRow[]): void {
    void model.attempt(() =>
      request(
        'connections.disconnect',
        rows.map(({ id }) => id),
      ),
    );
  }

  /** Ends all that match, once the user has said so: those that were there when it was asked. */
  async #disconnectAll(): Promise<void> {
    const rows = this.#shown.filter(isLive);
    const count = rows.length;
    const isWanted = await ask({
      title: text('connections.disconnectAllQuestion', { count }),
      detail: text('connections.disconnectAllDetail'),
      action: text('connections.disconnectCount', { count }),
    });
    if (isWanted) this.#disconnect(rows);
  }

  /** What can be done about the chosen rows. */
  #openMenu(x: number, y: number): void {
    const rows = this.#marked;
    const [row] = rows;
    if (row === undefined) return;
    const items = rowItems(rows, {
      copy: () => this.#copy(rows),
      only: (term) => this.#chooseRows({ text: term }),
    });
    const title =
      rows.length > 1
        ? text('connections.rowsChosen', { count: rows.length })
        : text('connections.connection', { id: String(row.id) });
    openMenu(title, items, x, y);
  }

  #openColumns(x: number, y: number): void {
    const choose = (keys: readonly string[] | undefined) => {
      logView.chooseColumns(keys);
      this.#isStale = true;
      this.requestUpdate();
    };
    openMenu(
      text('connections.columns'),
      columnItems(this.#columns, logView.columns, choose),
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

/** What a row has come to, as it is spoken. */
function whatCameOf({ state, reason, detail, diagnosis }: ConnectionRow): string {
  const why = explain(reason, detail, diagnosis);
  return why === '' ? stateText(state) : `${stateText(state)}, ${why}`;
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
