import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { ServerOptions } from 'picosocks5';
import { testSource } from 'picosocks5/testing';
import { temporaryFile } from '../support/files.js';
import { startServer } from '../support/server.js';
import { BASE, groupOf, noSlapd, person, READER, type Slapd, slapd } from '../support/slapd.js';
import { serve } from '../support/sockets.js';
import { login } from '../support/socks.js';

type Settings = NonNullable<ServerOptions['settings']>;

const PEOPLE = `ou=people,${BASE}`;

const ldif = [
  person('alice', 'secret', 'departmentNumber: staff\nemployeeType: on\n'),
  person('bob', 'p\u00e4ss', 'employeeType: off\ndescription:: Y2Fmw6k=\n'),
  person('carol*)(uid=\u00e9', 'carols'),
  groupOf('zeta', 'alice'),
  groupOf('admins', 'alice', 'bob'),
].join('');

/** A server whose users are those of a directory; the reader's password is in a file. */
async function start(
  t: TestContext,
  url: string,
  settings: Settings = {},
  more: ServerOptions = {},
) {
  const bound: Settings =
    'ldap.bindDn' in settings && !('ldap.password-file' in settings)
      ? { 'ldap.password-file': temporaryFile(t, 'readers\n') }
      : {};
  const proxy = await startServer(t, {
    auth: [`ldap:${url}`],
    settings: { ...settings, ...bound },
    ...more,
  });
  const log = async (user: string, password: string): Promise<string> => {
    const { status } = await login(t, proxy.port, user, password);
    const event = proxy.events.findLast(
      ({ type }) => type === 'authenticated' || type === 'authentication-failed',
    );
    if (status === 0) {
      const {
        type,
        user: name,
        group,
      } = (await proxy.event('authenticated', (one) => one === event)) ?? {};
      return `${type} ${name} ${group}`;
    }
    return `failed: ${event?.type === 'authentication-failed' ? event.detail : ''}`;
  };
  return { ...proxy, log };
}

const WRONG = 'failed: wrong user name or password';

describe('--auth ldap:', { skip: noSlapd, concurrency: true }, () => {
  let directory: Slapd;
  const ldap = (path: string) => `ldap://127.0.0.1:${directory.ldap}/${path}`;
  const reader = { 'ldap.bindDn': READER };

  test('all', async (t) => {
    directory = await slapd(t, ldif);

    await t.test('it is a source as one should be', async (suite) => {
      const settings = { ...reader, 'ldap.password-file': temporaryFile(t, 'readers\n') };
      await testSource(suite, {
        server: { auth: [`ldap:${ldap(`${PEOPLE}?uid?one`)}`], settings },
        broken: { auth: [`ldap:ldap://127.0.0.1:1/${PEOPLE}?uid?one`], settings },
        ...{ user: 'alice', password: 'secret', secrets: ['readers'] },
      });
    });

    await t.test('a user is searched for, and logs in as found', async () => {
      const { log } = await start(t, ldap(`${PEOPLE}?uid?one`), reader);
      assert.equal(await log('alice', 'secret'), 'authenticated alice undefined');
      assert.equal(await log('ALICE', 'secret'), 'authenticated alice undefined');
      assert.equal(await log('bob', 'p\u00e4ss'), 'authenticated bob undefined');
      assert.equal(await log('alice', 'wrong'), WRONG);
      assert.equal(await log('dave', 'secret'), WRONG);
    });

    await t.test('what a name has in it is no filter', async () => {
      const { log } = await start(t, ldap(`${PEOPLE}?uid`), reader);
      assert.equal(await log('*', 'secret'), WRONG);
      assert.equal(await log('al*', 'secret'), WRONG);
      assert.equal(await log('alice)(uid=*', 'secret'), WRONG);
      assert.match(
        await log('carol*)(uid=\u00e9', 'carols'),
        /^authenticated carol\*\)\(uid=\u00e9 /,
      );
    });

    await t.test('an empty password is refused before anybody is asked', async () => {
      const { log } = await start(t, ldap(`${PEOPLE}?uid`), reader);
      assert.match(await log('alice', ''), /^failed/);
    });

    await t.test('the filter of the URL', async () => {
      const { log } = await start(t, ldap(`${BASE}?uid?sub?(employeeType=on)`), reader);
      assert.equal(await log('alice', 'secret'), 'authenticated alice undefined');
      assert.equal(await log('bob', 'p\u00e4ss'), WRONG);
      // An octet each, and the URL's own way to write a character.
      const escaped = await start(t, ldap(`${BASE}?uid?sub?(description=caf%5Cc3%5Ca9)`), reader);
      assert.equal(await escaped.log('bob', 'p\u00e4ss'), 'authenticated bob undefined');
      const percent = await start(t, ldap(`${BASE}?uid?sub?(description=caf%C3%A9)`), reader);
      assert.equal(await percent.log('bob', 'p\u00e4ss'), 'authenticated bob undefined');
    });

    await t.test('a template, with nobody who searches', async () => {
      const settings = { 'ldap.userDn': `uid=%u,${PEOPLE}` };
      const { log } = await start(t, ldap(BASE), settings);
      assert.equal(await log('alice', 'secret'), 'authenticated alice undefined');
      assert.equal(await log('alice', 'wrong'), WRONG);
      assert.equal(await log(`alice,${PEOPLE}`, 'secret'), WRONG);
    });

    await t.test('the group of an attribute', async () => {
      const settings = { ...reader, 'ldap.groupAttribute': 'departmentNumber' };
      const { log } = await start(t, ldap(PEOPLE), settings);
      assert.equal(await log('alice', 'secret'), 'authenticated alice staff');
      assert.equal(await log('bob', 'p\u00e4ss'), 'authenticated bob undefined');
    });

    await t.test(
      'the group by membership: the first, or the first of those that count',
      async () => {
        const member = { ...reader, 'ldap.groupFilter': '(member=%d)' };
        const first = await start(t, ldap(BASE), member);
        assert.equal(await first.log('alice', 'secret'), 'authenticated alice admins');
        const own = await start(t, ldap(BASE), { ...member, 'ldap.groups': ['zeta', 'admins'] });
        assert.equal(await own.log('alice', 'secret'), 'authenticated alice zeta');
        assert.equal(await own.log('bob', 'p\u00e4ss'), 'authenticated bob admins');
      },
    );

    await t.test('StartTLS and ldaps, by the authority that is named and by no other', async () => {
      const ca = { 'ldap.ca': temporaryFile(t, directory.ca) };
      const startTls = { ...reader, 'ldap.startTls': true };
      const upgraded = await start(t, ldap(PEOPLE), { ...startTls, ...ca });
      assert.equal(await upgraded.log('alice', 'secret'), 'authenticated alice undefined');
      const ldaps = `ldaps://127.0.0.1:${directory.ldaps}/${PEOPLE}`;
      const secure = await start(t, ldaps, { ...reader, ...ca });
      assert.equal(await secure.log('alice', 'secret'), 'authenticated alice undefined');
      for (const [url, settings] of [
        [ldap(PEOPLE), startTls],
        [ldaps, reader],
      ] as const) {
        const untrusted = await start(t, url, settings);
        assert.equal(await untrusted.log('alice', 'secret'), 'failed: a source of users failed');
        const { message } = await untrusted.event('warning', (one) =>
          /no server/.test(one.message),
        );
        assert.match(message, /self-signed certificate|unable to (verify|get local issuer)/);
        assert.doesNotMatch(message, /secret|readers/);
      }
    });

    await t.test('the next server is asked when one is gone, or hangs', async () => {
      const hanging = await serve(t, () => {});
      const closed = createServer().listen(0, '127.0.0.1');
      await once(closed, 'listening');
      const { port } = closed.address() as { port: number };
      closed.close();
      const { log } = await start(t, `ldap://127.0.0.1:${port}/${PEOPLE}`, {
        ...reader,
        'ldap.servers': [`ldap://127.0.0.1:${hanging}`, ldap('').replace(/\/$/, '')],
        'ldap.timeout': 0.3,
      });
      // A busy machine may have the third one late as well.
      let said = '';
      for (let i = 0; i < 5 && !said.startsWith('authenticated'); i++) {
        const began = performance.now();
        said = await log('alice', 'secret');
        assert.ok(performance.now() - began < 10_000);
      }
      assert.equal(said, 'authenticated alice undefined');
    });

    await t.test('connections are used again, and made anew when they are lost', async () => {
      let count = 0;
      const proxy = await serve(t, (socket) => {
        count++;
        const other = connect(directory.ldap, '127.0.0.1');
        socket.pipe(other).pipe(socket);
        other.on('error', () => socket.destroy());
        socket.on('error', () => other.destroy());
        sockets.push(socket);
      });
      const sockets: { destroy(): void }[] = [];
      const { log } = await start(t, `ldap://127.0.0.1:${proxy}/${PEOPLE}`, reader);
      for (let i = 0; i < 3; i++) assert.match(await log('alice', 'secret'), /^authenticated/);
      assert.equal(count, 2);
      for (const socket of sockets) socket.destroy();
      assert.match(await log('alice', 'secret'), /^authenticated/);
      assert.equal(count, 4);
    });

    await t.test('a success is remembered as long as said, a failure never', async () => {
      const { log } = await start(t, ldap(PEOPLE), { ...reader, 'ldap.cache': 60 });
      const uncached = await start(t, ldap(PEOPLE), reader);
      directory.modify(`${person('erin', 'first').replace('\n', '\nchangetype: add\n')}`);
      assert.match(await log('erin', 'first'), /^authenticated/);
      assert.match(await uncached.log('erin', 'first'), /^authenticated/);
      directory.modify(
        `dn: uid=erin,${PEOPLE}\nchangetype: modify\nreplace: userPassword\nuserPassword: second\n`,
      );
      assert.match(await log('erin', 'first'), /^authenticated/);
      assert.match(await log('erin', 'second'), /^authenticated/);
      assert.equal(await uncached.log('erin', 'first'), WRONG);
    });

    await t.test('who is gone from the directory is cut off', async () => {
      directory.modify(`${person('frank', 'franks').replace('\n', '\nchangetype: add\n')}`);
      const settings = { ...reader, 'ldap.recheck': 0.2 };
      const { port, event } = await start(t, ldap(PEOPLE), settings, { cutOff: true });
      const { client } = await login(t, port, 'frank', 'franks');
      directory.modify(`dn: uid=frank,${PEOPLE}\nchangetype: delete\n`);
      const { user, reason } = await event('closed');
      assert.deepEqual([user, reason], ['frank', 'cut-off']);
      client.socket.destroy();
    });

    await t.test('a reader who may not is named, its password not', async () => {
      const wrong = { ...reader, 'ldap.password-file': temporaryFile(t, 'topsecret\n') };
      const { log, event } = await start(t, ldap(PEOPLE), wrong);
      assert.equal(await log('alice', 'secret'), 'failed: a source of users failed');
      const { message } = await event('warning', (one) => /bindDn/.test(one.message));
      assert.match(
        message,
        /does not let "cn=reader,.*" search .*ldap\.bindDn or ldap\.password is/,
      );
      assert.doesNotMatch(message, /topsecret/);
    });

    await t.test('CHAP is not offered, since nobody has the passwords', async () => {
      const { port } = await start(t, ldap(PEOPLE), reader);
      const socket = connect(port, '127.0.0.1');
      socket.write(Buffer.of(5, 2, 2, 3));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      assert.deepEqual([...answer], [5, 2]);
      socket.destroy();
    });
  });
});

describe('mistakes in --auth ldap:', () => {
  const mistakes: [argument: string, settings: Settings, message: RegExp][] = [
    ['http://x/', {}, /"ldap:http:\/\/x\/": it is no LDAP URL; expected ldap\[s\]:\/\/HOST/],
    ['ldap:///dc=x', {}, /it names no host/],
    ['ldap://x/dc=y?uid,cn', {}, /"uid,cn" is not one attribute/],
    ['ldap://x/dc=y?uid?tree', {}, /the scope "tree" is not base, one or sub/],
    ['ldap://x/dc=y?uid?sub?uid=x', {}, /the filter is not in parentheses/],
    ['ldap://x/dc=y?uid?sub?(a=b)?!x=1', {}, /the extension "!x=1" is not known/],
    ['ldap://x/%zz', {}, /no two hexadecimal digits/],
    [
      'ldap://127.0.0.1/dc=y',
      { 'ldap.bindDn': 'cn=x' },
      /ldap\.bindDn needs ldap\.password: in the/,
    ],
    ['ldap://127.0.0.1/', { 'ldap.ca': '/nowhere' }, /ldap\.ca: cannot read "\/nowhere": no such/],
    ['ldap://127.0.0.1/', { 'ldap.userDn': 'uid=x' }, /ldap\.userDn: .*%u/],
  ];
  for (const [argument, settings, message] of mistakes) {
    test(`${argument} ${JSON.stringify(settings)}`, async (t) => {
      await assert.rejects(
        startServer(t, { auth: [`ldap:${argument}`], settings }),
        (error: Error) => error.name === 'UserError' && message.test(error.message),
      );
    });
  }

  test('passwords that would travel readably are warned of', async (t) => {
    const { event } = await startServer(t, { auth: ['ldap:ldap://192.0.2.1/dc=x'] });
    const { message } = await event('warning');
    assert.match(
      message,
      /ldap:\/\/192\.0\.2\.1 is sent passwords readably: use ldaps:\/\/, or set/,
    );
  });
});
