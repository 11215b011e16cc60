import assert from 'node:assert/strict';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { contributing, extension, writeExtension } from '../support/extensions.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { startServer } from '../support/server.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted } from '../support/socks.js';

/** What extensions of these tests say of themselves, in the order in which it happens. */
function diary(t: TestContext): string[] {
  const said: string[] = [];
  const all = globalThis as { diary?: string[] };
  all.diary = said;
  t.after(() => delete all.diary);
  return said;
}

const settings = {
  configuration: {
    properties: {
      'ext.word': { type: 'string', default: 'none' },
      'ext.list': { type: 'array' },
    },
  },
};

test('a reload activates and deactivates, and connections go on', async (t) => {
  const said = diary(t);
  const folder = extension(
    t,
    contributing({ accessPolicies: ['mine'], eventSinks: ['sink'] }),
    `const say = (word) => globalThis.diary?.push(word);
     export function activate({ registries, subscriptions, server }) {
       say('activate');
       subscriptions.push({ dispose: () => say('first') }, { dispose: () => say('second') });
       subscriptions.push({ dispose: () => { throw new Error('a bad subscription'); } });
       registries.accessPolicies.register({ id: 'mine', onRequest: () => ({ by: 'mine' }) });
       registries.eventSinks.register({ id: 'sink', handle({ type }) { if (type === 'request') say(type); } });
     }
     export async function deactivate() { say('deactivate'); }`,
  );
  const listen = [`127.0.0.1:${await freePort(t)}`];
  const { server, port, event } = await startServer(t, { listen });
  const echo = await echoServer(t);
  const client = await connected(t, port, echo);
  const reply = async () => (await connectTo(await greeted(t, port), '127.0.0.1', echo)).reply;
  for (let round = 0; round < 2; round++) {
    await server.reload({ listen, extensions: [folder] });
    assert.equal(await reply(), 2);
    await assertEcho(client);
    await server.reload({ listen });
    assert.equal(await reply(), 0);
  }
  const round = ['activate', 'request', 'second', 'first', 'deactivate'];
  assert.deepEqual(said, [...round, ...round]);
  await event('warning', ({ message }) => /a subscription that was disposed: a bad/.test(message));
  assert.deepEqual(server.registries.accessPolicies.ids, []);
});

test('a reload that fails changes nothing', async (t) => {
  const said = diary(t);
  const code = (word: string) =>
    `export function activate({ registries, subscriptions }) {
       globalThis.diary.push('${word}');
       subscriptions.push({ dispose: () => globalThis.diary.push('not ${word}') });
       registries.accessPolicies.register({ id: '${word}', onRequest: () => ({ by: '${word}' }) });
       if ('${word}' === 'bad') throw new Error('bad');
     }`;
  const named = (word: string) => ({
    name: `picosocks5-${word}`,
    ...contributing({ accessPolicies: [word] }),
  });
  const [good, fine, bad] = ['good', 'fine', 'bad'].map((word) =>
    extension(t, named(word), code(word)),
  ) as [string, string, string];
  const listen = [`127.0.0.1:${await freePort(t)}`];
  const { server, port } = await startServer(t, { listen, extensions: [good] });
  const who = async () => {
    const result = await server.check(undefined, 'connect', { host: '127.0.0.1', port: 1 });
    return result.by;
  };
  const wrong = [
    { extensions: [fine, bad] },
    { extensions: [fine], auth: ['/nowhere'] },
    { extensions: [fine], listen: ['192.0.2.1:1'] },
    { extensions: [fine, '/nowhere'] },
    { extensions: [fine], settings: { 'fine.x': 1 } },
  ];
  for (const options of wrong) {
    await assert.rejects(server.reload({ listen, ...options }), { name: 'UserError' });
    assert.equal(await who(), 'good');
    assert.deepEqual(server.registries.accessPolicies.ids, ['good']);
  }
  const three = ['fine', 'not fine'];
  assert.deepEqual(said, ['good', 'fine', 'bad', 'not bad', 'not fine', ...three, ...three]);
  await server.reload({ listen, extensions: [fine] });
  assert.equal(await who(), 'fine');
  assert.equal(port, server.addresses[0]?.port);
});

test('changed settings are told, or the extension is activated anew', async (t) => {
  const said = diary(t);
  const listens = `configuration.onDidChange((keys) => {
      globalThis.diary.push(keys.join() + '=' + configuration.get('ext.word'));
      if (configuration.get('ext.word') === 'bad') throw new Error('a bad word');
    });`;
  const code = (more: string) =>
    `export function activate({ configuration, registries }) {
       globalThis.diary.push('activate ' + configuration.get('ext.word'));
       registries.accessPolicies.register({ id: 'mine', onRequest: () => ({ by: configuration.get('ext.word') }) });
       ${more}
     }
     export function deactivate() { globalThis.diary.push('deactivate'); }`;
  const parts = contributing({ accessPolicies: ['mine'] }, settings);
  for (const [text, expected] of [
    [listens, ['activate none', 'ext.word=one', 'ext.word=bad', 'ext.word=one', 'ext.word=none']],
    [
      '',
      [
        'activate none',
        'activate one',
        'deactivate',
        'activate bad',
        'deactivate',
        'activate none',
        'deactivate',
      ],
    ],
  ] as const) {
    said.length = 0;
    const folder = extension(t, parts, code(text));
    const listen = ['127.0.0.1:0'];
    const { server } = await startServer(t, { extensions: [folder] });
    const by = async () => {
      const result = await server.check(undefined, 'connect', { host: '127.0.0.1', port: 1 });
      return result.by;
    };
    const options = (word: string) => ({
      listen,
      extensions: [folder],
      settings: { 'ext.word': word },
    });
    await server.reload(options('one'));
    assert.equal(await by(), 'one');
    if (text === listens) {
      await assert.rejects(
        server.reload(options('bad')),
        /"picosocks5-ext" does not take its settings: a bad word/,
      );
      assert.equal(await by(), 'one');
    } else await server.reload(options('bad'));
    await server.reload({ listen, extensions: [folder] });
    assert.equal(await by(), 'none');
    await server.reload({ listen, extensions: [folder] });
    assert.deepEqual(said, [...expected]);
    await server.close();
  }
});

test('one that only looks on and cannot be activated anew goes on as it was', async (t) => {
  const said = diary(t);
  const folder = extension(
    t,
    contributing({ eventSinks: ['mine'] }, settings),
    `export function activate({ configuration, registries }) {
       const word = configuration.get('ext.word');
       if (word === 'bad') throw new Error('a bad word');
       registries.eventSinks.register({ id: 'mine', handle({ type }) { if (type === 'reloaded') globalThis.diary.push(word); } });
     }`,
  );
  const { server, event } = await startServer(t, { extensions: [folder] });
  const options = { listen: ['127.0.0.1:0'], extensions: [folder] };
  await server.reload({ ...options, settings: { 'ext.word': 'bad' } });
  await event('warning', ({ message }) => /cannot be activated: a bad word/.test(message));
  await server.reload({ ...options, settings: { 'ext.word': 'good' } });
  assert.deepEqual(said, ['none', 'good']);
});

test('code that was changed is loaded anew, with what it imports', async (t) => {
  const folder = temporaryDirectory(t);
  const parts = contributing({ accessPolicies: ['mine'] });
  const write = (word: string) => {
    writeExtension(
      folder,
      parts,
      `import { word } from './word.js';
       import { UserError } from 'picosocks5';
       export function activate({ registries }) {
         if (!(new UserError('x') instanceof Error)) throw new Error('no picosocks5');
         registries.accessPolicies.register({ id: 'mine', onRequest: () => ({ by: word }) });
       }`,
    );
    writeFileSync(join(folder, 'word.js'), `export const word = '${word}';`);
    const later = Date.now() / 1000 + said++;
    utimesSync(join(folder, 'extension.js'), later, later);
  };
  let said = 0;
  write('one');
  const { server } = await startServer(t, { extensions: [folder] });
  const by = async () =>
    (await server.check(undefined, 'connect', { host: '127.0.0.1', port: 1 })).by;
  assert.equal(await by(), 'one');
  write('two');
  await server.reload();
  assert.equal(await by(), 'two');
});

test('commands: those of an extension that does not run wake it', async (t) => {
  const said = diary(t);
  const commands = [
    { command: 'ext.greet', title: 'Greet', tray: true },
    { command: 'ext.fail', title: 'Fail' },
    { command: 'ext.none', title: 'None' },
  ];
  const folder = extension(
    t,
    contributing({}, { commands }),
    `export function activate({ commands }) {
       globalThis.diary.push('activate');
       commands.register('ext.greet', async (...words) => 'hello ' + words.join(' '));
       commands.register('ext.fail', () => { throw new Error('no'); });
     }`,
  );
  const dir = temporaryDirectory(t);
  const installed = writeExtension(
    join(dir, 'lazy-1.0.0'),
    { name: 'picosocks5-lazy', contributes: { commands: [{ command: 'lazy.run', title: 'Run' }] } },
    `export function activate({ commands }) { globalThis.diary.push('lazy'); commands.register('lazy.run', () => 7); }`,
  );
  assert.equal(installed, join(dir, 'lazy-1.0.0'));
  const index = {
    extensions: { 'picosocks5-lazy': { version: '1.0.0', folder: 'lazy-1.0.0', enabled: true } },
  };
  writeFileSync(join(dir, 'extensions.json'), JSON.stringify(index));
  const { server } = await startServer(t, { extensions: [folder], extensionsDir: dir });
  assert.deepEqual(
    server.commands
      .filter(({ extension }) => /-(lazy|ext)$/.test(extension))
      .map(({ id, title, tray }) => [id, title, tray]),
    [
      ['lazy.run', 'Run', false],
      ['ext.greet', 'Greet', true],
      ['ext.fail', 'Fail', false],
      ['ext.none', 'None', false],
    ],
  );
  assert.equal(await server.runCommand('ext.greet', 'you', 'two'), 'hello you two');
  await assert.rejects(server.runCommand('ext.fail'), {
    name: 'UserError',
    message: 'ext.fail: no',
  });
  await assert.rejects(
    server.runCommand('ext.none'),
    /"picosocks5-ext" has not registered "ext.none"/,
  );
  await assert.rejects(server.runCommand('ext.great'), /did you mean "ext.greet"\?/);
  assert.deepEqual(said, ['activate']);
  assert.equal(await server.runCommand('lazy.run'), 7);
  await server.reload();
  assert.equal(await server.runCommand('lazy.run'), 7);
  assert.deepEqual(said, ['activate', 'lazy']);
  assert.deepEqual(
    server.extensions
      .filter(({ origin }) => origin !== 'bundled')
      .map(({ manifest, state, origin }) => [manifest.short, origin, state]),
    [
      ['lazy', 'installed', 'active'],
      ['ext', 'folder', 'active'],
    ],
  );
});

test('what a context has: settings, secrets, the server, a folder, which worker it is', async (t) => {
  const file = temporaryFile(t, 'from a file\n');
  process.env['PICOSOCKS5_SECRET_EXT_ONE'] = 'from the environment';
  t.after(() => delete process.env['PICOSOCKS5_SECRET_EXT_ONE']);
  const properties = {
    'ext.one': { type: 'string', secret: true },
    'ext.two': { type: 'string', secret: true },
    'ext.three': { type: 'string', secret: true },
    'ext.number': { type: 'number', default: 1.5 },
    'ext.list': { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
  };
  const commands = [{ command: 'ext.look', title: 'Look' }];
  const folder = extension(
    t,
    contributing({}, { configuration: { properties }, commands }),
    `import { writeFileSync } from 'node:fs';
     import { join } from 'node:path';
     const wrong = async (ask) => { try { await ask(); return 'nothing'; } catch (error) { return error.message; } };
     export function activate({ configuration, secrets, log, server, storagePath, extensionPath, workers, commands }) {
       commands.register('ext.look', async () => {
         const found = [await secrets.get('ext.one'), await secrets.get('ext.two'), await secrets.get('ext.three')];
         log.info('they are ' + found.join(', '));
         writeFileSync(join(storagePath, 'mine'), 'kept');
         const [first] = server.connections();
         return JSON.stringify({
           found, number: configuration.get('ext.number'), list: configuration.get('ext.list'),
           workers, extensionPath, storagePath, client: first?.client.host, ended: server.disconnect(first?.id), none: server.disconnect(99),
           mistakes: [await wrong(() => configuration.get('ext.one')), await wrong(() => configuration.get('ext.numbre')), await wrong(() => secrets.get('ext.number'))],
         });
       });
     }`,
  );
  const dir = temporaryDirectory(t);
  const given = { 'ext.two-file': file, 'ext.list': ['b', 'a'] };
  const { server, port, event } = await startServer(t, {
    extensions: [folder],
    extensionsDir: dir,
    settings: given,
  });
  const client = await connected(t, port, await echoServer(t));
  const look = JSON.parse(String(await server.runCommand('ext.look')));
  assert.deepEqual(look.found, ['from the environment', 'from a file', null]);
  assert.deepEqual(
    [look.number, look.list, look.workers],
    [1.5, ['b', 'a'], { number: 1, count: 1 }],
  );
  assert.equal(look.storagePath, join(dir, 'storage', 'picosocks5-ext'));
  assert.equal(readFileSync(join(look.storagePath, 'mine'), 'utf8'), 'kept');
  assert.deepEqual([look.client, look.ended, look.none], ['127.0.0.1', true, false]);
  await client.readAll().catch(() => {});
  assert.deepEqual(look.mistakes, [
    '"ext.one" is a secret: expected context.secrets.get()',
    'there is no setting "ext.numbre"; did you mean "ext.number"?',
    'there is no secret "ext.number" in package.json',
  ]);
  assert.equal((await event('info')).message, 'ext: they are ***, ***, ');
});

test('a keychain is asked for secrets before all else', async (t) => {
  const properties = { 'ext.one': { type: 'string', secret: true } };
  const folder = extension(
    t,
    contributing(
      {},
      { configuration: { properties }, commands: [{ command: 'ext.look', title: 'Look' }] },
    ),
    `export const activate = ({ secrets, commands }) => void commands.register('ext.look', () => secrets.get('ext.one'));`,
  );
  const { server } = await startServer(t, {});
  server.secrets = async (extension: string, key: string) => `${extension} ${key}`;
  await server.reload({ listen: ['127.0.0.1:0'], extensions: [folder] });
  assert.equal(await server.runCommand('ext.look'), 'picosocks5-ext ext.one');
});

test('helpers: a thread and a process, that answer, fail, and take too long', async (t) => {
  const folder = extension(
    t,
    contributing({}, { commands: [{ command: 'ext.ask', title: 'Ask' }] }),
    `export function activate({ startHelper, commands }) {
       const helpers = { thread: startHelper('helper.js', { timeout: 60_000 }), process: startHelper('./helper.js', { kind: 'process', timeout: 60_000 }) };
       const hanging = { thread: startHelper('helper.js', { timeout: 500 }), process: startHelper('./helper.js', { kind: 'process', timeout: 500 }) };
       commands.register('ext.ask', async (kind, question) => {
         try { return await (question === 'hang' ? hanging : helpers)[kind].ask(question); } catch (error) { return 'failed: ' + error.message; }
       });
       try { startHelper('../other.js'); } catch (error) { if (!/is not in the folder/.test(error.message)) throw error; }
     }`,
  );
  writeFileSync(
    join(folder, 'helper.js'),
    `import { threadId } from 'node:worker_threads';
     export async function answer(question) {
       if (question === 'fail') throw new Error('it fails');
       if (question === 'die') process.exit(3);
       if (question === 'hang') return new Promise(() => {});
       if (question === 'nonsense') return () => {};
       return { question, pid: process.pid, thread: threadId > 0 };
     }`,
  );
  const { server } = await startServer(t, { extensions: [folder] });
  const ask = (kind: string, question: string) => server.runCommand('ext.ask', kind, question);
  for (const kind of ['thread', 'process']) {
    const answer = (await ask(kind, 'a')) as { question: string; pid: number; thread: boolean };
    assert.deepEqual(
      [answer.question, answer.thread, answer.pid === process.pid],
      ['a', kind === 'thread', kind === 'thread'],
    );
    assert.equal(await ask(kind, 'fail'), 'failed: it fails');
    assert.match(String(await ask(kind, 'nonsense')), /^failed: /);
    assert.match(String(await ask(kind, 'die')), /gave no answer: it ended with (status )?3/);
    assert.match(String(await ask(kind, 'hang')), /gave no answer: it took too long/);
    assert.equal(((await ask(kind, 'b')) as { question: string }).question, 'b');
  }
});

test('a process alone speaks to nobody, or to itself; what is no message is said', async (t) => {
  const folder = extension(
    t,
    contributing({}, { commands: [{ command: 'ext.look', title: 'Look' }] }),
    `const wrong = (ask) => { try { return ask(); } catch (error) { return error.name + ': ' + error.message; } };
     export function activate({ workers, commands }) {
       const got = [];
       workers.onMessage((message, from) => {
         if (message.fails) throw new Error('no message');
         try { message.a.push(1); } catch { got.push('frozen'); }
         got.push([JSON.stringify(message), from, message.constructor === undefined]);
       });
       commands.register('ext.look', async () => {
         const sent = [
           workers.send({ a: [1], ['__proto__']: { evil: 1 } }), workers.send({ fails: true }, 1), workers.send({ a: [2] }, 1),
           wrong(() => workers.send(undefined)), wrong(() => workers.send({}, 2)), wrong(() => workers.send('x'.repeat(300000))),
         ];
         await new Promise((resolve) => setTimeout(resolve));
         await new Promise((resolve) => setImmediate(resolve));
         let accepted = 0;
         while (accepted < 100 && workers.send('x'.repeat(200000))) accepted++;
         return JSON.stringify({ sent, got, accepted });
       });
     }`,
  );
  const { server, event } = await startServer(t, { extensions: [folder] });
  const { sent, got, accepted } = JSON.parse(String(await server.runCommand('ext.look')));
  assert.deepEqual(sent, [
    true,
    true,
    true,
    'TypeError: expected what JSON can say, not a undefined',
    'RangeError: there is no worker 2: expected 1 to 1',
    'RangeError: a message has 300002 characters: expected at most 262144',
  ]);
  assert.deepEqual(got, ['frozen', ['{"a":[2]}', 1, true]]);
  assert.ok(accepted >= 4 && accepted < 20, `${accepted} of 200 KB at once`);
  assert.match((await event('warning')).message, /failed, taking a message .*: no message/);
});

test('what was mended is loaded anew, though it never ran, or another server had it', async (t) => {
  const code = (body: string) =>
    `export function activate({ commands }) {
       ${body}
       commands.register('ext.say', () => ${JSON.stringify(body)});
     }`;
  const commands = [{ command: 'ext.say', title: 'Say' }];
  const parts = contributing({ accessPolicies: ['ext'] }, { commands });
  const folder = extension(t, parts, code("throw new Error('at first');"));
  const main = join(folder, 'extension.js');
  const rewrite = (text: string, seconds: number) => {
    writeFileSync(main, text);
    utimesSync(main, seconds, seconds);
  };
  const listen = ['127.0.0.1:0'];
  const { server } = await startServer(t, { listen });
  const wanting = { listen, extensions: [folder] };
  await assert.rejects(server.reload(wanting), /at first/);
  rewrite('export function activate( {', 1000);
  await assert.rejects(server.reload(wanting), /Unexpected/);
  rewrite(code('/* mended */'), 2000);
  await server.reload(wanting);
  assert.equal(await server.runCommand('ext.say'), '/* mended */');
  await server.close();
  rewrite(code('/* changed */'), 3000);
  const { server: next } = await startServer(t, wanting);
  assert.equal(await next.runCommand('ext.say'), '/* changed */');
});
