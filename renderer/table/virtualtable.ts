import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { type Column, ColumnWidths } from './columns.js';
import { Follower, type Heights, type Listing } from './follower.js';
import { isSection, type Section, type TableRow } from './section.js';

/** What is between two columns, px: as in the style sheet. */
const GAP = 5;

/** How a row is chosen: alone, besides others or no more, or with all from the one before. */
export type Choice = 'only' | 'toggle' | 'range';

/** By which column rows are ordered. */
export interface Order {
  readonly key: string;
  readonly descending: boolean;
}

/** What a table shows, and what it does about what its user does. */
export interface TableContent<Row extends TableRow> {
  /** Its name, for who cannot see it. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  /** In their order; those behind a section belong to it. */
  readonly rows: readonly (Row | Section)[];
  readonly heights: Heights;
  readonly order: Order;
  /** Whether the newest row is the first; it is the last otherwise. */
  readonly newestFirst: boolean;
  /** Whether the newest row is kept in view. */
  readonly follows: boolean;
  /** The id of the row that is chosen, and looked at. */
  readonly chosen: number | undefined;
  /** All that are chosen, where that can be several. */
  readonly selected?: ReadonlySet<number>;
  /** The present instant. */
  readonly now: number;
  /** What it says where there are no rows. */
  readonly empty: string;
  /** The class of a row, for its colours. */
  readonly rowClass: (row: Row) => string;
  readonly choose: (id: number, choice: Choice) => void;
  /** Shows or hides what is below a section. */
  readonly toggle?: (section: Section) => void;
  readonly sort: (column: Column<Row>) => void;
  /** Told when it is to follow from now on, or no more, because of where it was scrolled to. */
  readonly follow: (follow: boolean) => void;
  /** Told that a menu of the chosen row is wanted, at a place of the window. */
  readonly menu: (x: number, y: number) => void;
  /** Told that a menu of the columns is wanted. */
  readonly columnMenu?: (x: number, y: number) => void;
  /** Told of a key that means nothing to a table. */
  readonly press: (event: KeyboardEvent) => void;
}

/** The keys that show what is below a section, or hide it: where they do so now. */
const TOGGLES: Readonly<Record<string, readonly boolean[]>> = {
  Enter: [true, false],
  ' ': [true, false],
  ArrowRight: [false],
  ArrowLeft: [true],
};

/** A table of any number of rows of one height, of which only those that are visible exist. */
@customElement('pico-table')
export class VirtualTable extends PageElement {
  @property({ attribute: false }) accessor content: TableContent<TableRow> | undefined;
  @query('.grid') accessor body!: HTMLElement | null;
  readonly #widths = new ColumnWidths();
  #follower: Follower | undefined;
  /** The rows that are drawn, each with its place among all. */
  #visible: readonly (readonly [row: TableRow, i: number])[] = [];
  /** The columns that there is room for. */
  #columns: readonly Column<TableRow>[] = [];
  #unobserve = () => {};

  override connectedCallback(): void {
    super.connectedCallback();
    const resize = new ResizeObserver(() => this.requestUpdate());
    resize.observe(this);
    this.#unobserve = () => resize.disconnect();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unobserve();
  }

  protected override willUpdate(): void {
    if (this.content === undefined) return;
    const { rows, heights } = this.content;
    this.#follower ??= new Follower(heights);
    const { start, end } = this.#follower.slice(this.#listing(this.content), this.body);
    this.#visible = rows.slice(start, end).map((row, i) => [row, start + i] as const);
    this.#measure(this.content);
    const room = (this.body?.clientWidth ?? 0) - 2 * GAP - 2;
    this.#columns = this.#widths.fitting(this.content.columns, GAP, room);
  }

  override render(): TemplateResult | typeof nothing {
    if (this.content === undefined) return nothing;
    const { rows, heights, now, chosen, selected, label, empty, toggle } = this.content;
    const columns = this.#columns;
    const columnsOf = `grid-template-columns: ${this.#widths.template(columns)}`;
    const least = `min-width: ${this.#widths.least(columns, GAP) + 2 * GAP}px`;
    const isDrawn = this.#visible.some(([{ id }]) => id === chosen);
    return html`<div
      class="grid"
      role=${toggle === undefined ? 'grid' : 'treegrid'}
      tabindex="0"
      aria-multiselectable=${selected === undefined ? nothing : 'true'}
      aria-label=${label}
      aria-rowcount=${rows.length + 1}
      aria-colcount=${columns.length}
      aria-activedescendant=${isDrawn ? `row-${chosen}` : nothing}
      @scroll=${this.#scroll}
      @keydown=${this.#press}
      @contextmenu=${(event: MouseEvent) => this.#askMenu(event, this.content?.chosen)}
    >
      <div
        role="rowgroup"
        class="head"
        .style=${`height: ${heights.head}px; ${least}`}
        @contextmenu=${this.#askColumns}
      >
        <div role="row" aria-rowindex="1" .style=${columnsOf}>
          ${columns.map((column) => this.#header(column))}
        </div>
      </div>
      <div role="rowgroup" class="spacer" .style=${`height: ${rows.length * heights.row}px; ${least}`}>
        ${repeat(
          this.#visible,
          ([{ id }]) => id,
          ([row, i]) => {
            const place = `transform: translateY(${i * heights.row}px)`;
            return this.#row(row, i, now, `${columnsOf}; ${place}`);
          },
        )}
      </div>
      ${rows.length === 0 ? html`<p class="empty">${empty}</p>` : nothing}
    </div>`;
  }

  override updated(): void {
    if (this.body !== null) this.#follower?.settle(this.body);
  }

  override focus(): void {
    this.body?.focus();
  }

  /** Brings a row into view and chooses it, if it is there. */
  async reveal(id: number): Promise<void> {
    const i = this.content?.rows.findIndex((row) => row.id === id) ?? -1;
    if (i < 0) return;
    this.#goTo(i);
    this.requestUpdate();
    await this.updateComplete;
  }

  /** Brings a row into view, where it stays. */
  bring(id: number): void {
    const { body, content } = this;
    const i = content?.rows.findIndex((row) => row.id === id) ?? -1;
    if (i < 0 || body === null || content === undefined) return;
    const { row, head } = content.heights;
    body.scrollTop = i * row - (body.clientHeight - head) / 2;
    this.hold();
    this.requestUpdate();
  }

  /** The rows are others, or in another order: nothing of what was read stays where it was. */
  forget(): void {
    this.#follower?.forget();
  }

  /** From now on somebody reads: what is seen stays. */
  hold(): void {
    if (this.body === null || this.content === undefined) return;
    this.#follower?.hold(this.#listing(this.content).ids, this.body);
  }

  #listing({ rows, newestFirst, follows }: TableContent<TableRow>): Listing {
    return { ids: rows.map(({ id }) => id), newestFirst, follows };
  }

  #measure({ columns, order, now }: TableContent<TableRow>): void {
    const { font, fontSize, fontFamily } = getComputedStyle(this.body ?? this);
    const rows = this.#visible.flatMap(([row]) => (isSection(row) ? [] : [row]));
    for (const column of columns) {
      this.#widths.seeTitle(column, column.key === order.key, `600 ${fontSize} ${fontFamily}`);
      for (const row of rows) this.#widths.see(column, column.text(row, now), font);
    }
  }

  #header(column: Column<TableRow>): TemplateResult {
    const { key, descending } = this.content?.order ?? { key: '', descending: false };
    const isSorted = key === column.key;
    if (column.parts !== undefined) {
      return html`<div role="columnheader" class=${column.key}>
        <span class="hidden">${column.title}</span>
      </div>`;
    }
    const direction = descending ? 'descending' : 'ascending';
    return html`<div
      role="columnheader"
      class=${column.number ? 'number' : ''}
      aria-sort=${isSorted ? direction : 'none'}
    >
      <button class="plain" @click=${() => this.content?.sort(column)}>
        ${column.title}${isSorted ? icon(descending ? 'chevron-down' : 'chevron-up') : nothing}
      </button>
    </div>`;
  }

  #row(row: TableRow, i: number, now: number, style: string): TemplateResult {
    const { chosen, selected, rowClass, toggle } = this.content ?? {};
    const isSelected = selected?.has(row.id) ?? row.id === chosen;
    const section = isSection(row) ? row : undefined;
    return html`<div
      role="row"
      id="row-${row.id}"
      class="row ${section === undefined ? (rowClass?.(row) ?? '') : 'section'} ${row.id === chosen ? 'current' : ''}"
      aria-rowindex=${i + 2}
      aria-selected=${isSelected}
      aria-level=${toggle === undefined ? nothing : section === undefined ? 2 : 1}
      aria-expanded=${section?.expanded ?? nothing}
      .style=${style}
      @mousedown=${(event: MouseEvent) => event.shiftKey && event.preventDefault()}
      @click=${(event: MouseEvent) => this.#click(event, row)}
      @contextmenu=${(event: MouseEvent) => this.#askMenu(event, row.id)}
    >
      ${
        section === undefined
          ? this.#columns.map((column) => this.#cell(column, row, now))
          : this.#sectionCell(section)
      }
    </div>`;
  }

  #sectionCell({ title, facts, expanded }: Section): TemplateResult {
    return html`<span
      role="gridcell"
      class="title"
      aria-colspan=${this.#columns.length}
      title="${title}: ${facts}"
      >${icon(expanded ? 'chevron-down' : 'chevron-right')}<b>${title}</b>
      <span class="dim">${facts}</span></span
    >`;
  }

  #click(event: MouseEvent, row: TableRow): void {
    const isMore = event.ctrlKey || event.metaKey;
    this.body?.focus();
    this.#read(row.id, event.shiftKey ? 'range' : isMore ? 'toggle' : 'only');
    if (isSection(row) && !event.shiftKey && !isMore) this.content?.toggle?.(row);
  }

  #cell(
    { key, number, text: textOf, parts, hint }: Column<TableRow>,
    row: TableRow,
    now: number,
  ): TemplateResult {
    if (parts !== undefined) {
      return html`<span role="gridcell" class=${key}>${parts(row)}</span>`;
    }
    const text = textOf(row, now);
    const title = hint?.(row) ?? text;
    return html`<span role="gridcell" class="${key} ${number ? 'number' : ''}" title=${title}
      >${text}</span
    >`;
  }

  /** Who scrolls back wants to read: following ends until the newest row is in view again. */
  #scroll(): void {
    if (this.body === null || this.content === undefined) return;
    const follow = this.#follower?.scrolled(this.#listing(this.content), this.body);
    if (follow === undefined) this.requestUpdate();
    else this.content.follow(follow);
  }

  /** A menu is of the row that was pressed; by the keyboard, of the one that is chosen. */
  #askMenu(event: MouseEvent, id: number | undefined): void {
    event.stopPropagation();
    const row = this.querySelector(`#row-${id}`);
    if (id === undefined || row === null) return;
    event.preventDefault();
    // A menu of one of several that are chosen is one of all of them.
    if (!this.content?.selected?.has(id)) this.#read(id);
    const { left, bottom } = row.getBoundingClientRect();
    const isByKey = event.button !== 2;
    this.content?.menu(isByKey ? left + 80 : event.clientX, isByKey ? bottom : event.clientY);
  }

  readonly #askColumns = (event: MouseEvent): void => {
    const { columnMenu } = this.content ?? {};
    if (columnMenu === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    columnMenu(event.clientX, event.clientY);
  };

  /** Chooses a row, which then does not scroll away. */
  #read(id: number, choice: Choice = 'only'): void {
    this.hold();
    this.content?.choose(id, choice);
  }

  #press(event: KeyboardEvent): void {
    if (this.content === undefined || this.body === null) return;
    const { rows, chosen, heights, press } = this.content;
    const at = rows.findIndex(({ id }) => id === chosen);
    const page = Math.floor((this.body.clientHeight - heights.head) / heights.row) - 1;
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? rows.length - 1 : at - 1,
      PageDown: at + Math.max(1, page),
      PageUp: at - Math.max(1, page),
      Home: 0,
      End: rows.length - 1,
    };
    const target = targets[event.key];
    const row = rows[at];
    if (row !== undefined && isSection(row) && TOGGLES[event.key]?.includes(row.expanded)) {
      event.preventDefault();
      this.content.toggle?.(row);
    } else if (target === undefined) press(event);
    else {
      event.preventDefault();
      const isRange = event.shiftKey && this.content.selected !== undefined;
      this.#goTo(Math.max(0, Math.min(target, rows.length - 1)), isRange ? 'range' : 'only');
    }
  }

  #goTo(i: number, choice: Choice = 'only'): void {
    const { body, content } = this;
    const row = content?.rows[i];
    if (row === undefined || body === null || content === undefined) return;
    this.#read(row.id, choice);
    const { row: rowHeight, head } = content.heights;
    const [top, height] = [i * rowHeight, body.clientHeight - head];
    if (top < body.scrollTop) body.scrollTop = top;
    else if (top + rowHeight > body.scrollTop + height) body.scrollTop = top + rowHeight - height;
    this.hold();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-table': VirtualTable;
  }
}
