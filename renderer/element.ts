import { LitElement } from 'lit';
import { model, type Part } from './model.js';

/** A component that draws into the page itself: one style sheet, and labels reach their fields. */
export class PageElement extends LitElement {
  /** What of the model it shows: it is drawn again when that changes, or the language. */
  protected readonly parts: readonly Part[] = [];
  #unlisten: (() => void)[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    const parts = ['language', ...this.parts] as const;
    this.#unlisten = parts.map((part) => model.listen(part, () => this.requestUpdate()));
    // It may be one that was put aside: what has changed meanwhile it was not told.
    if (this.hasUpdated) this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.#unlisten) end();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
