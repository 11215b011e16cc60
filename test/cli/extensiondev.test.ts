import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { contributing, extension, writeExtension } from '../support/extensions.js';
import { run } from '../support/programs.js';
import { startServer } from '../support/server.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted } from '../support/socks.js';

const parts = contributing({ accessPolicies: ['guard'] });

/** Refuses the port 1, by a word that stands in a module of its own, and another in one of old. */
const guard = `
  import { word } from './lib/word.js';
  import old from './lib/old.cjs';
  export function activate({ registries, log }) {
    registries.accessPolicies.register({ id: 'guard', onRequest() {}, onAddress: ({ destination }) =>
      destination.port === 1 ? { by: word + ' ' + old.word } : undefined });
    log.info('this is ' + word + ' ' + old.word);
  }`;

function developed(t: TestContext) {
  const folder = extension(t, parts, guard);
  mkdirSync(join(folder, 'lib'));
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  write('lib/word.js', 'export const word = "one";\n');
  write('lib/old.cjs', 'exports.word = "cat";\n');
  return { folder, write };
}

for (const workers of ['1', '2']) {
  test(`with --workers ${workers} it is loaded anew when a file changes, and the last good one goes on`, {
    timeout: 60_000,
  }, async (t) => {
    const { folder, write } = developed(t);
    const echo = await echoServer(t);
    const port = await freePort(t);
    const args = ['--workers', workers, '--grace', '0', '-v', 'debug', `127.0.0.1:${port}`];
    const command = new Command(t, ['--extension-dev', folder, ...args]);
    await command.port();
    const client = await connected(t, port, echo);
    /** Waits until the line was there so often. */
    const lines = async (pattern: RegExp, times = Number(workers)) => {
      while (command.lines.filter((line) => pattern.test(line)).length < times) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const reloaded = async (times: number) => lines(/notice reloaded/, times);
    /** Waits until it refuses by these words, whichever worker is asked: never nobody does. */
    const refusedBy = async (by: string) => {
      const refusals = () => command.lines.filter((line) => /rejected/.test(line));
      for (let same = 0; same < 6; ) {
        const before = refusals().length;
        const { reply } = await connectTo(await greeted(t, port), '127.0.0.1', 1);
        assert.equal(reply, 2);
        await lines(/rejected/, before + 1);
        same = refusals().at(-1)?.includes(`"${by}"`) ? same + 1 : 0;
      }
    };
    await refusedBy('one cat');

    write('lib/word.js', 'export const word = "two";\n');
    await lines(/ext: this is two cat/);
    await reloaded(1);
    await refusedBy('two cat');
    write('lib/old.cjs', 'exports.word = "dog";\n');
    await lines(/ext: this is two dog/);
    await reloaded(2);

    write('lib/word.js', '\nexport const word = ;\n');
    await lines(/err +nothing was reloaded: .*"picosocks5-ext".*\(lib\/word\.js:2\)/, 1);
    await refusedBy('two dog');
    write('lib/word.js', '\nexport const word = nothing();\n');
    await lines(/nothing was reloaded: .*nothing is not defined \(lib\/word\.js:2\)/, 1);
    write('package.json', '{ "name": ');
    await lines(/nothing was reloaded: .*package\.json: it is no JSON/, 1);
    await refusedBy('two dog');
    await assertEcho(client);

    rmSync(join(folder, 'lib/old.cjs'));
    writeExtension(
      folder,
      { ...parts, version: '1.0.1' },
      guard.replace("old from './lib/old.cjs'", "{ default as old } from './lib/old.mjs'"),
    );
    write('lib/old.mjs', 'export default { word: "fox" };\n');
    write('lib/word.js', 'export const word = "three";\n');
    await lines(/ext: this is three fox/);
    await reloaded(3);
    await refusedBy('three fox');
    await assertEcho(client);
    assert.equal(await command.stop(), 0);
  });
}

test('a program that uses the library: it is told, and what is not developed is not followed', async (t) => {
  const { folder, write } = developed(t);
  const other = writeExtension(
    join(folder, '..', 'other'),
    { name: 'picosocks5-other', ...contributing({ eventSinks: ['mine'] }) },
    'export function activate({ log }) { log.info("the other"); }',
  );
  const { event, events } = await startServer(t, {
    extensions: [other],
    extensionsDev: [folder],
  });
  writeFileSync(join(other, 'more.js'), '');
  write('lib/word.js', 'export const word = ;');
  const { message } = await event('error');
  assert.match(message, /"picosocks5-ext" goes on as it was: .*\(lib\/word\.js:1\)/);
  write('lib/word.js', 'export const word = "two";');
  await event('info', ({ message }) => /this is two cat/.test(message));
  await event('reloaded');
  const loads = events.filter((one) => one.type === 'info' && one.message === 'other: the other');
  assert.equal(loads.length, 1);
});

test('what is no extension is told at once, and the same trust is asked for', async (t) => {
  const refused = await run(t, process.execPath, [
    PICOSOCKS5,
    '--extension-dev',
    'nowhere',
    '127.0.0.1:0',
  ]);
  assert.match(refused.stderr, /picosocks5: ".*nowhere" is no extension/);
  assert.equal(refused.status, 1);
});
