import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type {
  CellValue,
  ContributedContent,
  ContributedView,
  ViewAction,
} from '../../main/ipc/contract.js';
import { request } from '../bridge.js';
import { run, runContributed } from '../commands.js';
import { PageElement } from '../element.js';
import { formatNumber } from '../format.js';
import { icon } from '../icon.js';
import { markdown } from '../markdown.js';
import { model, sentence } from '../model.js';
import './contributedform.js';
import { text } from '../../main/words/words.js';

type Content<K extends ContributedContent['kind']> = Extract<
  ContributedContent,
  { readonly kind: K }
>;

/** A view of an extension, drawn of the data that it gives. */
@customElement('pico-contributed')
export class Contributed extends PageElement {
  protected override readonly parts = ['app'] as const;
  /** Its id. */
  @property({ attribute: false }) accessor viewId = '';
  @state() accessor content: ContributedContent | undefined;
  @state() accessor problem = '';
  #unsubscribe: (() => void) | undefined;
  #unlistenServer: (() => void) | undefined;
  /** The state of the server for which it was asked last. */
  #asked = '';
  #isAsking = false;
  #isStale = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unsubscribe = window.picosocks5.subscribe('viewChanged', (id) => {
      if (id === this.viewId) void this.#ask();
    });
    this.#unlistenServer = model.listen('app', () => this.#follow());
    this.#follow(true);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
    this.#unlistenServer?.();
  }

  get #view(): ContributedView | undefined {
    return model.app.extensions.views.find(({ id }) => id === this.viewId);
  }

  override render(): TemplateResult {
    const view = this.#view;
    const owner = model.app.extensions.extensions.find(({ name }) => name === view?.extension);
    return html`<div class="page contributed">
      <h1>${view?.title ?? ''}</h1>
      <p class="dim owner">${icon('extensions')} ${owner?.displayName ?? view?.extension ?? ''}</p>
      ${this.#body()}
    </div>`;
  }

  #body(): TemplateResult {
    const { state: server } = model.app.server;
    if (server === 'stopped' || server === 'error') {
      return html`<div class="banner" role="note">
        ${icon('info')}
        <p>${text('extensions.stopped')}</p>
        <button @click=${() => run('server.start')}>${text('extensions.startServer')}</button>
      </div>`;
    }
    if (this.problem !== '') {
      return html`<div class="banner error" role="alert">
        ${icon('error')}
        <p>${this.problem}</p>
        <button class="secondary" @click=${() => void this.#ask()}>${text('common.tryAgain')}</button>
      </div>`;
    }
    const { content } = this;
    switch (content?.kind) {
      case 'table':
        return this.#table(content);
      case 'form':
        return html`<pico-contributed-form
          .viewId=${this.viewId}
          .content=${content}
        ></pico-contributed-form>`;
      case 'text':
        return html`${buttons(content.actions)} ${markdown(content.text, 2)}`;
      default:
        return html`<p class="empty">${text('extensions.nothingYet')}</p>`;
    }
  }

  #table({ columns, rows, rowActions = [], actions, empty, omitted }: Content<'table'>) {
    if (rows.length === 0) {
      return html`${buttons(actions)}
        <p class="empty">${empty ?? text('extensions.nothingYet')}</p>`;
    }
    const isNumber = columns.map((_, i) => rows.every(({ cells }) => typeof cells[i] === 'number'));
    const side = (i: number) => (isNumber[i] ? 'number' : '');
    return html`${buttons(actions)}
      <table class="plain data" aria-label=${this.#view?.title ?? ''}>
        <thead>
          <tr>
            ${columns.map(({ title }, i) => html`<th class=${side(i)}>${title}</th>`)}
            ${rowActions.length > 0 ? html`<th><span class="hidden">${text('common.actions')}</span></th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${repeat(
            rows,
            ({ id }) => id,
            ({ id, cells }) => html`<tr>
              ${columns.map((_, i) => html`<td class=${side(i)}>${textOf(cells[i])}</td>`)}
              ${
                rowActions.length > 0
                  ? html`<td class="actions">${rowActions.map((one) => button(one, id))}</td>`
                  : nothing
              }
            </tr>`,
          )}
        </tbody>
      </table>
      ${omitted > 0 ? html`<p class="dim">${text('extensions.moreRows', { count: omitted })}</p>` : nothing}`;
  }

  /** Asks when the server has started, or the extension is another. */
  #follow(isFirst = false): void {
    const { server, extensions } = model.app;
    const item = extensions.extensions.find(({ name }) => name === this.#view?.extension);
    const now = `${server.state} ${server.since} ${item?.state} ${item?.version}`;
    if (!isFirst && now === this.#asked) return;
    this.#asked = now;
    void this.#ask();
  }

  /** Asks what it shows; what changes meanwhile is asked for after that. */
  async #ask(): Promise<void> {
    if (this.#isAsking) {
      this.#isStale = true;
      return;
    }
    this.#isAsking = true;
    do {
      this.#isStale = false;
      try {
        this.content = await request('extensions.view', this.viewId);
        this.problem = '';
      } catch (error) {
        this.problem = sentence(error);
      }
    } while (this.#isStale && this.isConnected);
    this.#isAsking = false;
  }
}

function textOf(value: CellValue | undefined): string {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return text(value ? 'extensions.yes' : 'extensions.no');
  return value ?? '';
}

function buttons(actions: readonly ViewAction[] = []): TemplateResult | typeof nothing {
  if (actions.length === 0) return nothing;
  return html`<div class="toolbar">${actions.map((action) => button(action))}</div>`;
}

function button({ command, title }: ViewAction, row?: string): TemplateResult {
  const call = row === undefined ? { id: command } : { id: command, row };
  return html`<button class="secondary" @click=${() => void runContributed(call)}>${title}</button>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-contributed': Contributed;
  }
}
