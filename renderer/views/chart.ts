import { html, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import uPlot from 'uplot';
import { HISTORY } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { PageElement } from '../element.js';
import { formatRate, formatTime } from '../format.js';
import { model } from '../model.js';

const HEIGHT = 170;

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The time of day of some seconds since 1970. */
function clock(time: number): string {
  return formatTime(time * 1000);
}

/** What went up and down, second by second. */
@customElement('pico-chart')
export class Chart extends PageElement {
  #plot: uPlot | undefined;
  #ends: (() => void)[] = [];

  override render(): TemplateResult {
    return html`<div
        class="chart"
        role="img"
        aria-label=${text('overview.chart')}
      ></div>
      <p class="legend" aria-hidden="true"><span class="down">${text('overview.down')}</span><span class="up">${text('overview.up')}</span></p>`;
  }

  override firstUpdated(): void {
    this.#draw();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const redraw = () => this.#draw();
    document.addEventListener('theme', redraw);
    const resize = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0) this.#plot?.setSize({ width, height: HEIGHT });
    });
    resize.observe(this);
    this.#ends = [
      () => document.removeEventListener('theme', redraw),
      () => resize.disconnect(),
      model.listen('language', redraw),
      model.listen('traffic', () => this.#plot?.setData(this.#data())),
    ];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.#ends) end();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #data(): uPlot.AlignedData {
    const samples = model.traffic;
    const last = samples.at(-1);
    // The present time of day, and spans that no change of the system's clock can bend.
    const end = (last?.time ?? 0) - (last?.instant ?? 0);
    return [
      samples.map(({ instant }) => (end + instant) / 1000),
      samples.map(({ rateDown }) => rateDown),
      samples.map(({ rateUp }) => rateUp),
    ];
  }

  #draw(): void {
    const target = this.querySelector<HTMLElement>('.chart');
    if (target === null) return;
    this.#plot?.destroy();
    const grid = { stroke: color('--grid'), width: 1 };
    const axis = { stroke: color('--dim'), font: '11px system-ui', grid, ticks: grid };
    this.#plot = new uPlot(
      {
        width: Math.max(200, target.clientWidth),
        height: HEIGHT,
        cursor: { show: false },
        legend: { show: false },
        scales: {
          x: { range: (_plot, _min, max) => [(max || Date.now() / 1000) - HISTORY, max] },
          y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 1000)] },
        },
        axes: [
          { ...axis, values: (_plot, times) => times.map(clock) },
          { ...axis, size: 76, values: (_plot, rates) => rates.map(formatRate) },
        ],
        series: [
          {},
          {
            label: text('overview.down'),
            stroke: color('--chart-down'),
            fill: color('--chart-fill'),
            width: 1.5,
          },
          { label: text('overview.up'), stroke: color('--chart-up'), width: 1.5 },
        ],
      },
      this.#data(),
      target,
    );
  }
}
