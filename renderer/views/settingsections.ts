/** A section of the settings, as it is drawn. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: unknown;
}

/** How far below the top of the view a section counts as being at the top, px. */
const TOP = 60;

/** Follows which section is at the top of a page that scrolls, and goes to one. */
export class SectionFollower {
  readonly #page: HTMLElement;
  readonly #told: (id: string) => void;
  #scroller: HTMLElement | null = null;
  #last = '';
  /** Whether the next scrolling is that of {@link go}: the last sections never come to the top. */
  #isGoing = false;
  readonly #scrolled = () => {
    if (!this.#isGoing) this.#look();
    this.#isGoing = false;
  };

  /** @param told told the id of the section that is at the top. */
  constructor(page: HTMLElement, told: (id: string) => void) {
    this.#page = page;
    this.#told = told;
  }

  /** Begins, if it has not begun. */
  follow(): void {
    const scroller = this.#page.closest<HTMLElement>('main');
    if (scroller === this.#scroller) return;
    this.stop();
    this.#scroller = scroller;
    scroller?.addEventListener('scroll', this.#scrolled, { passive: true });
    this.#look();
  }

  stop(): void {
    this.#scroller?.removeEventListener('scroll', this.#scrolled);
    this.#scroller = null;
  }

  /** Brings a section to the top, and what is in it next to the keyboard. */
  go(id: string): void {
    const section = this.#sections().find((one) => one.dataset['section'] === id);
    const heading = section?.querySelector('h2');
    const before = this.#scroller?.scrollTop;
    section?.scrollIntoView({ block: 'start' });
    this.#isGoing = this.#scroller?.scrollTop !== before;
    heading?.setAttribute('tabindex', '-1');
    heading?.focus({ preventScroll: true });
    this.#tell(id);
  }

  #sections(): HTMLElement[] {
    return [...this.#page.querySelectorAll<HTMLElement>('section[data-section]')];
  }

  #look(): void {
    const scroller = this.#scroller;
    if (scroller === null) return;
    const sections = this.#sections();
    const top = scroller.getBoundingClientRect().top + TOP;
    const above = sections.filter((section) => section.getBoundingClientRect().top <= top);
    const isAtEnd = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1;
    const wasScrolled = scroller.scrollTop > 0;
    const current = isAtEnd && wasScrolled ? sections.at(-1) : (above.at(-1) ?? sections[0]);
    this.#tell(current?.dataset['section'] ?? '');
  }

  #tell(id: string): void {
    if (id === this.#last) return;
    this.#last = id;
    this.#told(id);
  }
}
