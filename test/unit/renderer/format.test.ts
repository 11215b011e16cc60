import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rendererModule } from '../../support/renderer.js';

const { formatBytes, formatDuration } =
  await rendererModule<typeof import('../../../renderer/format.js')>('format.ts');

describe('numbers as people read them', () => {
  test('bytes', () => {
    const figures = [0, 999, 1000, 1500, 99_949, 99_950, 999_499, 999_500, 2e12, 3e15];
    assert.deepEqual(figures.map(formatBytes), [
      ...['0 B', '999 B', '1.0 kB', '1.5 kB', '99.9 kB', '100 kB', '999 kB', '1.0 MB'],
      ...['2.0 TB', '3000 TB'],
    ]);
  });

  test('spans', () => {
    const spans = [0, 12.4, 1200, 65_000, 7_389_000];
    assert.deepEqual(spans.map(formatDuration), ['0 ms', '12 ms', '1.2 s', '1:05', '2:03:09']);
  });
});
