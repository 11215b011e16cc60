import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';

/** An entry of a menu. */
export interface MenuItem {
  readonly label: string;
  readonly enabled: boolean;
  /** Whether it is ticked, where it switches something. */
  readonly checked?: boolean;
  readonly run: () => unknown;
}

/** A menu at a place of the page, until something is chosen or it is left. */
@customElement('pico-menu')
export class ContextMenu extends PageElement {
  @property({ attribute: false }) accessor items: readonly (MenuItem | 'separator')[] = [];
  /** What had the focus before it. */
  opener: HTMLElement | undefined;

  override render(): TemplateResult {
    return html`${this.items.map((item) => (item === 'separator' ? html`<hr />` : this.#item(item)))}`;
  }

  #item({ label, enabled, checked, run }: MenuItem): TemplateResult {
    return html`<button
      class="plain"
      role=${checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
      aria-checked=${checked ?? nothing}
      tabindex="-1"
      ?disabled=${!enabled}
      @click=${() => {
        this.close();
        run();
      }}
    >
      ${checked === undefined ? nothing : html`<span class="tick">${checked ? icon('check') : nothing}</span>`}
      ${label}
    </button>`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.role = 'menu';
    // One that the browser closes would be closed by the end of the click that has opened it.
    this.popover = 'manual';
    this.addEventListener('keydown', this.#press);
    window.addEventListener('pointerdown', this.#leave, true);
    window.addEventListener('blur', this.#leave);
    window.addEventListener('resize', this.#leave);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('pointerdown', this.#leave, true);
    window.removeEventListener('blur', this.#leave);
    window.removeEventListener('resize', this.#leave);
  }

  /** Closes it: what had the focus before gets it back, if the menu has it. */
  close(): void {
    const hasFocus = this.contains(document.activeElement);
    this.remove();
    if (hasFocus) this.opener?.focus();
  }

  /** Opens it where it is seen whole. @returns once it can be used. */
  async open(x: number, y: number): Promise<void> {
    await this.updateComplete;
    this.showPopover();
    const { width, height } = this.getBoundingClientRect();
    this.style.left = `${Math.max(0, Math.min(x, window.innerWidth - width))}px`;
    this.style.top = `${Math.max(0, Math.min(y, window.innerHeight - height))}px`;
    this.#buttons[0]?.focus();
  }

  get #buttons(): HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>('button:enabled')];
  }

  readonly #leave = ({ target }: Event): void => {
    if (!(target instanceof Node && this.contains(target))) this.close();
  };

  readonly #press = (event: KeyboardEvent): void => {
    const buttons = this.#buttons;
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: (at + 1) % buttons.length,
      ArrowUp: (at - 1 + buttons.length) % buttons.length,
      Home: 0,
      End: buttons.length - 1,
    };
    const step = steps[event.key];
    if (step !== undefined) buttons[step]?.focus();
    else if (event.key === 'Tab' || event.key === 'Escape') this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
}

/** Shows a menu at a place of the window. */
export function openMenu(
  label: string,
  items: readonly (MenuItem | 'separator')[],
  x: number,
  y: number,
): void {
  document.querySelector('pico-menu')?.close();
  const menu = document.createElement('pico-menu');
  menu.items = items;
  menu.ariaLabel = label;
  const { activeElement } = document;
  if (activeElement instanceof HTMLElement) menu.opener = activeElement;
  document.querySelector('pico-workbench')?.append(menu);
  void menu.open(x, y);
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-menu': ContextMenu;
  }
}
