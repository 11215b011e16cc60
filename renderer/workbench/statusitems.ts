import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { ContributedContent } from '../../main/ipc/contract.js';
import { request } from '../bridge.js';
import { runContributed } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { model } from '../model.js';

type Status = Extract<ContributedContent, { readonly kind: 'status' }>;

/** More would push everything else out of the status bar. */
const MAX_ITEMS = 5;

/** What extensions show in the status bar. */
@customElement('pico-status-items')
export class StatusItems extends PageElement {
  /** By the ids of their views. */
  @state() accessor items: ReadonlyMap<string, Status> = new Map();
  #ends: (() => void)[] = [];
  /** For what it was asked last. */
  #asked = '';

  override connectedCallback(): void {
    super.connectedCallback();
    this.#ends = [
      window.picosocks5.subscribe('viewChanged', (id) => {
        if (this.#ids.includes(id)) void this.#ask(id);
      }),
      model.listen('app', () => this.#follow()),
    ];
    this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.#ends) end();
  }

  override render(): TemplateResult {
    const shown = [...this.items].slice(0, MAX_ITEMS);
    return html`${shown.map(([id, item]) => draw(id, item))}`;
  }

  get #ids(): string[] {
    if (model.app.server.state !== 'running') return [];
    const status = model.app.extensions.views.filter(({ kind }) => kind === 'status');
    return status.map(({ id }) => id);
  }

  /** Asks for all when others are there, or run. */
  #follow(): void {
    const ids = this.#ids;
    const states = model.app.extensions.extensions.map(({ name, state: own }) => `${name} ${own}`);
    const now = [...ids, ...states, model.app.server.since].join('\n');
    if (now === this.#asked) return;
    this.#asked = now;
    const left = [...this.items].filter(([id]) => ids.includes(id));
    if (left.length < this.items.size) this.items = new Map(left);
    for (const id of ids) void this.#ask(id);
  }

  async #ask(id: string): Promise<void> {
    const content = await request('extensions.view', id).catch(() => undefined);
    const items = new Map(this.items);
    if (content?.kind === 'status' && this.#ids.includes(id)) items.set(id, content);
    else items.delete(id);
    this.items = items;
  }
}

function draw(id: string, { text, tooltip, severity, command }: Status): TemplateResult {
  const title = tooltip ?? text;
  const symbol = severity === undefined || severity === 'info' ? nothing : icon(severity);
  if (command === undefined) {
    return html`<span class="item ${severity ?? ''}" data-view=${id} title=${title}>
      ${symbol} <span>${text}</span>
    </span>`;
  }
  return html`<button
    class="item ${severity ?? ''}"
    data-view=${id}
    title=${title}
    @click=${() => void runContributed({ id: command })}
  >
    ${symbol} <span>${text}</span>
  </button>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-status-items': StatusItems;
  }
}
