import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rendererModule } from '../../support/renderer.js';

type Lines = typeof import('../../../renderer/loglines.js');

const { LogLines, isGap } = await rendererModule<Lines>('loglines.ts');

const line = (id: number, level: 'err' | 'warn' | 'info' = 'info') => ({
  ...{ id, time: id, level, text: `line ${id}` },
});

test('where lines are left out, their number stands in their place', () => {
  const lines = new LogLines(5);
  lines.replace([line(1), line(2)]);
  lines.add([line(7), line(8)]);
  const rows = lines.select({ text: '', level: 'debug' });
  assert.deepEqual(
    rows.map((row) => (isGap(row) ? `${row.missing} missing` : row.text)),
    ['line 1', 'line 2', '4 missing', 'line 7', 'line 8'],
  );
  lines.add([line(9), line(10)]);
  assert.equal(lines.size, 5);
  assert.equal(lines.get(2)?.text, 'line 2');
  assert.equal(lines.get(1), undefined, 'it had to leave');
});

test('a filter takes a text and how severe lines are; cleared lines do not come back', () => {
  const lines = new LogLines();
  lines.replace([line(1, 'err'), line(2, 'warn'), line(3), line(13)], 1);
  const ids = (text: string, level: 'warn' | 'debug') =>
    lines.select({ text, level }).flatMap((row) => (isGap(row) ? [] : [row.id]));
  assert.deepEqual(ids('', 'debug'), [2, 3, 13]);
  assert.deepEqual(ids('', 'warn'), [2]);
  assert.deepEqual(ids(' LINE 1', 'debug'), [13]);
});
