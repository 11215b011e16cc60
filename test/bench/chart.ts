import { number } from './markdown.js';
import { medianOf, type Part, type Results } from './results.js';

/** What the chart shows of the results. */
const panels: readonly {
  figure: string;
  part: Part;
  title: string;
  unit: string;
  more: boolean;
}[] = [
  { figure: 'rate50', part: 'value', title: 'Connections', unit: '1/s', more: true },
  { figure: 'rate50-cpu', part: 'value', title: 'CPU time, connection', unit: 'µs', more: false },
  { figure: 'down1', part: 'value', title: 'Throughput, 1 flow down', unit: 'MB/s', more: true },
  { figure: 'up8', part: 'value', title: 'Throughput, 8 flows up', unit: 'MB/s', more: true },
  { figure: 'down1', part: 'cpu', title: 'CPU time, 1 flow down', unit: 's/GB', more: false },
  { figure: 'latency-p50', part: 'value', title: 'Round trip, p50', unit: 'µs', more: false },
  { figure: 'idle', part: 'value', title: 'Memory, idle connection', unit: 'KB', more: false },
  { figure: 'udp', part: 'value', title: 'Datagrams there and back', unit: '1/s', more: true },
];

/** Not servers that one would choose between. */
const LEFT_OUT = ['direct', 'baseline', 'picosocks5-log', 'picosocks5-workers', 'picosocks5-via'];
const COLUMNS = 2;
/** Sizes, px. */
const [PANEL, LABEL, BAR, ROW, HEAD, GAP] = [440, 160, 190, 20, 34, 20];

const style = `
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 13px; }
.unit { fill: #57606a; }
.bar { fill: #afb8c1; }
.own { fill: #1f883d; }
.background { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .unit { fill: #8d96a0; }
  .bar { fill: #57606a; }
  .own { fill: #3fb950; }
  .background { fill: #0d1117; }
}`;

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function panel(results: Results, at: (typeof panels)[number]): { rows: number; svg: string } {
  const { figure, part, title, unit, more } = at;
  const bars = results.subjects.flatMap((subject) => {
    const value = LEFT_OUT.includes(subject.id)
      ? undefined
      : medianOf(results, subject.id, figure)?.[part];
    return value === undefined || !Number.isFinite(value) ? [] : [{ ...subject, value }];
  });
  bars.sort((a, b) => (more ? b.value - a.value : a.value - b.value));
  const most = Math.max(...bars.map(({ value }) => value));
  const lines = bars.map(({ id, title: name, value }, i) => {
    const middle = HEAD + i * ROW + 11;
    const width = Math.max(1, (value / most) * BAR).toFixed(1);
    const own = id === 'picosocks5' ? ' own' : '';
    return (
      `<text x="${LABEL - 8}" y="${middle}" text-anchor="end">${xml(name)}</text>` +
      `<rect class="bar${own}" x="${LABEL}" y="${middle - 10}" width="${width}" height="13" rx="2"/>` +
      `<text x="${LABEL + Number(width) + 6}" y="${middle}">${number(value)}</text>`
    );
  });
  const hint = `${unit}, ${more ? 'more' : 'less'} is better`;
  const head =
    `<text class="title" x="0" y="18">${title}` +
    ` <tspan class="unit" font-weight="400">${hint}</tspan></text>`;
  return { rows: bars.length, svg: [head, ...lines].join('\n') };
}

/** The most telling figures as bars, an SVG for light and dark pages. */
export function chart(results: Results): string {
  const drawn = panels.map((one) => panel(results, one)).filter(({ rows }) => rows > 0);
  const height = HEAD + GAP + ROW * Math.max(...drawn.map(({ rows }) => rows));
  const placed = drawn.map(({ svg }, i) => {
    const x = GAP + (i % COLUMNS) * (PANEL + GAP);
    const y = GAP + Math.floor(i / COLUMNS) * height;
    return `<g transform="translate(${x} ${y})">\n${svg}\n</g>`;
  });
  const size = [
    GAP + COLUMNS * (PANEL + GAP),
    GAP + Math.ceil(drawn.length / COLUMNS) * height,
  ] as const;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.join(' ')}" width="${size[0]}" height="${size[1]}" role="img" aria-label="PicoSOCKS5 and other servers">
<style>${style}
</style>
<rect class="background" width="100%" height="100%"/>
${placed.join('\n')}
</svg>
`;
}
