import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Outbound, ServerOptions } from 'picosocks5';
import { manualClock } from '../support/clock.js';
import { startServer } from '../support/server.js';
import { bytes, Client, echoServer, freePort } from '../support/sockets.js';
import { address, assertEcho, domain, greeted, login, readReply } from '../support/socks.js';
import { scripted, takeRequest } from '../support/upstreams.js';
import { passwordFile, plainSecret } from '../support/users.js';

const GRANTED = bytes(5, 0, 0, 1, 192, 0, 2, 9, 0, 80);

/** An upstream that takes all requests, and their destinations, as octets from ATYP on. */
async function upstreamFor(t: TestContext) {
  const asked: Buffer[] = [];
  const { port } = await scripted(t, async (client) => {
    asked.push((await takeRequest(client)).subarray(3));
    client.send(GRANTED);
  });
  return { url: `socks5://127.0.0.1:${port}`, asked };
}

async function ask(client: Client, host: string, port: number): Promise<number> {
  client.send(5, 1, 0, /[a-z]/.test(host) ? domain(host, port) : address(host, port));
  return (await readReply(client)).reply;
}

async function reply(t: TestContext, port: number, host: string, to = 80): Promise<number> {
  return ask(await greeted(t, port), host, to);
}

const A = 'a.example.invalid';
const chosen: [via: string[], host: string, port: number, way: string][] = [
  [['a'], A, 80, 'a'],
  [['*.example.invalid=a', 'b'], A, 80, 'a'],
  [['*.example.invalid=a', 'b'], 'A.EXAMPLE.invalid.', 80, 'a'],
  [['*.example.invalid=a', 'b'], 'example.invalid', 80, 'b'],
  [['example.invalid=a', 'b'], A, 80, 'b'],
  [['*:443=a', 'b'], A, 443, 'a'],
  [['*:443=a', 'b'], A, 80, 'b'],
  [['*:400-500=a', 'b'], '192.0.2.1', 443, 'a'],
  [['192.0.2.0/24=a', 'b'], '192.0.2.1', 80, 'a'],
  [['192.0.2.0/24=a', 'b'], '198.51.100.1', 80, 'b'],
  [['192.0.2.0/24=a', 'b'], A, 80, 'b'],
  [['0.0.0.0/0=a', 'b'], A, 80, 'a'],
  [['[2001:db8::]/32:80=a', 'b'], '2001:db8::7', 80, 'a'],
  [['*.example.invalid=block', 'a'], A, 80, 'block'],
  [['a', 'block'], A, 80, 'a'],
  [['127.0.0.0/8=direct', 'a'], '127.0.0.1', 1, 'direct'],
  [['127.0.0.0/8=direct', 'a'], '127.1', 1, 'direct'],
  [[], '127.0.0.1', 1, 'direct'],
];
for (const [via, host, to, way] of chosen) {
  test(`by ${via.join(', ') || 'no rule'} ${host}:${to} takes ${way}, and check says so`, async (t) => {
    const [a, b] = [await upstreamFor(t), await upstreamFor(t)];
    const upstreams = { a: { url: a.url }, b: { url: b.url } };
    const { server, port, event } = await startServer(t, { via, upstreams });
    const answer = await reply(t, port, host, to);
    assert.equal(answer, way === 'block' ? 2 : way === 'direct' ? 5 : 0);
    assert.deepEqual([a.asked.length, b.asked.length], [way === 'a' ? 1 : 0, way === 'b' ? 1 : 0]);
    const checked = await server.check(undefined, 'connect', { host, port: to });
    assert.equal(checked.allowed, way !== 'block');
    const rule = via.find((text) => text === way || text.endsWith(`=${way}`));
    if (way === 'block') {
      assert.equal(checked.by, `via "${rule}"`);
      assert.equal((await event('rejected')).detail, `via "${rule}"`);
    } else {
      const by = rule === undefined ? undefined : { way, by: `via "${rule}"` };
      assert.deepEqual(checked.via, by);
    }
  });
}

test("rules of a user come first, then its group's and that one's base's, its listener's, and all", async (t) => {
  const ways = ['user', 'group', 'base', 'listener', 'all'];
  const made = await Promise.all(ways.map(async (name) => [name, await upstreamFor(t)] as const));
  const upstreams = Object.fromEntries(made.map(([name, { url }]) => [name, { url }]));
  const only = (name: string) => [`*.${name}.invalid=${name}`, `*.x.invalid=${name}`];
  const { server } = await startServer(t, {
    upstreams,
    auth: [passwordFile(t, `alice:staff:${plainSecret('secret')}\n`)],
    users: { alice: { via: only('user') } },
    groups: {
      staff: { via: only('group'), base: 'basis' },
      basis: { via: only('base') },
    },
    listeners: { lan: { listen: ['127.0.0.1:0'], via: only('listener') } },
    via: only('all'),
  });
  const lan = server.listeners.find(({ name }) => name === 'lan');
  const port = lan?.addresses[0]?.port ?? 0;
  for (const [name, { asked }] of made) {
    const { client } = await login(t, port, 'alice', 'secret');
    assert.equal(await ask(client, `a.${name}.invalid`, 80), 0);
    assert.equal(asked.length, 1, name);
  }
  const { client } = await login(t, port, 'alice', 'secret');
  assert.equal(await ask(client, 'a.x.invalid', 80), 0);
  assert.equal(made[0]?.[1].asked.length, 2, "the user's own rule is the first");
  const checked = await server.check(
    'alice',
    'connect',
    { host: 'a.group.invalid', port: 80 },
    '127.0.0.1',
    'lan',
  );
  assert.deepEqual(checked.via, { way: 'group', by: 'via "*.group.invalid=group" of [staff]' });
});

test('what is resolved here is held against the rules about networks as well', async (t) => {
  const up = await upstreamFor(t);
  const upstreams = { up: { url: up.url } };
  const blocked = await startServer(t, { via: ['127.0.0.0/8=block', '::1=block'], upstreams });
  assert.equal(await reply(t, blocked.port, 'localhost'), 2);
  assert.match((await blocked.event('rejected')).detail, /^via "(127.0.0.0\/8|::1)=block"$/);
  const check = await blocked.server.check(undefined, 'connect', { host: 'localhost', port: 80 });
  assert.equal(check.allowed, false);

  const sent = await startServer(t, { via: ['127.0.0.0/8=up', '::1=up'], upstreams });
  assert.equal(await reply(t, sent.port, 'localhost'), 0);
  assert.equal((await sent.event('established')).via, 'up');
  assert.ok([1, 4].includes(up.asked[0]?.[0] ?? 0), 'as the address that the rule is about');
  const said = await sent.server.check(undefined, 'connect', { host: 'localhost', port: 80 });
  assert.equal(said.addresses[0]?.via?.way, 'up');
});

test('a name that goes upstream is judged by rules about names', async (t) => {
  const up = await upstreamFor(t);
  const request = ['!connect:*.bad.invalid', '!connect:192.0.2.0/24', 'connect'];
  const { port, server } = await startServer(t, { via: [up.url], request });
  assert.equal(await reply(t, port, 'a.bad.invalid'), 2);
  assert.equal(await reply(t, port, '192.0.2.7'), 2);
  assert.equal(up.asked.length, 0);
  assert.equal(await reply(t, port, 'a.good.invalid'), 0);
  const { by, via } = await server.check(undefined, 'connect', {
    host: 'a.good.invalid',
    port: 80,
  });
  assert.equal(by, 'rule "connect"');
  assert.deepEqual(via, { way: up.url, by: `via "${up.url}"` });
});

test('of several ways the next is tried when one cannot be reached, and the dead one rests', async (t) => {
  const clock = manualClock(t);
  const up = await upstreamFor(t);
  let alive = false;
  const flaky = await scripted(t, async (client) => {
    if (!alive) client.socket.destroy();
    await takeRequest(client);
    client.send(GRANTED);
  });
  const upstreams = { first: { url: `socks5://127.0.0.1:${flaky.port}` }, second: { url: up.url } };
  const { port, event, events } = await startServer(t, { via: ['first|second'], upstreams });
  const connect = async () => {
    const before = [flaky.clients.length, up.asked.length];
    assert.equal(await reply(t, port, 'a.invalid'), 0);
    return [flaky.clients.length - (before[0] ?? 0), up.asked.length - (before[1] ?? 0)];
  };
  assert.deepEqual(await connect(), [1, 1]);
  const { message } = await event('warning');
  assert.match(message, /^upstream first cannot be used: /);
  assert.deepEqual(await connect(), [0, 1], 'it is left alone');
  clock.pass(999);
  assert.deepEqual(await connect(), [0, 1]);
  clock.pass(1);
  assert.deepEqual(await connect(), [1, 1], 'it is tried again');
  clock.pass(1999);
  assert.deepEqual(await connect(), [0, 1], 'and left alone for longer');
  clock.pass(1);
  alive = true;
  assert.deepEqual(await connect(), [1, 0]);
  await event('warning', (warning) => warning.message === 'upstream first can be used again');
  assert.deepEqual(await connect(), [1, 0]);
  assert.equal(events.filter(({ type }) => type === 'warning').length, 2);
});

test('an upstream that is the only way is tried each time', async (t) => {
  const port = await freePort(t);
  const { port: proxy, event } = await startServer(t, { via: [`socks5://127.0.0.1:${port}`] });
  assert.equal(await reply(t, proxy, 'a.invalid'), 1);
  const detail = `upstream socks5://127.0.0.1:${port} cannot be used: connection refused`;
  assert.equal((await event('rejected')).detail, detail);
  assert.equal(await reply(t, proxy, 'a.invalid'), 1);
});

test('a way that answers is the last that is tried, whatever it answers', async (t) => {
  const up = await upstreamFor(t);
  const refusing = await scripted(t, async (client) => {
    await takeRequest(client);
    client.send(5, 5, 0, 1, 0, 0, 0, 0, 0, 0);
  });
  const via = [`socks5://127.0.0.1:${refusing.port}|${up.url}`];
  const { port } = await startServer(t, { via });
  assert.equal(await reply(t, port, 'a.invalid'), 5);
  assert.equal(up.asked.length, 0);
});

test('a way that hangs leaves time for the others', async (t) => {
  const up = await upstreamFor(t);
  const silent = await scripted(t, async () => {});
  const mute = await scripted(t, async (client) => {
    await takeRequest(client);
  });
  const clock = manualClock(t, ['setTimeout']);
  for (const { port: hanging } of [silent, mute]) {
    const via = [`socks5://127.0.0.1:${hanging}|${up.url}`];
    const { port } = await startServer(t, { via, connectTimeout: 1 });
    const client = await greeted(t, port);
    assert.equal(await clock.passUntil(ask(client, 'a.invalid', 80), 10), 0);
  }
});

test('if no way works, all of them are told', async (t) => {
  const [one, two] = [await freePort(t), await freePort(t)];
  const upstreams = {
    one: { url: `socks5://127.0.0.1:${one}` },
    two: { url: `http://127.0.0.1:${two}` },
  };
  const { port, event } = await startServer(t, { via: ['one|two'], upstreams });
  assert.equal(await reply(t, port, 'a.invalid'), 1);
  assert.equal(
    (await event('rejected')).detail,
    'upstream one cannot be used: connection refused; ' +
      'upstream two cannot be used: connection refused',
  );
});

test('the direct way may be one of several', async (t) => {
  const echo = await echoServer(t);
  const via = [`socks5://127.0.0.1:${await freePort(t)}|direct`];
  const { port, event } = await startServer(t, { via });
  const client = await greeted(t, port);
  assert.equal(await ask(client, '127.0.0.1', echo), 0);
  await assertEcho(client);
  assert.ok(!('via' in (await event('established'))));
});

test('a registered way out has a scheme or a name', async (t) => {
  const echo = await echoServer(t);
  const seen: unknown[] = [];
  const mine: Outbound = {
    id: 'mine',
    schemes: ['mine'],
    resolves: true,
    async connect({ destination }, upstream) {
      const { name, host, port, user, password } = upstream ?? assert.fail();
      seen.push([destination.host, name, host, port, `${user}`, `${password}`]);
      const transport = await Client.connect(t, echo);
      return transport.socket;
    },
  };
  const { schemes: _, ...nameless } = mine;
  const via = ['a.invalid=mine://al%65x:p%3Aw@h.invalid:7', 'b.invalid=named'];
  const { port, event } = await startServer(t, { via }, ({ outbounds }) => {
    outbounds.register(mine);
    outbounds.register({
      ...nameless,
      id: 'named',
      serves: () => false,
      connect: (request) => {
        seen.push(request.destination.host);
        return mine.connect(request, { name: '', host: '', port: 0 } as never);
      },
    });
  });
  assert.equal(await reply(t, port, 'a.invalid'), 0);
  assert.deepEqual(seen, [['a.invalid', 'mine://h.invalid:7', 'h.invalid', 7, 'alex', 'p:w']]);
  assert.equal((await event('established')).via, 'mine://h.invalid:7');
  assert.equal(await reply(t, port, 'b.invalid'), 0);
  assert.equal(seen[1], 'b.invalid');
  await event('established', ({ via }) => via === 'named');
});

const wrong: [what: string, options: ServerOptions, message: RegExp][] = [
  [
    'an unknown name',
    { via: ['corp'] },
    /^via: "corp": there is no section \[upstream:corp\]; known are block, direct$/,
  ],
  [
    'a name nearly right',
    { via: ['copr'], upstreams: { corp: { url: 'socks5://h' } } },
    /did you mean "corp"\?/,
  ],
  [
    'an unknown scheme',
    { via: ['ftp://h:1'] },
    /^via: unknown scheme "ftp"; expected one of socks5, socks5h, .*socks4a, http, https$/,
  ],
  ['the id of one with schemes', { via: ['socks5'] }, /"socks5": there is no section/],
  ['no URL', { upstreams: { a: {} as never } }, /^\[upstream:a\]: expected url = /],
  [
    'an upstream through none',
    { upstreams: { a: { url: 'http://h', through: 'b' } } },
    /^\[upstream:a\]: through = b: there is no section \[upstream:b\]/,
  ],
  [
    'a circle',
    {
      upstreams: {
        a: { url: 'http://h', through: 'b' },
        b: { url: 'http://h', through: 'c' },
        c: { url: 'http://h', through: 'b' },
      },
    },
    /^\[upstream:a\]: it goes through itself|^\[upstream:b\]: it goes through itself: b through c through b/,
  ],
  [
    'a password without a user',
    { upstreams: { a: { url: 'http://h', password: 'x' } } },
    /expected a user for the password/,
  ],
  [
    'two passwords',
    { upstreams: { a: { url: 'http://u:x@h', password: 'y' } } },
    /the password is said twice/,
  ],
  [
    'a password that SOCKS 4a has no place for',
    { via: ['socks4a://u:hunter2@h'] },
    /^via: SOCKS 4a has no passwords$/,
  ],
  [
    'a password file that is not there',
    { upstreams: { a: { url: 'http://u@h', passwordFile: '/none' } } },
    /^\[upstream:a\]: cannot read the password file "\/none"/,
  ],
  [
    'a name that is a way',
    { upstreams: { direct: { url: 'http://h' } } },
    /expected a name of letters/,
  ],
  [
    'a wrong key',
    { upstreams: { a: { url: 'http://h', pasword: 'x' } as never } },
    /upstreams.a.pasword: there is no such option; did you mean "password"/,
  ],
  [
    'a wrong time',
    { upstreams: { a: { url: 'http://h', timeout: 0 } } },
    /upstreams.a.timeout: expected seconds from 0.1 to 3600/,
  ],
];
for (const [what, options, message] of wrong) {
  test(`wrong: ${what}`, async (t) => {
    const { createServer } = await import('picosocks5');
    const start = async () => {
      const server = createServer({ listen: ['127.0.0.1:0'], ...options });
      t.after(() => server.close());
      await server.listen();
    };
    await assert.rejects(start, { name: 'UserError', message });
  });
}

test('a section that nothing names is told', async (t) => {
  const upstreams = {
    idle: { url: 'http://h' },
    used: { url: 'http://h' },
    hop: { url: 'http://h' },
  };
  const { event, events } = await startServer(t, {
    upstreams: { ...upstreams, used: { ...upstreams.used, through: 'hop' } },
    via: ['used'],
  });
  const { message } = await event('warning');
  assert.equal(
    message,
    'section [upstream:idle] is not in force: no via and no other upstream names it',
  );
  assert.equal(events.filter(({ type }) => type === 'warning').length, 1);
});
