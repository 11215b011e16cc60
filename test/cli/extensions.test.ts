import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import * as module from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { contributing, extension, writeExtension } from '../support/extensions.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { run } from '../support/programs.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted, login } from '../support/socks.js';

const configuration = {
  title: 'Extension',
  properties: {
    'ext.port': { type: 'integer', minimum: 1, maximum: 65535, description: 'A port', default: 25 },
    'ext.word': { type: 'string', enum: ['one', 'two'], description: 'A word' },
    'ext.key': { type: 'string', secret: true, description: 'A key' },
    'ext.list': { type: 'array', description: 'A list' },
    'ext.flag': { type: 'boolean', description: 'A flag' },
  },
};
const parts = contributing(
  { authenticationSources: ['ext'], accessPolicies: ['guard'] },
  { configuration },
);
const nothing = 'export function activate() {}';

function picosocks5(t: TestContext, ...args: string[]) {
  return run(t, process.execPath, [PICOSOCKS5, ...args]);
}

type Mistake = [name: string, args: (t: TestContext) => string[], message: RegExp];

/** An extension, and a file with lines about it. */
function file(t: TestContext, lines: string, more: object = {}): string[] {
  const folder = extension(t, { ...parts, ...more }, nothing);
  return ['-c', temporaryFile(t, `extension = ${folder}\n${lines}\n`, 'p.ini'), '127.0.0.1:0'];
}

/** One whose package.json is wrong. */
function wrong(t: TestContext, more: object): string[] {
  return ['--extension', extension(t, more as Record<string, unknown>, nothing), '127.0.0.1:0'];
}

const mistakes: Mistake[] = [
  [
    'an unknown setting',
    (t) => file(t, '[extension:ext]\nprot = 1'),
    /p\.ini:3: ext\.prot: the extension "picosocks5-ext" has no setting "prot"; did you mean "port"\?/,
  ],
  [
    'a setting with its prefix',
    (t) => file(t, '[extension:ext]\next.port = 1'),
    /p\.ini:3: ext\.ext\.port: .* has no setting "ext\.port"; did you mean "port"\?/,
  ],
  [
    'a wrong number',
    (t) => file(t, '[extension:ext]\nport = 0'),
    /p\.ini:3: ext\.port: expected a whole number from 1 to 65535, not 0/,
  ],
  [
    'no number',
    (t) => file(t, '[extension:ext]\nport = many'),
    /p\.ini:3: ext\.port: expected a whole number from 1 to 65535, not "many"/,
  ],
  [
    'a wrong word',
    (t) => file(t, '[extension:ext]\nword = three'),
    /p\.ini:3: ext\.word: expected one of one, two, not "three"/,
  ],
  [
    'a wrong flag',
    (t) => file(t, '[extension:ext]\nflag = maybe'),
    /p\.ini:3: ext\.flag: expected yes or no, not "maybe"/,
  ],
  [
    'a secret in a file',
    (t) => file(t, '[extension:ext]\nkey = hunter2'),
    /p\.ini:3: ext\.key: it is a secret(?!.*hunter2).*PICOSOCKS5_SECRET_EXT_KEY.*ext\.key-file names/,
  ],
  [
    'a secret file that is not there',
    (t) => file(t, '[extension:ext]\nkey-file = /nowhere'),
    /cannot read "\/nowhere" of ext\.key: no such file/,
  ],
  [
    'settings of an extension that is not there',
    (t) => file(t, '[extension:extt]\nport = 1'),
    /p\.ini:3: extt\.port: there is no extension "extt"; did you mean "ext"\?/,
  ],
  [
    'settings of none',
    () => ['--set', 'nobody.x=1', '127.0.0.1:0'],
    /--set: nobody\.x: there is no extension "nobody"; expected a folder, or one of those that are bundled or installed/,
  ],
  [
    'a wrong --set',
    () => ['--set', 'hunter2', '127.0.0.1:0'],
    /--set: expected EXTENSION\.KEY=VALUE(?!.*hunter2)/,
  ],
  [
    'a wrong value of --set',
    (t) => [...file(t, ''), '--set', 'ext.port=x'],
    /--set: ext\.port: expected a whole number/,
  ],
  [
    'a misspelt section',
    (t) => file(t, '[extensoin:ext]\nport = 1'),
    /p\.ini:2: \[extensoin:ext\].*did you mean \[extension:ext\]\?/,
  ],
  [
    'a folder that is none',
    () => ['--extension', './nowhere', '127.0.0.1:0'],
    /"\.\/nowhere" is no extension: "nowhere\/package\.json": no such file/,
  ],
  [
    'a name that is none',
    () => ['--extension', 'nowhere', '127.0.0.1:0'],
    /extension: there is no extension "nowhere"/,
  ],
  [
    '--extensions alone',
    () => ['--extensions'],
    /--extensions goes with --help; to load an extension: --extension FOLDER\|NAME/,
  ],
  [
    'no name',
    (t) => wrong(t, { name: 'A B' }),
    /package\.json: name: expected the name of a package, not "A B"/,
  ],
  [
    'no version',
    (t) => wrong(t, { version: 'one' }),
    /package\.json: version: expected one like 1\.0\.0, not "one"/,
  ],
  [
    'no main',
    (t) => wrong(t, { main: undefined }),
    /package\.json: main: expected the file that has activate\(\)/,
  ],
  [
    'a main elsewhere',
    (t) => wrong(t, { main: '../x.js' }),
    /main: "\.\.\/x\.js" is not in the folder/,
  ],
  [
    'a main that is not there',
    (t) => wrong(t, { main: 'x.js' }),
    /"picosocks5-ext" has no ".*x\.js": no such file/,
  ],
  [
    'a tarball in the place of a folder',
    (t) => ['--extension', temporaryFile(t, 'x', 'ext-1.0.0.tgz')],
    /is no extension: .*; expected it installed: picosocks5 extension install .*ext-1\.0\.0\.tgz$/m,
  ],
  [
    'settings by the whole name',
    (t) => ['--extension', wrong(t, {})[1] ?? '', '--set', 'picosocks5-ext.x=1'],
    /: settings of "picosocks5-ext" go by its short name: "ext"$/m,
  ],
  [
    'another version of picosocks5, which knows more registries',
    (t) => wrong(t, { engines: { picosocks5: '^2.0.0' }, contributes: { clocks: [] } }),
    /package\.json: engines\.picosocks5: it is for \^2\.0\.0, and this is 1\./,
  ],
  [
    'another version of picosocks5',
    (t) => wrong(t, { engines: { picosocks5: '^2.0.0' } }),
    /package\.json: engines\.picosocks5: it is for \^2\.0\.0, and this is 1\./,
  ],
  [
    'no version of picosocks5',
    (t) => wrong(t, { engines: { node: '>=20' } }),
    /engines\.picosocks5: expected the versions that it is for, such as "\^1/,
  ],
  [
    'an unknown registry',
    (t) => wrong(t, { contributes: { acessPolicies: [] } }),
    /contributes\.acessPolicies: there is no such registry; did you mean "accessPolicies"\?/,
  ],
  [
    'a contribution without an id',
    (t) => wrong(t, { contributes: { accessPolicies: [{}] } }),
    /contributes\.accessPolicies\[0\]: id: expected a word, and it is missing/,
  ],
  [
    'a contribution twice',
    (t) => wrong(t, contributing({ accessPolicies: ['a', 'a'] })),
    /contributes\.accessPolicies\[1\]: "a" stands there twice/,
  ],
  [
    'a key of somebody else',
    (t) =>
      wrong(t, {
        contributes: { configuration: { properties: { 'other.x': { type: 'string' } } } },
      }),
    /the key "other\.x" does not begin with "ext\."/,
  ],
  [
    'a wrong type',
    (t) =>
      wrong(t, { contributes: { configuration: { properties: { 'ext.x': { type: 'text' } } } } }),
    /ext\.x: expected a type of boolean, integer.*not "text"/,
  ],
  [
    'a misspelt keyword',
    (t) =>
      wrong(t, {
        contributes: {
          configuration: { properties: { 'ext.x': { type: 'string', secert: true } } },
        },
      }),
    /ext\.x: unknown keyword "secert"; did you mean "secret"\?/,
  ],
  [
    'a wrong default',
    (t) =>
      wrong(t, {
        contributes: {
          configuration: { properties: { 'ext.x': { type: 'integer', default: 'x' } } },
        },
      }),
    /ext\.x: default: expected a whole number, not "x"/,
  ],
];
for (const [name, args, message] of mistakes) {
  test(`${name} is one line on stderr and exit status 1`, async (t) => {
    const { status, stdout, stderr } = await picosocks5(t, ...args(t));
    assert.match(stderr, message);
    assert.match(stderr, /^picosocks5: [^\n]*\n$/);
    assert.deepEqual([status, stdout], [1, '']);
  });
}

test('a format that nobody has, and with --no-extensions', async (t) => {
  const unknown = await picosocks5(t, '-a', 'ext:x', '127.0.0.1:0');
  assert.match(unknown.stderr, /auth: "ext:x": unknown format "ext"/);
  const folder = extension(t, parts, nothing);
  const safe = await picosocks5(
    t,
    '--no-extensions',
    '--extension',
    folder,
    '-a',
    'ext:x',
    '127.0.0.1:0',
  );
  assert.match(safe.stderr, /unknown format "ext"/);
  const command = new Command(t, [
    '--no-extensions',
    '--grace',
    '0',
    '--extension',
    '/nowhere',
    '--set',
    'a.b=1',
    '127.0.0.1:0',
  ]);
  await connected(t, await command.port(), await echoServer(t));
  assert.equal(await command.stop(), 0);
});

test('--help --extensions says what there is, and loads nothing', async (t) => {
  const folder = extension(
    t,
    { ...parts, description: 'Users of a table' },
    'console.error("loaded"); export function activate() {}',
  );
  const { status, stdout, stderr } = await picosocks5(
    t,
    '--help',
    '--extensions',
    '--extension',
    folder,
  );
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^Extensions:\n/);
  const words = stdout.replace(/\s+/g, ' ');
  for (const text of [
    `ext (picosocks5-ext 1.0.0, ${folder})`,
    'Users of a table',
    '--auth ext:...',
    'accessPolicies: guard',
    'ext.port = a whole number from 1 to 65535: A port [25]',
    'ext.word = one of one, two: A word',
    'PICOSOCKS5_SECRET_EXT_KEY in the environment, or ext.key-file = FILE: A key',
  ]) {
    assert.ok(words.includes(text), `${text} in:\n${stdout}`);
  }
  for (const line of stdout.split('\n').slice(2)) assert.ok(line.length <= 80, line);
});

const guard = `
  export async function activate({ registries, workers, log, configuration, commands }) {
    log.info('worker ' + workers.number + ' of ' + workers.count + ' as ' + process.getuid?.());
    registries.authenticationSources.register({ id: 'ext', open: (text) => ({
      name: text, kinds: new Set(['password']),
      verify: (user, password) => (Buffer.from(password).toString() === text ? { user } : undefined),
    }) });
    registries.accessPolicies.register({ id: 'guard', onAddress: ({ destination }) =>
      destination.port === configuration.get('ext.port') ? { by: 'the guard' } : undefined });
  }`;

for (const workers of ['1', '2']) {
  test(`with --workers ${workers} each activates, and SIGHUP brings other settings`, async (t) => {
    const folder = extension(t, parts, guard);
    const echo = await echoServer(t);
    const port = await freePort(t);
    const ini = temporaryFile(t, '', 'p.ini');
    const write = (lines: string) =>
      writeFileSync(ini, `extension = ${folder}\nauth = ext:secret\n[extension:ext]\n${lines}\n`);
    write(`port = ${echo}\nlist = a\nlist = b\nflag = yes`);
    const command = new Command(t, [
      '-c',
      ini,
      '--workers',
      workers,
      '--grace',
      '0',
      `127.0.0.1:${port}`,
    ]);
    await command.port();
    for (let number = 1; number <= Number(workers); number++) {
      await command.line(new RegExp(`ext: worker ${number} of ${workers} as`));
    }
    const reply = async () => {
      const { client, status } = await login(t, port, 'alice', 'secret');
      assert.equal(status, 0);
      return { client, reply: (await connectTo(client, '127.0.0.1', echo)).reply };
    };
    for (let i = 0; i < 4; i++) assert.equal((await reply()).reply, 2);
    const reload = async (pattern: RegExp) => {
      const before = command.lines.length;
      command.child.kill('SIGHUP');
      for (;;) {
        if (command.lines.slice(before).some((line) => pattern.test(line))) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    write('port = 1');
    await reload(/reloaded/);
    const { client, reply: answer } = await reply();
    assert.equal(answer, 0);
    write('port = nonsense');
    await reload(/nothing was reloaded: .*p\.ini:4: ext\.port: expected a whole number/);
    await assertEcho(client);
    assert.equal((await reply()).reply, 0);
    writeFileSync(ini, '');
    await reload(/reloaded/);
    await assertEcho(client);
    await connected(t, port, echo);
    assert.equal(await command.stop(), 0);
  });

  test(`with --workers ${workers} what escapes is told, and then switched off; leaks keep no process`, async (t) => {
    const folder = extension(
      t,
      contributing({ accessPolicies: ['guard'] }),
      `import { createServer } from 'node:net';
       export function activate({ registries, workers }) {
         registries.accessPolicies.register({ id: 'guard', onRequest() {} });
         createServer().listen(0, '127.0.0.1');
         setInterval(() => {}, 10);
         if (workers.number !== 1) return;
         let count = 0;
         const timer = setInterval(() => { if (++count === 5) clearInterval(timer); throw new Error('escaped ' + count); }, 20);
       }`,
    );
    const port = await freePort(t);
    const command = new Command(t, [
      '--extension',
      folder,
      '--workers',
      workers,
      '--grace',
      '0',
      `127.0.0.1:${port}`,
    ]);
    await command.line(
      /warn +the extension "ext" let an error escape: escaped 1 \(extension\.js:8\)/,
    );
    await command.line(/warn +the extension "ext" is switched off, since 5 errors escaped/);
    assert.ok(!command.lines.some((line) => /internal error/.test(line)));
    const refused = async () => (await connectTo(await greeted(t, port), '127.0.0.1', 1)).reply;
    const replies = new Set<number>();
    // Of several workers it is one.
    while (!replies.has(2)) for (const one of [refused(), refused()]) replies.add(await one);
    assert.equal(await command.stop(), 0);
  });
}

/** Starts a server with an extension, and throws an error where a condition holds of the thread. */
async function failing(t: TestContext, condition: string) {
  const folder = extension(
    t,
    contributing({ eventSinks: ['mine'] }),
    'export function activate({ registries }) { registries.eventSinks.register({ id: "mine", handle() {} }); }',
  );
  const sign = join(temporaryDirectory(t), 'now');
  const bug = `const { existsSync } = require('node:fs');
    const { isMainThread } = require('node:worker_threads');
    const timer = setInterval(() => {
      if (!existsSync(${JSON.stringify(sign)})) return;
      clearInterval(timer);
      if (${condition}) throw new Error('our own');
    }, 20).unref();`;
  const command = new Command(t, ['--extension', folder, '--grace', '0', '127.0.0.1:0'], {
    NODE_OPTIONS: `-r ${temporaryFile(t, bug, 'bug.cjs')}`,
  });
  const port = await command.port();
  writeFileSync(sign, '');
  await command.line(/err +internal error: Error: our own/);
  await connected(t, port, await echoServer(t));
  assert.ok(!command.lines.some((line) => /let an error escape/.test(line)), 'whose it is');
  assert.equal(await command.stop(), 0);
}

test('an escaped exception of the server itself is what it was', (t) => failing(t, 'isMainThread'));

test(
  'one of the thread that Node runs module hooks in neither ends the server nor is an extension’s',
  {
    skip: 'registerHooks' in module ? 'this Node has no such thread' : undefined,
  },
  (t) => failing(t, '!isMainThread'),
);

const root = process.getuid?.() === 0 ? undefined : 'not root';

for (const workers of ['1', '2']) {
  test(`ports are bound and files read before privileges are dropped, and only then is it activated (${workers})`, {
    skip: root,
  }, async (t) => {
    const folder = extension(
      t,
      parts,
      guard
        .replace(
          'registries.authenticationSources',
          `if ((await secrets.get('ext.key')) !== 'hunter2') throw new Error('no key');
        registries.authenticationSources`,
        )
        .replace('{ registries,', '{ secrets, registries,'),
    );
    chmodSync(join(folder, '..'), 0o755);
    const key = temporaryFile(t, 'hunter2\n', 'key');
    chmodSync(key, 0o600);
    const port = await freePort(t);
    const args = [
      '--extension',
      folder,
      '--grace',
      '0',
      '-a',
      'ext:secret',
      '--set',
      `ext.key-file=${key}`,
      '-u',
      'nobody',
    ];
    const command = new Command(t, [...args, '--workers', workers, `127.0.0.1:${port}`]);
    await command.line(/ext: worker 1 of \d as 65534/);
    await command.port();
    await command.line(
      /SIGHUP will change nothing: cannot read ".*key", which has a secret: permission denied/,
    );
    assert.equal((await login(t, port, 'alice', 'secret')).status, 0);
    // Who takes the place of a worker cannot read it any more, either.
    for (const worker of workers === '1' ? [] : command.children()) process.kill(worker, 'SIGKILL');
    while (workers !== '1') {
      if (command.lines.filter((line) => /ext: worker \d of 2/.test(line)).length >= 4) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal((await login(t, port, 'alice', 'secret')).status, 0);
    assert.equal(await command.stop(), 0);
  });
}

test('what the user of the server or others own', { skip: root }, async (t) => {
  const folder = extension(t, contributing({ eventSinks: ['mine'] }), nothing);
  chmodSync(join(folder, '..'), 0o755);
  const main = join(folder, 'extension.js');
  const start = (user: string) => picosocks5(t, '--extension', folder, '-u', user, '192.0.2.1:0');
  chownSync(main, 65534, 65534);
  assert.match(
    (await start('nobody')).stderr,
    /cannot listen on 192\.0\.2\.1|without users/,
    'it is let',
  );
  const { stderr } = await start('daemon');
  assert.match(
    stderr,
    /"picosocks5-ext"|is not loaded: ".*extension\.js" belongs to the user 65534, who could change it/,
  );
});

test('clients that come while it is being activated are served when it is', async (t) => {
  const folder = extension(
    t,
    contributing({ accessPolicies: ['mine'] }),
    `import { connect } from 'node:net';
     export async function activate({ registries, configuration, server }) {
       const socket = connect(Number(process.env.PROXY_PORT), '127.0.0.1');
       await new Promise((resolve) => socket.once('connect', resolve));
       let answered = false;
       socket.on('data', () => { answered = true; });
       socket.write(Uint8Array.of(5, 1, 0));
       await new Promise((resolve) => setTimeout(resolve, 300));
       if (answered) throw new Error('it was served already');
       registries.accessPolicies.register({ id: 'mine', onRequest: () => ({ by: 'mine' }) });
       socket.unref();
       globalThis.socket = socket;
     }`,
  );
  const port = await freePort(t);
  const command = new Command(t, ['--extension', folder, '-v', 'debug', `127.0.0.1:${port}`], {
    PROXY_PORT: String(port),
  });
  await command.line(/listening/);
  await command.line(/authenticated #1/);
  assert.equal((await connectTo(await greeted(t, port), '127.0.0.1', 1)).reply, 2);
});

test('an installed one is used when it is asked for, and not when it is disabled', async (t) => {
  const dir = temporaryDirectory(t);
  mkdirSync(join(dir, 'a'));
  writeExtension(join(dir, 'a', 'x'), { ...parts, name: '@acme/picosocks5-ext' }, guard);
  const write = (enabled: boolean) =>
    writeFileSync(
      join(dir, 'extensions.json'),
      JSON.stringify({
        extensions: {
          '@acme/picosocks5-ext': { version: '1.0.0', folder: 'a/x', enabled, sha512: 'x' },
        },
      }),
    );
  write(true);
  for (const args of [
    ['--extension', 'ext'],
    ['--extension', '@acme/picosocks5-ext'],
    ['-a', 'ext:pw'],
    ['--set', 'ext.port=7'],
  ]) {
    const command = new Command(t, ['--extensions-dir', dir, ...args, '127.0.0.1:0']);
    await command.line(/ext: worker 1 of 1/);
    await command.stop();
  }
  const idle = new Command(t, ['--extensions-dir', dir, '127.0.0.1:0']);
  await idle.port();
  await idle.stop();
  assert.ok(!idle.lines.some((line) => /worker 1/.test(line)));
  write(false);
  for (const args of [
    ['--extension', 'ext'],
    ['-a', 'ext:pw'],
    ['--set', 'ext.port=7'],
  ]) {
    const { stderr } = await picosocks5(t, '--extensions-dir', dir, ...args, '127.0.0.1:0');
    assert.match(
      stderr,
      /"@acme\/picosocks5-ext" is disabled; enable it with: picosocks5 extension enable @acme\/picosocks5-ext/,
    );
  }
});

test('without an extension nothing of what it takes is loaded', async (t) => {
  const program = `import { createServer } from 'picosocks5';
    const server = createServer({ listen: ['127.0.0.1:0'] });
    await server.listen(); await server.reload(); await server.close();`;
  const load = `export async function load(url, context, next) {
    if (url.includes('/core/dist/extensions/') && !url.endsWith('/registries.js')) console.error(url);
    return next(url, context);
  }`;
  const hook = temporaryFile(
    t,
    `import { register } from 'node:module';
     register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(load)}));`,
    'hook.mjs',
  );
  const cwd = fileURLToPath(new URL('../../..', import.meta.url));
  const args = ['--import', hook, '--input-type=module', '-e', program];
  const { stderr, status } = await run(t, process.execPath, args, { cwd });
  assert.equal(status, 0);
  assert.doesNotMatch(stderr, /dist\/extensions/);
});
