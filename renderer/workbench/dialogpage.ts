import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { query, state } from 'lit/decorators.js';
import type { WindowCommandId } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { provide } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';

/** A page in a dialog over the view, which a command of the window opens. */
export abstract class DialogPage extends PageElement {
  protected abstract readonly command: WindowCommandId;
  @state() accessor isOpen = false;
  @query('dialog') accessor dialog!: HTMLDialogElement;
  #unprovide = () => {};

  override connectedCallback(): void {
    super.connectedCallback();
    const open = () => {
      this.isOpen = true;
      this.requestUpdate();
    };
    this.#unprovide = provide({ [this.command]: { run: open } });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unprovide();
  }

  /** What it is called. */
  protected abstract get heading(): string;

  /** What it shows below its heading. */
  protected abstract page(): TemplateResult;

  /** Called when it has opened. */
  protected opened(): void {}

  /** Called when it has been closed. */
  protected closed(): void {}

  override updated(_changed: PropertyValues): void {
    if (!this.isOpen || this.dialog.open) return;
    this.dialog.showModal();
    this.opened();
  }

  override render(): TemplateResult {
    return html`<dialog
      class="page-dialog"
      aria-label=${this.heading}
      @close=${() => {
        // The event comes late: it may have been opened again by then.
        this.isOpen = this.dialog.open;
        if (!this.isOpen) this.closed();
      }}
    >
      ${this.isOpen ? this.#whole() : nothing}
    </dialog>`;
  }

  #whole(): TemplateResult {
    return html`<header>
        <h2>${this.heading}</h2>
        <button
          class="plain"
          aria-label=${text('common.close')}
          title=${text('common.close')}
          @click=${() => this.dialog.close()}
        >
          ${icon('close')}
        </button>
      </header>
      ${this.page()}`;
  }
}
