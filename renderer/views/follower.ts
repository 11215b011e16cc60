/** The height of a row, px: with one height for all, what is visible is a matter of division. */
export const ROW_HEIGHT = 24;
/** The height of the head of the table, which stays in view, px. */
export const HEAD_HEIGHT = 28;
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
  /** What the table was last scrolled to: any other place is where the user has scrolled to. */
  #top = 0;
  /** The first visible row, and how much of it is hidden, px. */
  #anchor: { readonly id: number; readonly offset: number } | undefined;

  /** What of a list is to be drawn. */
  slice({ ids, newestFirst, follows }: Listing, body: HTMLElement | null): Slice {
    const height = Math.max(0, (body?.clientHeight ?? 600) - HEAD_HEIGHT);
    const last = Math.max(0, ids.length * ROW_HEIGHT - height);
    if (follows) this.#top = newestFirst ? 0 : last;
    else this.#top = Math.min(last, this.#placeOf(ids) ?? body?.scrollTop ?? 0);
    return {
      start: Math.max(0, Math.floor(this.#top / ROW_HEIGHT) - OVERSCAN),
      end: Math.min(ids.length, Math.ceil((this.#top + height) / ROW_HEIGHT) + OVERSCAN),
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
    const id = ids[Math.floor(top / ROW_HEIGHT)];
    this.#anchor = id === undefined ? undefined : { id, offset: top % ROW_HEIGHT };
  }

  #placeOf(ids: readonly number[]): number | undefined {
    if (this.#anchor === undefined) return undefined;
    const i = ids.indexOf(this.#anchor.id);
    return i < 0 ? undefined : i * ROW_HEIGHT + this.#anchor.offset;
  }
}
