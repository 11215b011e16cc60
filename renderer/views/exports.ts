import type { ConnectionRow } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { model } from '../model.js';
import type { ConnectionColumn } from './connectioncolumns.js';

/** What a spreadsheet would take for a formula is kept from it: destinations are anybody's text. */
function cell(value: unknown): string {
  const text = String(value ?? '');
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A row as it is exported: without what only the window can make something of. */
function plain({
  began,
  diagnosis,
  rateUp,
  rateDown,
  ...row
}: ConnectionRow): Readonly<Record<string, unknown>> {
  return { ...row, time: new Date(row.time).toISOString() };
}

/** RFC 4180. */
export function toCsv(rows: readonly ConnectionRow[]): string {
  const all = rows.map(plain);
  const keys = Object.keys(all[0] ?? {});
  const lines = all.map((row) => keys.map((key) => cell(row[key])).join(','));
  return `${[keys.join(','), ...lines].join('\r\n')}\r\n`;
}

/** One JSON object a line. */
export function toJsonLines(rows: readonly ConnectionRow[]): string {
  return rows.map((row) => `${JSON.stringify(plain(row))}\n`).join('');
}

/** What is seen in the table, with tabs between. */
export function toText(
  rows: readonly ConnectionRow[],
  columns: readonly ConnectionColumn[],
  now: number,
): string {
  const lines = rows.map((row) => columns.map(({ text: of }) => of(row, now)).join('\t'));
  return [columns.map(({ title }) => title).join('\t'), ...lines].join('\n');
}

/** Lets the user choose where to write something, and says where it was written. */
export function exportAs(name: string, content: string): Promise<boolean> {
  return model.attempt(async () => {
    const file = await request('app.export', { name, content });
    if (file === undefined) return;
    model.notify({ severity: 'info', message: text('connections.written', { file }) });
  });
}
