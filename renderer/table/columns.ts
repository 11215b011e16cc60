import type { TemplateResult } from 'lit';

/** A column of a table whose rows are of some type. */
export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** Its width at least, px; it is never narrower than its title. */
  readonly width: number;
  /** Whether it grows with its texts, as far as there is room: those that do share it. */
  readonly grows?: boolean;
  /** Whether it takes all the room that is left. */
  readonly fills?: boolean;
  readonly number?: boolean;
  /** Whether it gives way where there is no room for all: the highest number does so first. */
  readonly yields?: number;
  /** @param now the present instant, for what goes on. */
  readonly text: (row: Row, now: number) => string;
  /** What is shown in place of its text, such as buttons; then it has no order. */
  readonly parts?: (row: Row) => TemplateResult;
  /** Says more than the text, to who points at it. */
  readonly hint?: (row: Row) => string;
}

/** The sign of the order beside a title, px. */
const SIGN = 18;
/** A column that grows is no wider than this, px. */
const MAX_WIDTH = 560;

/** What a column has to be measured by. */
type Measured = Pick<Column<never>, 'key' | 'title' | 'width' | 'grows' | 'fills' | 'yields'>;

/** How wide columns are: as their titles at least, and those that grow as their longest text. */
export class ColumnWidths {
  readonly #titles = new Map<string, number>();
  readonly #longest = new Map<string, number>();
  readonly #canvas = document.createElement('canvas').getContext('2d');

  /** Takes the title of a column into account. @param isSorted whether it has the sign of the order. */
  seeTitle({ key, title }: Measured, isSorted: boolean, font: string): void {
    this.#titles.set(key, this.#measure(title, font) + (isSorted ? SIGN : 0));
  }

  /** Takes a text of a column into account. @param font the font that it is shown in. */
  see({ key, grows }: Measured, text: string, font: string): void {
    if (!grows) return;
    const width = Math.min(MAX_WIDTH, this.#measure(text, font));
    if (width > (this.#longest.get(key) ?? 0)) this.#longest.set(key, width);
  }

  /** How wide some columns are at least, with a gap between any two, px. */
  least(columns: readonly Measured[], gap: number): number {
    const widths = columns.map(({ key, width }) => Math.max(width, this.#titles.get(key) ?? 0));
    return widths.reduce((sum, width) => sum + width + gap, 0);
  }

  /** The columns for which there is room, with a gap between any two. @param room px. */
  fitting<C extends Measured>(columns: readonly C[], gap: number, room: number): readonly C[] {
    let fit = columns;
    while (room > 0 && this.least(fit, gap) > room) {
      const last = fit.reduce<C | undefined>(
        (worst, one) => ((one.yields ?? 0) > (worst?.yields ?? 0) ? one : worst),
        undefined,
      );
      if (last === undefined) break;
      fit = fit.filter((column) => column !== last);
    }
    return fit;
  }

  /** The widths of some columns, as CSS has them. */
  template(columns: readonly Measured[]): string {
    return columns
      .map(({ key, width, grows, fills }) => {
        const least = Math.max(width, this.#titles.get(key) ?? 0);
        if (fills) return `minmax(${least}px, 1fr)`;
        return grows ? `minmax(${least}px, ${this.#longest.get(key) ?? 0}px)` : `${least}px`;
      })
      .join(' ');
  }

  #measure(text: string, font: string): number {
    if (this.#canvas === null) return 0;
    this.#canvas.font = font;
    return Math.ceil(this.#canvas.measureText(text).width) + 2;
  }
}
