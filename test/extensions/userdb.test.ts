import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { EXTENSIONS } from '#build/extensions.js';
import { Command, PICOSOCKS5 } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { plink } from '../support/plink.js';
import { type Output, run, unless } from '../support/programs.js';
import { startServer } from '../support/server.js';
import { echoServer, serve } from '../support/sockets.js';
import { assertEcho, connectTo, login } from '../support/socks.js';
import { HASH_OF_SECRET, plainSecret } from '../support/users.js';

const SECRET = plainSecret('secret');

type UserdbCommand = typeof import('../../core/extensions/userdb/dist/command.js');

const command: UserdbCommand = await import(
  pathToFileURL(join(EXTENSIONS, 'userdb/dist/command.js')).href
);

/** A database, and how it is spoken to: as on the command line, in this process. */
function database(t: TestContext) {
  const file = join(temporaryDirectory(t), 'users.db');
  const done = async (...args: string[]): Promise<string> => {
    let printed = '';
    await command.run([file, ...args], {
      askPassword: () => Promise.resolve(Buffer.from('secret')),
      async print(text) {
        printed += text;
        return true;
      },
    });
    return printed;
  };
  const load = (...lines: string[]) =>
    done('import', temporaryFile(t, lines.map((line) => `${line}\n`).join(''), 'users.txt'));
  /** As a process of its own, while servers of this one have the database. */
  const cli = async (...args: string[]): Promise<Output> => {
    const output = await run(t, process.execPath, [PICOSOCKS5, 'userdb', file, ...args]);
    assert.equal(output.status, 0, output.stderr);
    return output;
  };
  return { file, done, load, cli };
}

describe('picosocks5 userdb', { concurrency: true }, () => {
  test('imports a password file, and gives it back', async (t) => {
    const { done, load } = database(t);
    const lines = [
      `alice:staff:${HASH_OF_SECRET}:devices=2`,
      `bob::${SECRET}`,
      `Zo\u00eb:b\u00fcro:${SECRET}`,
      `alice:staff:${SECRET}`,
      `::${SECRET}`,
    ];
    await load('# a comment', '', ...lines);
    assert.equal(await done('count'), '3\n');
    const exported = (await done('export')).trim().split('\n');
    assert.deepEqual(exported.sort(), [...lines].sort());
    assert.equal(
      await done('show', 'alice'),
      'user: alice\ngroup: staff\nsecrets: a $6$ hash, the password itself\ndisabled: no\n' +
        'expires: \nlimits: devices=2\n',
    );
    // Again, with others: those of the same names are replaced, the others stay.
    await load(`alice:other:${SECRET}:expires=2027-01-31T00:00:00Z`, `carol::${SECRET}`);
    assert.equal(await done('count'), '4\n');
    assert.match(await done('show', 'alice'), /group: other\nsecrets: the password itself\n/);
    assert.match(await done('show', 'alice'), /expires: 2027-01-31T00:00:00Z\n/);
    await assert.rejects(done('show', 'dave'), /there is no user "dave" in ".*users\.db"$/);
  });

  test('many users, whose lines are anywhere in the file', async (t) => {
    const { done, load } = database(t);
    const count = 20_000;
    const names = Array.from({ length: count }, (_, i) => `user${i}`);
    const firsts = names.map((name) => `${name}:a:${SECRET}`);
    const seconds = names.map((name) => `${name}:b:${HASH_OF_SECRET}`);
    await load(...firsts, ...seconds);
    assert.equal(await done('count'), `${count}\n`);
    const exported = (await done('export')).trim().split('\n');
    assert.deepEqual(exported.sort(), [...firsts, ...seconds].sort());
    assert.match(
      await done('show', 'user12345'),
      /group: a\nsecrets: the password itself, a \$6\$/,
    );
  });

  test('a line that is wrong changes nothing', async (t) => {
    const { done, load } = database(t);
    await load(`alice::${SECRET}`);
    const file = temporaryFile(t, `bob::${SECRET}\ncarol::topsecret\n`, 'users.txt');
    const message = `${file}:2: a password hash must begin with $1$, $2a$, $2b$, $2y$, $5$, $6$ or $y$`;
    await assert.rejects(done('import', file), { name: 'UserError', message });
    assert.equal(await done('export'), `alice::${SECRET}\n`);
  });

  test('adds, replaces, disables, enables and removes', async (t) => {
    const { done } = database(t);
    await done('add', 'alice', '-g', 'staff', '-m', 'chap', '-A', 'devices=3');
    assert.equal(await done('export'), `alice:staff:${SECRET}:devices=3\n`);
    await done('disable', 'alice');
    assert.equal(await done('export'), `alice:staff:${SECRET}:disabled,devices=3\n`);
    await done('add', 'alice', '-m', 'basic,chap');
    assert.match(await done('show', 'alice'), /group: staff\n.*\ndisabled: yes\n/);
    await done('enable', 'alice');
    assert.match(await done('show', 'alice'), /disabled: no\nexpires: \nlimits: devices=3\n/);
    await done('remove', 'alice');
    assert.equal(await done('count'), '0\n');
  });

  test('mistakes are one sentence', async (t) => {
    const { file, done, load } = database(t);
    const wrong = (message: RegExp, ...args: string[]) =>
      assert.rejects(done(...args), (error: Error) => {
        assert.equal(error.name, 'UserError');
        assert.match(error.message, message);
        return true;
      });
    await wrong(/there is no database of users ".*"; make one: picosocks5/, 'count');
    // What fails makes none that servers would take for one without users.
    await wrong(/cannot read the password file "\/nowhere\/x"/, 'import', '/nowhere/x');
    await wrong(/x:1: expected USER:GROUP:SECRET/, 'import', temporaryFile(t, 'alice\n', 'x'));
    await wrong(/--account: expected some of maxconn, /, 'add', 'x', '-A', 'expire=1');
    await wrong(/there is no database of users ".*"; make one: picosocks5/, 'count');
    assert.deepEqual(readdirSync(dirname(file)), []);
    await load(`alice::${SECRET}`);
    await wrong(/expected FILE and one of import, export, .* not "frob/, 'frobnicate');
    await wrong(/show: expected NAME behind it/, 'show');
    await wrong(/count: expected nothing behind it/, 'count', 'x');
    await wrong(/the user name must have no colon/, 'remove', 'a:b');
    await wrong(/--account: expected some of maxconn, /, 'add', 'x', '-A', 'expire=1');
    await wrong(/cannot read the password file "\/nowhere\/x"/, 'import', '/nowhere/x');
  });

  test('what is no database, or not all of one, is an error, and is left as it is', async (t) => {
    const { file, done, load } = database(t);
    await load(...Array.from({ length: 3000 }, (_, n) => `user${n}::${SECRET}`));
    const whole = readFileSync(file);
    const wrong = async (content: Buffer, message: RegExp) => {
      const other = database(t);
      writeFileSync(other.file, content);
      const all = [['count'], ['show', 'user1'], ['remove', 'user1'], ['add', 'alice']];
      for (const words of all.slice(0, content.length === 0 ? 3 : 4)) {
        await assert.rejects(other.done(...words), { name: 'UserError', message });
        assert.deepEqual(readFileSync(other.file), content);
      }
    };
    const lines = Buffer.from(`alice::${SECRET}\n`.repeat(3000));
    await wrong(lines, /^"[^"]*users\.db" is no database of users; expected a file that/);
    await wrong(Buffer.from('x'), /is no database of users/);
    await wrong(Buffer.alloc(0), /^the database of users "[^"]*" is empty; make one:/);
    for (const length of [100, 4096, 8192, 12_288]) {
      await wrong(whole.subarray(0, length), /is damaged: it ends after|is no database/);
    }
    const later = Buffer.from(whole);
    later.writeUInt32LE(77, 28);
    await wrong(later, /is a database of another version of LMDB \(77\)/);
    assert.equal(await done('count'), '3000\n');
    const args = [PICOSOCKS5, '-a', `userdb:${temporaryFile(t, lines)}`, '127.0.0.1:0'];
    const { status, stderr } = await run(t, process.execPath, args);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /^picosocks5: "[^"]*" is no database of users; [^\n]*\n$/);
  });

  test('as a command of picosocks5', async (t) => {
    const { file, cli } = database(t);
    const add = [PICOSOCKS5, 'userdb', file, 'add', 'alice'];
    const added = await run(t, process.execPath, add, { input: 'secret\nsecret\n' });
    assert.match(added.stderr, /user alice added\n$/);
    assert.match((await cli('export')).stdout, /^alice::\$6\$[^\n]*\n$/);
    const wrong = await run(t, process.execPath, [PICOSOCKS5, 'userdb', file, 'show', 'bob']);
    assert.deepEqual([wrong.status, wrong.stdout], [1, '']);
    assert.equal(wrong.stderr, `picosocks5 userdb: there is no user "bob" in "${file}"\n`);
  });

  test('without lmdb it says what is missing', async (t) => {
    const hooks = `export function resolve(name, context, next) {
      if (name === 'lmdb') throw Object.assign(new Error('Cannot find package lmdb'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    }`;
    const preload = temporaryFile(
      t,
      `import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));`,
      'hide.mjs',
    );
    const { status, stderr } = await run(
      t,
      process.execPath,
      [PICOSOCKS5, 'userdb', join(temporaryDirectory(t), 'x.db'), 'add', 'alice'],
      { env: { ...process.env, NODE_OPTIONS: `--import ${pathToFileURL(preload).href}` } },
    );
    assert.equal(status, 1);
    assert.equal(
      stderr,
      'picosocks5 userdb: databases of users need the npm package lmdb, which cannot be loaded here ' +
        '(Cannot find package lmdb); install it beside picosocks5: npm install lmdb\n',
    );
  });
});

describe('--auth userdb:FILE', () => {
  test('changes count at once, and connections end where --cut-off says so', async (t) => {
    const { file, load, cli } = database(t);
    await load(`alice:staff:${SECRET}:devices=1`, `bob::${HASH_OF_SECRET}`);
    const echo = await echoServer(t);
    const { port, event } = await startServer(t, {
      auth: [`userdb:${file}`],
      cutOff: true,
    });
    const connect = async (user: string, host?: string) => {
      const { client, status } = await login(t, port, user, 'secret', host);
      if (status !== 0) return { client, status, reply: undefined };
      return { client, status, ...(await connectTo(client, '127.0.0.1', echo)) };
    };
    const bob = await connect('bob');
    assert.equal(bob.reply, 0);
    assert.equal((await connect('alice')).reply, 0);
    assert.equal((await connect('alice', '127.0.0.2')).reply, 2);
    assert.equal((await connect('carol')).status, 1);
    await cli('disable', 'alice');
    const { user, reason } = await event('closed', (closed) => closed.reason === 'cut-off');
    assert.deepEqual([user, reason], ['alice', 'cut-off']);
    assert.equal((await connect('alice')).status, 1);
    await event('authentication-failed', ({ detail }) => detail === 'the user is disabled');
    // What was a wrong password before is right now.
    await cli('import', temporaryFile(t, `carol::${SECRET}\n`));
    assert.equal((await connect('carol')).reply, 0);
    await assertEcho(bob.client);
    await cli('remove', 'bob');
    await event('closed', (closed) => closed.user === 'bob' && closed.reason === 'cut-off');
    assert.equal((await connect('bob')).status, 1);
  });

  test('a file that is no database is an error, and at a reload all goes on', async (t) => {
    const { file, load } = database(t);
    await load(`alice::${SECRET}`);
    const text = temporaryFile(t, `alice::${SECRET}\n`, 'users.txt');
    const message = /"[^"]*users\.txt" is no database of users/;
    await assert.rejects(startServer(t, { auth: [`userdb:${text}`] }), message);
    const { port, server } = await startServer(t, { auth: [`userdb:${file}`] });
    await assert.rejects(server.reload({ auth: [`userdb:${text}`] }), message);
    assert.equal((await login(t, port, 'alice', 'secret')).status, 0);
  });

  test('CHAP is offered once a password is kept readably', { skip: unless('plink') }, async (t) => {
    const { file, load, cli } = database(t);
    await load(`alice:staff:${HASH_OF_SECRET}`);
    const { port, server, event } = await startServer(t, { auth: [`userdb:${file}`] });
    const target = await serve(t, (socket) => socket.end('hello'));
    await cli('import', temporaryFile(t, `alice:staff:${SECRET}\n`));
    await server.reload();
    const { stdout } = await plink(t, { proxy: port, target, user: 'alice', password: 'secret' });
    assert.equal(stdout, 'hello');
    assert.equal((await event('authenticated')).method, 'chap');
  });

  test('workers have the same users', async (t) => {
    const { file, load, cli } = database(t);
    await load(`alice::${SECRET}`);
    const server = new Command(t, ['--workers', '2', '-a', `userdb:${file}`, '127.0.0.1:0']);
    const port = await server.port();
    for (let i = 0; i < 6; i++) {
      assert.equal((await login(t, port, 'alice', 'secret')).status, 0);
    }
    await cli('remove', 'alice');
    for (let i = 0; i < 2; i++) {
      assert.equal((await login(t, port, 'alice', 'secret')).status, 1);
    }
    await server.stop();
  });
});
