import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { LogFile } from '#main/proxy/logfile.js';
import { temporaryDirectory } from '../../../support/files.js';

const LIMITS = { size: 50_000, days: 14, files: 3 };
const DAY = 24 * 3600 * 1000;

function write(log: LogFile, message: string, time = Date.now()): void {
  log.handle({ type: 'warning', time, message });
}

/** Writes some thousand lines, with time to write them in between. */
async function writeMany(log: LogFile, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    write(log, `line ${i}`);
    if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** The files of the log, the oldest first. */
function filesOf(folder: string): string[] {
  const names = readdirSync(folder).sort();
  const old = names.filter((name) => name !== 'picosocks5.log');
  return [...old, ...names.filter((name) => name === 'picosocks5.log')];
}

describe('the log of the desktop', () => {
  test('it is bounded while the app runs, and loses no line of the newest', async (t) => {
    const folder = temporaryDirectory(t);
    const log = new LogFile(folder, 'info', LIMITS);
    await writeMany(log, 0, 10_000);
    await log.close();
    const names = filesOf(folder);
    assert.equal(names.length, 4);
    assert.match(names[0] ?? '', /^picosocks5-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.log$/);
    const files = names.map((name) => join(folder, name));
    // What is gathered for one write comes on top.
    for (const file of files) assert.ok(statSync(file).size < 2 * LIMITS.size);
    const lines = files.flatMap((file) => readFileSync(file, 'utf8').trimEnd().split('\n'));
    const numbers = lines.map((line) => Number(/line (\d+)$/.exec(line)?.[1]));
    const first = numbers[0] ?? 0;
    assert.deepEqual(
      numbers,
      Array.from({ length: 10_000 - first }, (_, i) => first + i),
    );
  });

  test('each day has a file of its own, whenever the app was started', async (t) => {
    const folder = temporaryDirectory(t);
    const now = Date.now();
    const first = new LogFile(folder, 'info', LIMITS);
    write(first, 'today', now);
    write(first, 'also today', now);
    write(first, 'tomorrow', now + DAY);
    write(first, 'also tomorrow', now + DAY);
    await first.close();
    const contents = () =>
      filesOf(folder).map((name) => readFileSync(join(folder, name), 'utf8').match(/\w+$/gm));
    assert.deepEqual(contents(), [
      ['today', 'today'],
      ['tomorrow', 'tomorrow'],
    ]);

    rmSync(folder, { recursive: true });
    const other = temporaryDirectory(t);
    const before = `${new Date(now - DAY).toISOString()} warn   yesterday\n`;
    writeFileSync(join(other, 'picosocks5.log'), before);
    await new LogFile(other, 'info', LIMITS).close();
    const [old = ''] = filesOf(other);
    assert.equal(readFileSync(join(other, old), 'utf8'), before);
    assert.equal(readFileSync(join(other, 'picosocks5.log'), 'utf8'), '');
  });

  test('old files are deleted: those that are too old, and the oldest of too many', async (t) => {
    const folder = temporaryDirectory(t);
    const old = (day: string, age: number) => {
      const name = `picosocks5-2026-01-${day}T00-00-00.000Z.log`;
      writeFileSync(join(folder, name), 'x');
      const date = new Date(Date.now() - age * DAY);
      utimesSync(join(folder, name), date, date);
      return name;
    };
    const tooOld = old('01', 20);
    const kept = ['02', '03', '04'].map((day) => old(day, 3));
    writeFileSync(join(folder, 'picosocks5.old.log'), 'of an earlier version');
    writeFileSync(join(folder, 'notes.log'), 'of its user');
    const log = new LogFile(folder, 'info', LIMITS);
    assert.ok(!readdirSync(folder).includes(tooOld));
    assert.deepEqual(readdirSync(folder).sort(), ['notes.log', ...kept, 'picosocks5.log'].sort());
    log.setLimits({ ...LIMITS, files: 1 });
    assert.deepEqual(
      readdirSync(folder).sort(),
      ['notes.log', kept[2] ?? '', 'picosocks5.log'].sort(),
    );
    log.setLimits({ ...LIMITS, days: 2 });
    await log.close();
    assert.deepEqual(readdirSync(folder).sort(), ['notes.log', 'picosocks5.log']);
  });

  test('a file that somebody has removed is made again', {
    skip: process.platform === 'win32' ? 'an open file cannot be removed there' : undefined,
  }, async (t) => {
    const folder = temporaryDirectory(t);
    const log = new LogFile(folder, 'info', LIMITS);
    await writeMany(log, 0, 300);
    rmSync(join(folder, 'picosocks5.log'));
    await writeMany(log, 300, 900);
    await log.close();
    assert.match(readFileSync(join(folder, 'picosocks5.log'), 'utf8'), /line 899\n$/);
  });

  test('a level that is set counts for the next file too', async (t) => {
    const folder = temporaryDirectory(t);
    const log = new LogFile(folder, 'info', LIMITS);
    log.setLevel('err');
    assert.equal(log.wants('warning'), false);
    await log.close();
    assert.equal(readFileSync(join(folder, 'picosocks5.log'), 'utf8'), '');
  });
});
