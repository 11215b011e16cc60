import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parseCommandLine } from '#core/config/commandline.js';
import { loadSettings } from '#core/config/load.js';
import { temporaryDirectory, temporaryFile } from '../../../support/files.js';

/** Writes configuration files, in which `@` is their directory. @returns their directory. */
function write(t: TestContext, files: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory(t);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, name), text.replaceAll('@', directory));
  }
  return directory;
}

/** The settings of a command line, in which `@` is the directory. */
const load = (directory: string, ...argv: string[]) =>
  loadSettings(parseCommandLine(argv.map((word) => word.replaceAll('@', directory))));

describe('settings', () => {
  test('none', async () => {
    const { groups, users, ...rest } = await load('');
    assert.deepEqual(rest, {});
    assert.deepEqual({ ...groups }, {});
    assert.deepEqual({ ...users }, {});
  });

  test('what comes later overrides, and lists grow', async (t) => {
    const directory = write(t, {
      'a.ini': 'maxconn = 1\nanonymous = yes\nauth = a\nrequest = connect,bind\nmaxconn = 2\n',
      'b.ini': 'maxconn = 3\nanonymous = no\nauth = b\nrequest = all\n',
    });
    const all = ['--maxconn', '9', '-a', 'x', '-c', '@/a.ini', '-a', 'y', '-c', '@/b.ini'];
    const settings = await load(directory, ...all, '--request', '!all');
    assert.equal(settings.maxconn, 3);
    assert.equal(settings.anonymous, false);
    assert.deepEqual(settings.auth, ['x', 'a', 'y', 'b']);
    assert.deepEqual(settings.request, ['connect', 'bind', 'all', '!all']);
    assert.equal((await load(directory, '-c', '@/b.ini', '--maxconn', '7')).maxconn, 7);
    assert.equal((await load(directory, '--maxconn', '7', '-c', '@/b.ini')).maxconn, 3);
  });

  test('addresses on the command line replace those of files', async (t) => {
    const directory = write(t, { 'a.ini': 'listen = *:1\nlisten = *:2\n' });
    assert.deepEqual((await load(directory, '-c', '@/a.ini')).listen, ['*:1', '*:2']);
    for (const argv of [
      ['*:3', '-c', '@/a.ini', '*:4'],
      ['-c', '@/a.ini', '*:3', '*:4'],
    ]) {
      assert.deepEqual((await load(directory, ...argv)).listen, ['*:3', '*:4']);
    }
  });

  test('an included file stands where it is included', async (t) => {
    const directory = write(t, {
      'a.ini': 'maxconn = 1\nauth = a\ninclude = @/b.ini\nauth = c\n',
      'b.ini': 'maxconn = 2\nauth = b\n[staff]\nrequest = all\n',
    });
    const settings = await load(directory, '-c', '@/a.ini');
    assert.equal(settings.maxconn, 2);
    assert.deepEqual(settings.auth, ['a', 'b', 'c']);
    assert.deepEqual(Object.keys(settings.groups ?? {}), ['staff']);
  });

  test('a file may be included twice, one after the other', async (t) => {
    const directory = write(t, {
      'a.ini': 'include = @/b.ini\ninclude = @/b.ini\n',
      'b.ini': 'auth = b\n',
    });
    assert.deepEqual((await load(directory, '-c', '@/a.ini')).auth, ['b', 'b']);
  });

  test('a relative include or auth is beside its file, or else in the working directory', async (t) => {
    const directory = write(t, {
      'a.ini': 'include = sub/b.ini\nauth = users\nauth = password:users\nauth = nowhere\n',
      users: '',
    });
    mkdirSync(join(directory, 'sub'));
    writeFileSync(join(directory, 'sub', 'b.ini'), 'include = c.ini\ninclude = ./c.ini\n');
    writeFileSync(join(directory, 'sub', 'c.ini'), 'auth = x\n');
    const settings = await load(directory, '-c', '@/a.ini');
    const users = join(directory, 'users');
    assert.deepEqual(settings.auth, ['x', 'x', users, `password:${users}`, 'nowhere']);

    const inPlace = relative('.', join(directory, 'sub', 'c.ini'));
    writeFileSync(join(directory, 'a.ini'), `include = ${inPlace}\nauth = keychain:users\n`);
    assert.deepEqual((await load(directory, '-c', '@/a.ini')).auth, ['x', 'keychain:users']);
  });

  test('a parameter that a later line of its file replaces is told', async (t) => {
    const directory = write(t, {
      'a.ini': [
        ...['timeout = 10', 'timeout = 20', 'timeout = 20', 'auth = a', 'auth = b'],
        ...['include = @/b.ini', '[staff]', 'maxconn = 1', 'request = all', 'request = !all'],
        ...[
          '[user:x]',
          'maxconn = 2',
          '[staff]',
          'maxconn = 3',
          '[ user: x ]',
          'rate-up = 1',
          'maxconn = 2',
          'rate-up = 2',
        ],
      ].join('\n'),
      'b.ini': 'timeout = 30\n',
    });
    const warnings: string[] = [];
    const args = parseCommandLine(['-c', `${directory}/a.ini`]);
    const { timeout, users } = await loadSettings(args, (message) => warnings.push(message));
    assert.equal(timeout, 30);
    assert.deepEqual({ ...users }, { x: { connections: 2, rateUp: 2 } });
    assert.deepEqual(
      warnings.map((message) => message.replaceAll(directory, '@')),
      [
        '@/a.ini:2: timeout: line 1 is not in force, as this one follows',
        '@/a.ini:14: maxconn of [staff]: line 8 is not in force, as this one follows',
        '@/a.ini:18: rate-up of [user: x]: line 16 is not in force, as this one follows',
      ],
    );
  });

  test('groups', async (t) => {
    const directory = write(t, {
      'a.ini': [
        ...['[staff]', 'request = connect:*:443,bind', 'network = 10.0.0.0/8', 'base = people'],
        ...['[people]', 'request = all', '[*]', 'request = !all', '[staff]', 'request = !all'],
        ...['[__proto__]', 'request = all', '[constructor]', 'base = __proto__'],
      ].join('\r\n'),
    });
    const { groups = {} } = await load(directory, '-c', '@/a.ini');
    const names = ['staff', 'people', '*', '__proto__', 'constructor'];
    assert.deepEqual(Object.keys(groups), names);
    assert.deepEqual(groups['staff']?.request, ['connect:*:443', 'bind', '!all']);
    assert.deepEqual(groups['staff']?.network, ['10.0.0.0/8']);
    assert.equal(groups['staff']?.base, 'people');
    const prototype: string = '__proto__';
    assert.deepEqual(groups[prototype]?.request, ['all']);
    assert.equal(groups['constructor']?.base, '__proto__');
    assert.equal(({} as Record<string, unknown>)['request'], undefined);
  });

  test('listeners: single values are overridden, lists grow, files are beside theirs', async (t) => {
    const directory = write(t, {
      'a.ini': [
        ...['timeout = 5', '[listener:lan]', 'listen = *:1', 'auth = users', 'timeout = 10'],
        ...['network = 10.0.0.0/8, !*', '[*]', 'request = all', '[ listener: lan ]'],
        ...['listen = *:2', 'timeout = 20', 'anonymous = yes', 'handshake-timeout = 0.5'],
        ...['[listener:__proto__]', 'socks4 = no', 'maxconn = 0', '[listener:empty]'],
      ].join('\n'),
      users: '',
    });
    const warnings: string[] = [];
    const args = parseCommandLine(['-c', `${directory}/a.ini`, '--timeout', '6', '*:3']);
    const settings = await loadSettings(args, (message) => warnings.push(message));
    assert.deepEqual(
      [settings.timeout, settings.listen, settings.auth, settings.network],
      [6, ['*:3'], undefined, undefined],
    );
    const { listeners = {} } = settings;
    assert.deepEqual(Object.keys(listeners), ['lan', '__proto__', 'empty']);
    assert.deepEqual(listeners['lan'], {
      listen: ['*:1', '*:2'],
      auth: [join(directory, 'users')],
      timeout: 20,
      network: ['10.0.0.0/8', '!*'],
      anonymous: true,
      handshakeTimeout: 0.5,
    });
    const prototype: string = '__proto__';
    assert.deepEqual(listeners[prototype], { socks4: false, maxconn: 0 });
    assert.deepEqual(listeners['empty'], {});
    assert.deepEqual(warnings, [
      `${directory}/a.ini:11: timeout of [listener: lan]: line 5 is not in force, as this one follows`,
    ]);
  });

  test('--fork and nofork', async (t) => {
    const directory = write(t, { 'a.ini': 'nofork = yes\n' });
    assert.equal((await load(directory, '--fork')).nofork, false);
    assert.equal((await load(directory, '--fork', '-c', '@/a.ini')).nofork, true);
    assert.equal((await load(directory, '--fork', '--nofork')).nofork, true);
    assert.equal((await load(directory, '--nofork', '--fork')).nofork, false);
  });
});

/** What section headers are expected to be. */
const headers =
  'expected [user:NAME] for a user, [listener:NAME] for a listener, ' +
  '[upstream:NAME] for an upstream proxy, [extension:NAME] for an extension or [GROUP] for a group';

describe('mistakes name their place', () => {
  const mistakes: readonly (readonly [file: string, message: string | RegExp])[] = [
    ['\nmaxcon = 1', '@/a.ini:2: unknown parameter "maxcon"; did you mean "maxconn"?'],
    ['config = x', '@/a.ini:1: unknown parameter "config"'],
    ['maxconn = many', /^@\/a\.ini:1: maxconn: expected a whole number .* not "many"$/],
    ['a\n', '@/a.ini:1: expected NAME = VALUE'],
    ['listen = ::1', /^@\/a\.ini:1: listen: "::1" is not /],
    ['[staff]\nrequest = conect', /^@\/a\.ini:2: request: rule "conect": expected /],
    ['[staff]\nlisten = *', /^@\/a\.ini:2: unknown parameter "listen" in section \[staff\]; /],
    [
      '[staff]\ninclude = x',
      /^@\/a\.ini:2: unknown parameter "include" in section \[staff\]; .*; parameters of the server stand before the first section$/,
    ],
    ['[staff]\nconstructor = x', /^@\/a\.ini:2: unknown parameter "constructor" in section /],
    [
      '[staff]\nmaxcon = 1',
      /^@\/a\.ini:2: unknown parameter "maxcon" in section .*; did you mean "maxconn"\?$/,
    ],
    [
      '[staff]\ntimeout = 1',
      /; parameters of the server stand before the first section or in \[listener:NAME\]$/,
    ],
    [
      '[listener]\nlisten = *',
      /"listen" in section \[listener\]; .*; did you mean \[listener:NAME\]\?$/,
    ],
    ['[user]\ngrace = 1', /; parameters of the server stand before the first section$/],
    ['\n[User:a]\nmaxconn = 1', `@/a.ini:2: [User:a]: ${headers}; did you mean [user:a]?`],
    ['[user:]', `@/a.ini:1: [user:]: ${headers}`],
    ['[group:a]', `@/a.ini:1: [group:a]: ${headers}`],
    ['[listner:lan]', `@/a.ini:1: [listner:lan]: ${headers}; did you mean [listener:lan]?`],
    ['[listener: ]', `@/a.ini:1: [listener:]: ${headers}`],
    [
      '[listener:default]',
      /^@\/a\.ini:1: \[listener:default\]: "default" is the listener without /,
    ],
    [
      '[listener:lan]\nlsten = *',
      /^@\/a\.ini:2: unknown parameter "lsten" in section \[listener:lan\]; expected listen, auth, .*; did you mean "listen"\?$/,
    ],
    [
      '[listener:lan]\nworkers = 2',
      /^@\/a\.ini:2: unknown parameter "workers" in .*; parameters of the server stand before the first section$/,
    ],
    ['[listener:lan]\nbase = a', /^@\/a\.ini:2: unknown parameter "base" in section /],
    ['[listener:lan]\nmaxconn = x', /^@\/a\.ini:2: maxconn: expected a whole number .* not "x"$/],
    ['[listener:lan]\nlisten = ::1', /^@\/a\.ini:2: listen: "::1" is not /],
    ['[listener:lan]\nsocks4 = perhaps', '@/a.ini:2: socks4: expected yes or no, not "perhaps"'],
    ['[listener:lan]\nrequest = conect', /^@\/a\.ini:2: request: rule "conect": expected /],
    ['[a]\nbase = b', '@/a.ini:2: section [a]: base = b: there is no section [b]'],
    [
      '[a]\n\nbase = constructor',
      '@/a.ini:3: section [a]: base = constructor: there is no section [constructor]',
    ],
    [
      'include = @/none.ini',
      '@/a.ini:1: include: cannot read the configuration file "@/none.ini": no such file or directory',
    ],
    ['include = @/b.ini', '@/a.ini:1: include: @/b.ini:1: unknown parameter "oops"'],
    ['\ninclude = @/a.ini', '@/a.ini:2: include: "@/a.ini" includes itself'],
    [
      'include = @/c.ini',
      '@/a.ini:1: include: @/c.ini:1: include: @/d.ini:1: include: "@/c.ini" includes itself',
    ],
  ];
  for (const [text, message] of mistakes) {
    test(JSON.stringify(text), async (t) => {
      const directory = write(t, {
        'a.ini': text,
        'b.ini': 'oops = 1',
        'c.ini': 'include = @/d.ini',
        'd.ini': 'include = @/c.ini',
      });
      await assert.rejects(load(directory, '-c', '@/a.ini'), (error: Error) => {
        assert.equal(error.name, 'UserError');
        const said = error.message.replaceAll(directory, '@');
        if (message instanceof RegExp) assert.match(said, message);
        else assert.equal(said, message);
        return true;
      });
    });
  }

  const onCommandLine: readonly (readonly [argv: string[], message: string | RegExp])[] = [
    [['--maxconn', 'x'], /^--maxconn: expected a whole number/],
    [['-v', 'loud'], /^-v: expected one of err, /],
    [['-a', ''], '-a: expected [FORMAT:]FILE'],
    [['1.2.3.4:x y'], /^listen address: "1\.2\.3\.4:x y": /],
    [['--request', 'x'], /^--request: rule "x": /],
    [['-c', '/nowhere/x.ini'], /^cannot read the configuration file "\/nowhere\/x\.ini": no such /],
    [['-c', '/'], /^cannot read the configuration file "\/": /],
  ];
  for (const [argv, message] of onCommandLine) {
    test(argv.join(' '), async () => {
      await assert.rejects(load('', ...argv), { name: 'UserError', message });
    });
  }
});

test('a section may be empty, and be the base of another', async (t) => {
  const file = temporaryFile(t, '[people]\n[staff]\nbase = people\n');
  const { groups } = await loadSettings(parseCommandLine(['-c', file]));
  assert.deepEqual(Object.keys(groups ?? {}), ['people', 'staff']);
});
