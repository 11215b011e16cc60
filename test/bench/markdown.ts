import { goals } from './goals.js';
import { type Line, medianOf, type Results } from './results.js';

/** A number with the digits that tell something. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

function heading(line: Line): string {
  const unit = line.unit === '' ? '' : `, ${line.unit}`;
  return `${line.title}${unit}${line.cpuUnit === undefined ? '' : ` (CPU ${line.cpuUnit})`}`;
}

/** The medians as a table of Markdown, a column for each server. */
export function table(results: Results): string {
  const { subjects, lines } = results;
  const body = lines.map((line) => {
    const cells = subjects.map(({ id }) => {
      const sample = medianOf(results, id, line.id);
      if (sample === undefined) return '';
      const cpu = sample.cpu === undefined ? '' : ` (${number(sample.cpu)})`;
      return `${number(sample.value)}${cpu}`;
    });
    return row([heading(line), ...cells]);
  });
  const titles = subjects.map(({ title }) => title);
  return row(['', ...titles]) + row(['---', ...subjects.map(() => '---:')]) + body.join('');
}

/** What is wanted and what is reached, as a table of Markdown. */
export function goalTable(results: Results): string {
  const body = goals(results).map(({ title, value, bound, least, holds }) =>
    row([
      title,
      `${least ? 'at least' : 'at most'} ${number(bound)}`,
      number(value),
      holds ? 'yes' : '**no**',
    ]),
  );
  return `${row(['goal', 'wanted', 'measured', 'reached'])}${row(['---', '---:', '---:', '---'])}${body.join('')}`;
}

/** When, where and with what it was measured, in a line. */
export function about({ about: facts }: Results): string {
  return Object.entries(facts)
    .map(([name, value]) => (name === 'date' || name === 'machine' ? value : `${name} ${value}`))
    .join(', ');
}
