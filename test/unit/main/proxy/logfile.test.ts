import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { LogFile } from '#main/proxy/logfile.js';
import { temporaryDirectory } from '../../../support/files.js';

const MAX_SIZE = 50_000;

/** Writes some thousand lines, with time to write them in between. */
async function writeMany(log: LogFile, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    log.write('warning', `line ${i}`);
    if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

describe('the log of the desktop', () => {
  test('it is bounded while the app runs, and loses no line of the newest', async (t) => {
    const folder = temporaryDirectory(t);
    const log = new LogFile(folder, 'info', MAX_SIZE);
    await writeMany(log, 0, 10_000);
    await log.close();
    assert.deepEqual(readdirSync(folder).sort(), ['picosocks5.log', 'picosocks5.old.log']);
    const files = ['picosocks5.old.log', 'picosocks5.log'].map((name) => join(folder, name));
    // What is gathered for one write comes on top.
    for (const file of files) assert.ok(statSync(file).size < 2 * MAX_SIZE);
    const lines = files.flatMap((file) => readFileSync(file, 'utf8').trimEnd().split('\n'));
    const numbers = lines.map((line) => Number(/line (\d+)$/.exec(line)?.[1]));
    const first = numbers[0] ?? 0;
    assert.deepEqual(
      numbers,
      Array.from({ length: 10_000 - first }, (_, i) => first + i),
    );
  });

  test('a file that somebody has removed is made again', {
    skip: process.platform === 'win32' ? 'an open file cannot be removed there' : undefined,
  }, async (t) => {
    const folder = temporaryDirectory(t);
    const log = new LogFile(folder, 'info', MAX_SIZE);
    await writeMany(log, 0, 300);
    rmSync(join(folder, 'picosocks5.log'));
    await writeMany(log, 300, 900);
    await log.close();
    assert.match(readFileSync(join(folder, 'picosocks5.log'), 'utf8'), /line 899\n$/);
  });

  test('a level that is set counts for the next file too', async (t) => {
    const folder = temporaryDirectory(t);
    const log = new LogFile(folder, 'info', MAX_SIZE);
    log.setLevel('err');
    assert.equal(log.wants('warning'), false);
    await log.close();
    assert.equal(readFileSync(join(folder, 'picosocks5.log'), 'utf8'), '');
  });
});
