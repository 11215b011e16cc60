import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { TOTAL_KINDS, type Total, type TotalKind, type Totals } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { formatBytes, formatNumber, formatRate } from '../format.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import { nameText } from './connectiongroups.js';
import { termOf } from './connectionmenus.js';
import { logView } from './logview.js';

/** How many bars the chart has. */
const BARS = 8;
/** The name of all that are too many to be told apart. */
const OTHERS = '\0';

const KINDS = {
  host: ['connections.topHosts', 'connections.host'],
  user: ['connections.topUsers', 'connections.user'],
  program: ['connections.topPrograms', 'connections.program'],
} as const;

type Order = Exclude<keyof Total, 'name'>;

const COLUMNS = [
  ['connections', 'connections.topConnections', formatNumber],
  ['open', 'connections.topOpen', formatNumber],
  ['refused', 'connections.topRefused', formatNumber],
  ['failed', 'connections.topFailed', formatNumber],
  ['rateUp', 'connections.rateUp', formatRate],
  ['rateDown', 'connections.rateDown', formatRate],
  ['up', 'connections.up', formatBytes],
  ['down', 'connections.down', formatBytes],
] as const satisfies readonly (readonly [Order, string, (value: number) => string])[];

/** What connections come to by their hosts, users or programs: a chart, and a table. */
@customElement('pico-top')
export class Top extends PageElement {
  protected override readonly parts = ['traffic'] as const;
  /** Shows the connections that a filter lets through. */
  @property({ attribute: false }) accessor show: (filter: string) => void = () => {};
  @state() accessor totals: Totals = { rows: [], more: 0 };
  /** By which column they are ordered; undefined: by all that they moved. */
  @state() accessor order: Order | undefined;
  #end = () => {};

  override connectedCallback(): void {
    super.connectedCallback();
    this.#end = model.listen('traffic', () => void this.#look());
    void this.#look();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end();
  }

  override render(): TemplateResult {
    const kind = logView.choices.topBy;
    const { rows, more } = this.totals;
    const { order } = this;
    const ordered = order === undefined ? rows : [...rows].sort((a, b) => b[order] - a[order]);
    return html`<div class="top">
      <div class="toolbar">
        <div class="segments" role="group" aria-label=${text('connections.topBy')}>
          ${TOTAL_KINDS.map((one) => this.#segment(one, one === kind))}
        </div>
        <span class="dim counts">${text('connections.topSince')}</span>
      </div>
      ${
        rows.length === 0
          ? html`<p class="empty">${text('connections.topEmpty')}</p>`
          : html`${this.#chart(kind, rows)} ${this.#table(kind, ordered)}`
      }
      ${more === 0 ? nothing : html`<p class="dim more">${text('connections.topMore', { count: more })}</p>`}
    </div>`;
  }

  async #look(kind = logView.choices.topBy): Promise<void> {
    if (document.visibilityState !== 'visible') return;
    const totals = await request('connections.totals', kind);
    if (kind === logView.choices.topBy) this.totals = totals;
  }

  #segment(kind: TotalKind, isChosen: boolean): TemplateResult {
    const choose = () => {
      logView.choose({ topBy: kind });
      this.totals = { rows: [], more: 0 };
      void this.#look(kind);
    };
    return html`<button class="plain" aria-pressed=${isChosen} @click=${choose}>
      ${text(KINDS[kind][0])}
    </button>`;
  }

  #chart(kind: TotalKind, rows: readonly Total[]): TemplateResult {
    const bars = rows.slice(0, BARS);
    const most = Math.max(1, ...bars.map(({ up, down }) => up + down));
    const share = (value: number) => `width: ${((100 * value) / most).toFixed(2)}%`;
    return html`<figure class="bars" role="img" aria-label=${text('connections.topChart')}>
      ${bars.map(({ name, up, down }) => {
        const called = titleOf(kind, name);
        return html`<span class="name" title=${called}>${called}</span>
          <span class="bar" title="${text('connections.down')} ${formatBytes(down)}, ${text('connections.up')} ${formatBytes(up)}"
            ><i class="down" .style=${share(down)}></i><i class="up" .style=${share(up)}></i
          ></span>
          <span class="number">${formatBytes(up + down)}</span>`;
      })}
      <figcaption class="legend">
        <span class="down">${text('connections.down')}</span
        ><span class="up">${text('connections.up')}</span>
      </figcaption>
    </figure>`;
  }

  #table(kind: TotalKind, rows: readonly Total[]): TemplateResult {
    const title = text(KINDS[kind][1]);
    return html`<div class="scrolls" tabindex="0" role="region" aria-label=${text('connections.top')}>
      <table class="plain totals-table" aria-label=${text(KINDS[kind][0])}>
        <thead>
          <tr>
            <th>${title}</th>
            ${COLUMNS.map(([key, name]) => this.#header(key, text(name)))}
            <th><span class="hidden">${text('connections.topShow')}</span></th>
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => this.#row(kind, row))}
        </tbody>
      </table>
    </div>`;
  }

  #header(key: Order, title: string): TemplateResult {
    const isSorted = this.order === key;
    return html`<th class="number" aria-sort=${isSorted ? 'descending' : 'none'}>
      <button
        class="plain"
        @click=${() => {
          this.order = isSorted ? undefined : key;
        }}
      >
        ${title}${isSorted ? icon('chevron-down') : nothing}
      </button>
    </th>`;
  }

  #row(kind: TotalKind, row: Total): TemplateResult {
    const called = titleOf(kind, row.name);
    return html`<tr>
      <td title=${called} class=${row.name === '' ? 'dim' : ''}>${called}</td>
      ${COLUMNS.map(
        ([key, , format]) =>
          html`<td class="number ${row[key] === 0 ? 'dim' : ''}">${format(row[key])}</td>`,
      )}
      <td>
        ${
          row.name === OTHERS || row.name === ''
            ? nothing
            : html`<button
              class="plain"
              aria-label="${text('connections.topShow')}: ${called}"
              title=${text('connections.topShow')}
              @click=${() => this.show(termOf(kind, bare(row.name)))}
            >
              ${icon('filter')}
            </button>`
        }
      </td>
    </tr>`;
  }
}

/** A host as the filter has it: an IPv6 address without its brackets. */
function bare(name: string): string {
  return name.replace(/^\[([^\]]*)\]$/, '$1');
}

function titleOf(kind: TotalKind, name: string): string {
  return name === OTHERS ? text('connections.others') : nameText(kind, name);
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-top': Top;
  }
}
