/** How high the parts of a table are, px: with one height for all rows, what is visible is division. */
export interface Heights {
  readonly row: number;
  /** That of the head, which stays in view. */
  readonly head: number;
}

/** How many rows beyond the visible ones are drawn on each side. */
const OVERSCAN = 8;
/** How far from the end still counts as the end, px: positions are no whole numbers everywhere. */
const CLOSE = 2;

/** What is drawn of a long list. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** Rows of which some are seen: the newest is the first or the last. */
export interface Listing {
  readonly ids: readonly number[];
  readonly newestFirst: boolean;
  /** Whether the newest row is kept in view. */
  readonly follows: boolean;
}

/**
 * Where a long table is scrolled to. While it follows, that is its newest row; while somebody
 * reads, what is read stays where it is, whatever comes and goes around it.
 */
export class Follower {
  readonly #heights: Heights;
  /** What the table was last scrolled to: any other place is where the user has scrolled to. */
  #top = 0;
  /** The first visible row, and how much of it is hidden, px. */
  #anchor: { readonly id: number; readonly offset: number } | undefined;

  constructor(heights: Heights) {
    this.#heights = heights;
  }

  /** What of a list is to be drawn. */
  slice({ ids, newestFirst, follows }: Listing, body: HTMLElement | null): Slice {
    const { row, head } = this.#heights;
    const height = Math.max(0, (body?.clientHeight ?? 600) - head);
    const last = Math.max(0, ids.length * row - height);
    if (follows) this.#top = newestFirst ? 0 : last;
    else this.#top = Math.min(last, this.#placeOf(ids) ?? body?.scrollTop ?? 0);
    return {
      start: Math.max(0, Math.floor(this.#top / row) - OVERSCAN),
      end: Math.min(ids.length, Math.ceil((this.#top + height) / row) + OVERSCAN),
    };
  }

  /** Scrolls to what was drawn. */
  settle(body: HTMLElement): void {
    if (Math.abs(body.scrollTop - this.#top) >= 1) body.scrollTop = this.#top;
    this.#top = body.scrollTop;
  }

  /**
   * The table was scrolled.
   *
   * @returns whether it is to follow from now on: no more once the user has scrolled away from the
   *   newest row, and again when the user is back; undefined if nothing changes.
   */
  scrolled({ ids, newestFirst }: Listing, body: HTMLElement): boolean | undefined {
    const { scrollTop, scrollHeight, clientHeight } = body;
    const moved = scrollTop - this.#top;
    if (Math.abs(moved) < 1) return undefined;
    this.#top = scrollTop;
    this.#anchorAt(ids, scrollTop);
    const towardsNewest = newestFirst ? moved < 0 : moved > 0;
    if (!towardsNewest) return false;
    const left = newestFirst ? scrollTop : scrollHeight - clientHeight - scrollTop;
    return left <= CLOSE ? true : undefined;
  }

  /** The list is another one, so that no row is being read. */
  forget(): void {
    this.#anchor = undefined;
  }

  /** From now on somebody reads: what is seen stays. */
  hold(ids: readonly number[], body: HTMLElement): void {
    this.#anchorAt(ids, body.scrollTop);
  }

  #anchorAt(ids: readonly number[], top: number): void {
    const { row } = this.#heights;
    const id = ids[Math.floor(top / row)];
    this.#anchor = id === undefined ? undefined : { id, offset: top % row };
  }

  #placeOf(ids: readonly number[]): number | undefined {
    if (this.#anchor === undefined) return undefined;
    const i = ids.indexOf(this.#anchor.id);
    return i < 0 ? undefined : i * this.#heights.row + this.#anchor.offset;
  }
}
