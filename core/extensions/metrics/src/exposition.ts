import type { Family } from './families.js';
import type { Series, Snapshot } from './store.js';

/** Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
export type Format = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/**
 * The format that a client prefers: OpenMetrics if it asks for it, and for nothing else more.
 *
 * @param accept the value of its Accept header (RFC 9110 section 12.5.1).
 */
export function formatFor(accept: string): Format {
  let best: Format = 'text';
  let weight = 0;
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const quality = parameters.find((one) => one.startsWith('q='));
    const q = quality === undefined ? 1 : Number(quality.slice(2));
    const isOpen = type === 'application/openmetrics-text';
    const version = parameters.find((one) => one.startsWith('version='));
    if (isOpen && version !== undefined && version !== 'version=1.0.0') continue;
    if (!isOpen && !['text/plain', 'text/*', '*/*'].includes(type)) continue;
    if (!(q > weight)) continue;
    weight = q;
    best = isOpen ? 'openmetrics' : 'text';
  }
  return best;
}

/** All that there is, as text. */
export function expose(families: readonly Family[], snapshot: Snapshot, format: Format): string {
  const lines: string[] = [];
  for (const family of families) {
    const series = snapshot[family.name];
    if (series !== undefined && series.length > 0) lines.push(...linesOf(family, series, format));
  }
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function linesOf(family: Family, series: Series, format: Format): string[] {
  const { name, type, help, labels: names, buckets = [] } = family;
  const title = format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name;
  const lines = [`# HELP ${title} ${escapeHelp(help, format)}`, `# TYPE ${title} ${type}`];
  for (const [labels, value] of series) {
    const pairs = names.flatMap((label, i) => (labels[i] ? [pair(label, labels[i])] : []));
    if (typeof value === 'number') {
      lines.push(`${name}${inBraces(pairs)} ${value}`);
      continue;
    }
    let count = 0;
    for (const [i, bound] of [...buckets, Number.POSITIVE_INFINITY].entries()) {
      count += value[i] ?? 0;
      const le = pair('le', boundOf(bound, format));
      lines.push(`${name}_bucket${inBraces([...pairs, le])} ${count}`);
    }
    lines.push(`${name}_sum${inBraces(pairs)} ${value[buckets.length + 1] ?? 0}`);
    lines.push(`${name}_count${inBraces(pairs)} ${count}`);
  }
  return lines;
}

/** OpenMetrics writes bounds as numbers that have a point. */
function boundOf(bound: number, format: Format): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf';
  return format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function pair(label: string, value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
  return `${label}="${escaped}"`;
}

function inBraces(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeHelp(help: string, format: Format): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped;
}
