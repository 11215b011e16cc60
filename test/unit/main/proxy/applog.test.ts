import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { AppLog } from '#main/proxy/applog.js';
import { LogBook } from '#main/proxy/logbook.js';
import { temporaryDirectory } from '../../../support/files.js';

const SETTINGS = { loglevel: 'warn', logSize: 8, logDays: 14, logFiles: 10 };

function started(t: TestContext): AppLog {
  return new AppLog(temporaryDirectory(t), SETTINGS);
}

const debug = (message: string) =>
  ({ type: 'debug', time: Date.now(), message, extension: 'x' }) as const;

test('a level can be in force for a while; the one of the settings comes back by itself', async (t) => {
  const log = started(t);
  log.change({ level: 'debug', minutes: 0.001 }, () => assert.fail('nothing is kept'));
  assert.equal(log.state.level, 'debug');
  assert.equal(log.state.kept, 'warn');
  assert.ok((log.state.until ?? 0) > Date.now() - 1000);
  assert.equal(log.wants('debug'), true);
  // Its timer keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  const [state] = await once(log, 'state');
  clearInterval(alive);
  assert.deepEqual([state.level, state.until], ['warn', undefined]);
  assert.equal(log.wants('debug'), false);
  await log.close();
});

test('a level that is kept goes into the settings, and ends one that is in force for a while', async (t) => {
  const log = started(t);
  const kept: string[] = [];
  log.change({ level: 'debug', minutes: 10 }, () => {});
  // The settings have it already: they tell nobody.
  log.change({ level: 'warn' }, (level) => kept.push(level));
  assert.deepEqual([log.state.level, log.state.until], ['warn', undefined]);
  log.change({ level: 'info' }, (level) => {
    kept.push(level);
    log.apply({ ...SETTINGS, loglevel: level }, true);
  });
  assert.deepEqual(kept, ['warn', 'info']);
  assert.deepEqual([log.state.level, log.state.kept], ['info', 'info']);
  log.change({ level: 'debug', minutes: 10 }, () => {});
  log.apply({ ...SETTINGS, logDays: 3 }, false);
  assert.equal(log.state.level, 'debug', 'other settings of the log do not end it');
  await log.close();
});

test('the window has the lines of the file', async (t) => {
  const log = started(t);
  log.write('warning', 'first');
  const { lines } = log.watch();
  assert.equal(log.news(), undefined);
  log.write('error', 'second');
  const news = log.news() ?? [];
  assert.deepEqual(
    [...lines, ...news].map(({ id, level, text }) => [id, level, text]),
    [
      [1, 'warn', 'first'],
      [2, 'err', 'second'],
    ],
  );
  log.unwatch();
  log.write('error', 'third');
  assert.equal(log.news(), undefined);
  await log.close();
  const file = readFileSync(log.state.file, 'utf8').trimEnd().split('\n');
  assert.deepEqual(
    file.map((line) => line.slice(25)),
    ['warn   first', 'err    second', 'err    third'],
  );
});

test('what the window is told is bounded: of many new lines it gets the newest', () => {
  const book = new LogBook(() => true, 2000);
  for (let i = 1; i <= 5000; i++) book.handle(debug(`line ${i}`));
  const all = book.watch();
  assert.deepEqual([all.length, all[0]?.id, all.at(-1)?.text], [2000, 3001, 'line 5000']);
  for (let i = 5001; i <= 9000; i++) book.handle(debug(`line ${i}`));
  const news = book.news() ?? [];
  assert.deepEqual([news.length, news[0]?.id, news.at(-1)?.id], [1000, 8001, 9000]);
  assert.deepEqual(
    book.newest(2).map(({ text }) => text),
    ['line 8999', 'line 9000'],
  );
});
