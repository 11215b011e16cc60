import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Server, ServerOptions } from 'picosocks5';
import { manualClock } from '../support/clock.js';
import { contributing, extension, type ManifestParts } from '../support/extensions.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer } from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted, login } from '../support/socks.js';

/** What has become of those that are not bundled. */
function ownStates(server: Server): string[] {
  return server.extensions.flatMap(({ origin, state }) => (origin === 'bundled' ? [] : [state]));
}

const policy = contributing({ accessPolicies: ['mine'] });

/** A server with an extension, and a client that is connected before it does anything. */
async function serve(
  t: TestContext,
  parts: ManifestParts,
  code: string,
  options: ServerOptions = {},
) {
  const folder = extension(t, parts, code);
  const started = await startServer(t, { extensions: [folder], ...options });
  const echo = await echoServer(t);
  return { ...started, echo, folder };
}

const words = (events: readonly object[]) =>
  events.flatMap((event) => ('message' in event ? [String(event.message)] : []));

const refusals: [name: string, parts: ManifestParts, code: string, message: RegExp][] = [
  [
    'throws when it is loaded',
    policy,
    'throw new Error("no load");',
    /cannot be activated: no load \(extension\.js:1\)/,
  ],
  [
    'is no module',
    policy,
    'export const = 1;',
    /cannot be activated: .*(Unexpected token|SyntaxError)/,
  ],
  [
    'has no activate()',
    policy,
    'export const a = 1;',
    /cannot be activated: its main file exports no activate\(\)/,
  ],
  [
    'throws in activate()',
    policy,
    'export function activate() {\n  throw new Error("not today"); }',
    /not today \(extension\.js:2\)/,
  ],
  [
    'rejects',
    policy,
    'export async function activate() { throw undefined; }',
    /cannot be activated: undefined/,
  ],
  [
    'takes too long',
    policy,
    'export const activate = () => new Promise(() => {});',
    /cannot be activated: it took longer than 0\.2 s/,
  ],
  [
    'takes too long to load',
    policy,
    'await new Promise(() => {}); export function activate() {}',
    /it took longer than 0\.2 s/,
  ],
  [
    'registers what it does not contribute',
    policy,
    'export function activate({ registries }) { registries.accessPolicies.register({ id: "other", onConnect() {} }); }',
    /cannot be activated: it registers "other" in accessPolicies, which its package\.json does not contribute; expected it in contributes\.accessPolicies/,
  ],
  [
    'registers twice',
    policy,
    'export function activate({ registries: { accessPolicies: p } }) { p.register({ id: "mine" }); p.register({ id: "mine" }); }',
    /"mine" of accessPolicies is registered already/,
  ],
  [
    'registers what is built in',
    contributing({ outbounds: ['direct'] }),
    'export function activate({ registries }) { registries.outbounds.register({ id: "direct", resolves: false, connect() {} }); }',
    /"direct" of outbounds is built in/,
  ],
  [
    'registers a scheme that it does not contribute',
    contributing({ outbounds: ['mine'] }),
    'export function activate({ registries }) { registries.outbounds.register({ id: "mine", schemes: ["http"], resolves: true, connect() {} }); }',
    /its scheme "http" is none of those that package\.json contributes/,
  ],
  [
    'registers nonsense',
    contributing({ authenticationMethods: ['mine'] }),
    'export function activate({ registries }) { registries.authenticationMethods.register({ id: "mine", code: 300, strength: 1, available() {}, authenticate() {} }); }',
    /its code is no METHOD of 0 to 254/,
  ],
  [
    'registers a command that it does not contribute',
    policy,
    'export function activate({ commands }) { commands.register("mine.run", () => {}); }',
    /cannot be activated: it registers the command "mine\.run", which its package\.json does not contribute/,
  ],
  [
    'changes what it is given',
    policy,
    '"use strict"; export function activate(context) { context.registries.accessPolicies.register = () => {}; }',
    /cannot be activated: Cannot assign to read only property 'register'/,
  ],
  [
    'goes for prototypes',
    policy,
    'export function activate({ registries }) { registries.accessPolicies.__proto__.register = () => {}; }',
    /cannot be activated: Cannot set properties of undefined/,
  ],
];
for (const [name, parts, code, message] of refusals) {
  test(`an extension that guards and ${name} keeps the server from starting`, async (t) => {
    const folder = extension(t, parts, code);
    const activationTimeout = name.startsWith('takes too long') ? 0.2 : 60;
    const options = { extensions: [folder], activationTimeout };
    await assert.rejects(startServer(t, options), { name: 'UserError', message });
  });
}

test('a source that cannot be opened, in one sentence, and in time', async (t) => {
  const clock = manualClock(t, ['setTimeout']);
  const hangs = new Promise<void>((resolve) => {
    Object.assign(globalThis, { sourceHangs: resolve });
  });
  const folder = extension(
    t,
    contributing({ authenticationSources: ['mine'] }),
    `export const activate = ({ registries }) => void registries.authenticationSources.register({ id: 'mine', open(text) {
       if (text === 'throws') throw new Error('no such table');
       if (text !== 'hangs') return undefined;
       globalThis.sourceHangs();
       return new Promise(() => {});
     } });`,
  );
  for (const [text, message] of [
    ['throws', /^the extension "ext": no such table \(extension\.js:2\)$/],
    ['hangs', /^the extension "ext": "mine:" was not opened within 0\.2 s$/],
    ['nothing', /^the extension "ext": open\(\) gave no source$/],
  ] as const) {
    const options = { extensions: [folder], auth: [`mine:${text}`], activationTimeout: 0.2 };
    const failing = assert.rejects(startServer(t, options), { name: 'UserError', message });
    if (text === 'hangs') await hangs.then(() => clock.passUntil(failing, 200));
    await failing;
  }
});

test('one that only looks on is told of and left out', async (t) => {
  const code = 'export function activate() { throw new Error("no disk"); }';
  const { port, echo, server, event } = await serve(
    t,
    contributing({ eventSinks: ['mine'] }),
    code,
  );
  await event('warning', ({ message }) =>
    /"picosocks5-ext" cannot be activated: no disk/.test(message),
  );
  await assertEcho(await connected(t, port, echo));
  assert.deepEqual(ownStates(server), ['failed']);
});

test('a question that throws, hangs, or is answered with nonsense denies', async (t) => {
  const { port, echo, event } = await serve(
    t,
    policy,
    `const answers = [
       () => undefined, () => { throw new Error('broken'); }, () => new Promise(() => {}),
       () => ({ get by() { throw new Error('a getter'); } }), () => ({ then() { throw new Error('a then'); } }),
       () => new Proxy({}, { get() { throw new Error('a proxy'); }, has() { throw new Error('a proxy'); } }),
       () => 'nonsense', async () => undefined,
     ];
     let i = 0;
     export function activate({ registries }) {
       registries.accessPolicies.register({ id: 'mine', onRequest: () => answers[i++]() });
     }`,
    { answerTimeout: 0.3 },
  );
  const replies: number[] = [];
  for (let i = 0; i < 8; i++) {
    replies.push((await connectTo(await greeted(t, port), '127.0.0.1', echo)).reply);
  }
  assert.deepEqual(replies, [0, 2, 2, 2, 2, 2, 2, 0]);
  await event('warning', ({ message }) => /"mine" failed, which denies: broken/.test(message));
});

test('a source that hangs, or lies about who somebody is, denies', async (t) => {
  const { port } = await serve(
    t,
    contributing({ authenticationSources: ['mine'] }),
    `const answers = {
       hangs: () => new Promise(() => {}), throws: () => { throw new Error('broken'); },
       lies: () => ({ user: { toString: () => 'root' } }), yes: (password) => { password.fill(0); return { user: 'yes' }; },
     };
     export function activate({ registries }) {
       registries.authenticationSources.register({ id: 'mine', open: () => ({
         name: 'mine', kinds: new Set(['password']), verify: (user, password) => answers[user]?.(password),
       }) });
     }`,
    { auth: ['mine:x'], answerTimeout: 0.3 },
  );
  for (const user of ['hangs', 'throws', 'lies', 'nobody']) {
    assert.notEqual((await login(t, port, user, 'pw')).status, 0, user);
  }
  assert.equal((await login(t, port, 'yes', 'pw')).status, 0);
});

const escapes: [name: string, code: string][] = [
  ['a timer', 'setTimeout(() => { throw new Error("from a timer"); }, 5)'],
  ['a rejection', 'setTimeout(() => Promise.reject(new Error("from a promise")), 5)'],
  [
    'an event emitter of its own',
    'setTimeout(() => new EventEmitter().emit("error", new Error("from an emitter")), 5)',
  ],
  ['a socket without a listener', 'connect(1, "127.0.0.1")'],
  ['what is no error', 'setTimeout(() => { throw "a word"; }, 5)'],
  [
    'an error that cannot be shown',
    'setTimeout(() => { throw Object.defineProperty(new Error(), "message", { get() { throw new Error("no"); } }); }, 5)',
  ],
];
for (const [name, code] of escapes) {
  test(`what ${name} throws is attributed; after 5 the extension is switched off, and what it guards refused`, async (t) => {
    const { port, echo, event, server, events } = await serve(
      t,
      contributing({ accessPolicies: ['mine'], eventSinks: ['sink'] }),
      `import { EventEmitter } from 'node:events';
       import { connect } from 'node:net';
       export function activate({ registries }) {
         registries.accessPolicies.register({ id: 'mine', onRequest() { ${code}; } });
         registries.eventSinks.register({ id: 'sink', handle() {} });
       }`,
    );
    const before = await connected(t, port, echo);
    for (let i = 1; i <= 5; i++) {
      while (
        events.filter((one) => 'message' in one && /let an error escape/.test(one.message)).length <
        i
      ) {
        await event('warning', () => true);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      if (i < 5) await connected(t, port, echo);
    }
    await event('warning', ({ message }) =>
      /"ext" is switched off.*what it guards is refused/.test(message),
    );
    assert.equal((await connectTo(await greeted(t, port), '127.0.0.1', echo)).reply, 2);
    await assertEcho(before);
    assert.deepEqual(server.registries.eventSinks.ids, []);
    assert.deepEqual(ownStates(server), ['off']);
    const { listen, ...rest } = { listen: ['127.0.0.1:0'], extensions: [] };
    await server.reload({ ...rest, listen });
    const [address] = server.addresses;
    await connected(t, address?.port ?? 0, echo);
  });
}

for (const [where, held] of [
  ['a question', 'loop()'],
  ['a timer', 'setTimeout(loop, 10)'],
  ['a step of a promise', 'void Promise.resolve().then(loop)'],
] as const) {
  test(`who holds the event loop is named: in ${where}`, async (t) => {
    const { holding, port, echo } = await serve(
      t,
      policy,
      `const hold = (time) => { for (const until = performance.now() + time; performance.now() < until; ); };
       const loop = () => hold(200);
       export function activate({ registries }) {
         // Before anybody is served, which is nothing to tell.
         hold(60);
         registries.accessPolicies.register({ id: 'mine', onRequest() { ${held}; } });
       }`,
    );
    const first = connected(t, port, echo);
    assert.match(await holding(), /^the extension "ext" held the event loop for \d{3,} ms/);
    await assertEcho(await first);
    await assertEcho(await connected(t, port, echo));
  });
}

test('games with what it is given do the server no harm', async (t) => {
  const { port, echo, server } = await serve(
    t,
    contributing({ accessPolicies: ['mine'], eventSinks: ['sink'], outbounds: ['out'] }),
    `const games = (value, depth = 0) => {
       if (typeof value !== 'object' || value === null || depth > 4) return;
       if (value instanceof Uint8Array) { value.fill(0xff); return; }
       if (value instanceof AbortSignal) return;
       for (const change of [
         () => { value.__proto__.polluted = true; }, () => Object.setPrototypeOf(value, { by: 'x' }),
         () => { value.constructor.prototype.polluted = true; }, () => Object.assign(value, { user: 'root', host: 'x' }),
         () => { for (const key of Object.keys(value)) delete value[key]; }, () => value.push?.('x'),
         () => Object.defineProperty(value, 'then', { value() {} }),
       ]) try { change(); } catch {}
       for (const item of Object.values(value)) games(item, depth + 1);
     };
     export function activate(context) {
       games(context.server.connections());
       const { subscriptions, ...rest } = context;
       games(rest.registries); games(rest.server); games(rest.workers); games(rest.log);
       try { subscriptions.__proto__.polluted = true; } catch {}
       const { registries } = context;
       registries.accessPolicies.register({
         id: 'mine', onConnect: (...all) => all.forEach((one) => games(one)),
         onAuthenticated: (...all) => all.forEach((one) => games(one)),
         onRequest: (...all) => all.forEach((one) => games(one)), onAddress: (...all) => all.forEach((one) => games(one)),
       });
       registries.eventSinks.register({ id: 'sink', handle: games });
       registries.outbounds.register({ id: 'out', resolves: false, serves(request) { games(request); return false; }, connect() {} });
     }`,
  );
  await assertEcho(await connected(t, port, echo));
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  const [connection] = server.connections();
  assert.equal(connection?.client.host, '127.0.0.1');
  assert.equal(connection?.user, undefined);
});

test('what it logs is bounded, in one line, and does not come back to its own sink for ever', async (t) => {
  const { event, events, port, echo } = await serve(
    t,
    contributing({ eventSinks: ['mine'] }),
    `export function activate({ log, registries }) {
       for (let i = 0; i < 1000; i++) log.info('x'.repeat(1_000_000));
       registries.eventSinks.register({ id: 'mine', handle(event) { log.debug('saw ' + event.type); } });
       setTimeout(() => log.warn('later'), 1100);
     }`,
  );
  await assertEcho(await connected(t, port, echo));
  const lines = () => words(events).filter((text) => text.startsWith('ext: x'));
  assert.ok(lines().length < 900, String(lines().length));
  assert.ok(lines().every((text) => text.length < 5000));
  await event('warning', ({ message }) => /^ext: \d+ lines were left out/.test(message));
  await event('warning', ({ message }) => message === 'ext: later');
});

test('a connection of its own that fails in its code ends alone', async (t) => {
  const { port, echo, event } = await serve(
    t,
    contributing({ outbounds: ['mine'] }),
    `import { Duplex } from 'node:stream';
     export function activate({ registries }) {
       registries.outbounds.register({
         id: 'mine', resolves: true, serves: ({ destination }) => destination.host === 'bad.test',
         connect: () => Object.assign(new Duplex({ read() {}, allowHalfOpen: true }), { write() { throw new Error('no write'); } }),
       });
     }`,
  );
  const other = await connected(t, port, echo);
  const client = await greeted(t, port);
  assert.equal((await connectTo(client, 'bad.test', 1)).reply, 0);
  client.send('data');
  await event('warning', ({ message }) =>
    /"ext" failed, a connection that it has made: no write/.test(message),
  );
  await client.readAll().catch(() => {});
  await event('closed');
  await assertEcho(other);
});

test('an answer that a dialect cannot write ends the connection, and nothing is left of it', async (t) => {
  const { port, event, server } = await serve(
    t,
    contributing({ dialects: ['mine'] }),
    `import { Command } from 'picosocks5';
     export function activate({ registries }) {
       registries.dialects.register({
         id: 'mine', recognizes: ([first]) => first === 0x40, identify: async () => ({}),
         readRequest: (dialogue) => dialogue.read((octets) => ({ value: { command: Command.connect, destination: { host: '127.0.0.1', port: 1 } }, length: octets.length })),
         encode() { throw new Error('no words'); },
       });
     }`,
  );
  const client = (await Client.connect(t, port)).send('@');
  assert.deepEqual(await client.readAll(), bytes());
  await event('warning', ({ message }) =>
    /an answer in the dialect "mine": no words/.test(message),
  );
  await event('closed');
  assert.deepEqual(server.connections(), []);
});

test('files that others can change are refused, each with its sentence', {
  skip: process.platform === 'win32' ? 'modes mean nothing there' : undefined,
}, async (t) => {
  const code = 'export function activate() {}';
  const folder = extension(t, policy, code);
  const start = () => startServer(t, { extensions: [folder] });
  for (const [path, mode] of [
    [join(folder, 'extension.js'), 0o666],
    [join(folder, 'package.json'), 0o664],
    [folder, 0o777],
    [join(folder, '..'), 0o777],
  ] as const) {
    chmodSync(path, mode);
    const mended =
      /can be changed by (everybody|its group) \(mode \d+\); mend that with: chmod go-w /;
    await assert.rejects(start(), { name: 'UserError', message: mended });
    chmodSync(path, mode & ~0o022);
  }
  await start();
  writeFileSync(join(folder, 'package.json'), '{');
  await assert.rejects(start(), /package\.json: it is no JSON/);
});

test('one that is switched off cannot take back what it guards', async (t) => {
  const { port, echo, event } = await serve(
    t,
    policy,
    `export function activate({ registries }) {
       const registration = registries.accessPolicies.register({ id: 'mine', onRequest() {} });
       let count = 0;
       const timer = setInterval(() => {
         if (++count === 5) {
           clearInterval(timer);
           setTimeout(() => { registration.dispose(); globalThis.disposedLate?.(); }, 10);
         }
         throw new Error('escaped');
       }, 5);
     }`,
  );
  const disposed = new Promise<void>((resolve) => {
    Object.assign(globalThis, { disposedLate: resolve });
  });
  await event('warning', ({ message }) => /is switched off/.test(message));
  await disposed;
  assert.equal((await connectTo(await greeted(t, port), '127.0.0.1', echo)).reply, 2);
});
