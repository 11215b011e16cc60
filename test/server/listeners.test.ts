import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { createServer, type Server, type ServerOptions } from 'picosocks5';
import { duplexPair } from '../support/duplexpair.js';
import { startServer } from '../support/server.js';
import { assertTurnedAway, bytes, Client, echoServer, freePort } from '../support/sockets.js';
import { address, assertEcho, connected, connectTo, greeted, login } from '../support/socks.js';
import { passwordFile, plainSecret } from '../support/users.js';

const any = ['127.0.0.1:0'];

/** The port of a listener. */
function portOf({ listeners }: Server, listener: string): number {
  const found = listeners.find(({ name }) => name === listener)?.addresses[0]?.port;
  return found ?? assert.fail(`no listener ${listener} listens`);
}

/** The reply to a request for a port of 127.0.0.1 by an anonymous client. */
async function replyOf(t: Parameters<typeof greeted>[0], port: number, to: number) {
  return (await connectTo(await greeted(t, port), '127.0.0.1', to)).reply;
}

describe('each listener has its own', () => {
  test('users, and those of all where it names none', async (t) => {
    const echo = await echoServer(t);
    const [all, own] = ['all', 'own'].map((word) =>
      passwordFile(t, `alice::${plainSecret(word)}`),
    ) as [string, string];
    const listeners = {
      open: { listen: any, anonymous: true },
      own: { listen: any, auth: [own] },
      both: { listen: any, auth: [own, all] },
      same: { listen: any },
    };
    const { server } = await startServer(t, { listen: [], auth: [all], listeners });
    await assertEcho(await connected(t, portOf(server, 'open'), echo));
    const right: [listener: string, password: string, isRight: boolean][] = [
      // What is wrong at one may be right at another, and is not "the same wrong password again".
      ['own', 'all', false],
      ['same', 'all', true],
      ['same', 'own', false],
      ['own', 'own', true],
      ['open', 'all', true],
      ['open', 'own', false],
      ['both', 'own', true],
      ['both', 'all', false],
    ];
    for (const [listener, password, isRight] of right) {
      const { status } = await login(t, portOf(server, listener), 'alice', password);
      assert.equal(status === 0, isRight, `${listener} ${password}`);
    }
    for (const name of ['own', 'both', 'same']) {
      const client = await Client.connect(t, portOf(server, name));
      client.send(5, 1, 0);
      assert.deepEqual(await client.read(2), bytes(5, 0xff), name);
    }
  });

  test('rules, each kind by itself; those of groups come first', async (t) => {
    const [echo, other] = [await echoServer(t), await echoServer(t)];
    const users = passwordFile(t, `alice:staff:${plainSecret('x')}`, `bob::${plainSecret('x')}`);
    const options: ServerOptions = {
      listen: [],
      auth: [users],
      request: [`connect:127.0.0.1:${echo}`],
      network: ['127.0.0.0/8'],
      groups: { staff: { request: [`!connect:127.0.0.1:${echo}`] } },
      listeners: {
        global: { listen: any },
        own: { listen: any, request: ['connect:127.0.0.1'] },
        none: { listen: any, request: [] },
        nobody: { listen: any, network: ['!*'] },
      },
    };
    const { server, event } = await startServer(t, options);
    const replies: [listener: string, user: string, to: number, reply: number][] = [
      ['global', 'bob', echo, 0],
      ['global', 'bob', other, 2],
      ['global', 'alice', echo, 2],
      ['own', 'bob', other, 0],
      ['own', 'alice', echo, 2],
      ['own', 'alice', other, 0],
      ['none', 'bob', other, 0],
      ['none', 'alice', echo, 2],
    ];
    for (const [listener, user, to, reply] of replies) {
      const { client } = await login(t, portOf(server, listener), user, 'x');
      const answer = await connectTo(client, '127.0.0.1', to);
      assert.equal(answer.reply, reply, `${listener} ${user} ${to === echo ? 'echo' : 'other'}`);
    }
    await assertTurnedAway(t, portOf(server, 'nobody'));
    const refused = await event('rejected', ({ listener }) => listener === 'nobody');
    assert.equal(refused.detail, 'network rule "!*" of [listener:nobody]');
  });

  test('times, and whether it speaks SOCKS 4', async (t) => {
    const listeners = {
      short: { listen: any, handshakeTimeout: 0.2 },
      modern: { listen: any, socks4: false },
      shorter: { listen: any, timeout: 0.1 },
      long: { listen: any },
    };
    const { server, event } = await startServer(t, { listen: [], handshakeTimeout: 60, listeners });
    const echo = await echoServer(t);
    const waiting = await Client.connect(t, portOf(server, 'long'));
    for (const name of ['short', 'shorter']) {
      await (await Client.connect(t, portOf(server, name))).readAll();
      const { reason } = await event('closed', ({ listener }) => listener === name);
      assert.equal(reason, 'handshake-timeout', name);
    }
    const socks4 = bytes(4, 1, echo >> 8, echo & 255, 127, 0, 0, 1, 0);
    waiting.send(socks4);
    assert.equal((await waiting.read(8))[1], 90);
    const refused = await Client.connect(t, portOf(server, 'modern'));
    assert.equal((await refused.send(socks4).read(8))[1], 91);
  });

  test('connections at once, which silent clients cannot take up', async (t) => {
    const echo = await echoServer(t);
    const listeners = { few: { listen: any, maxconn: 4 }, many: { listen: any } };
    const { server, event } = await startServer(t, { listen: [], maxconn: 10, listeners });
    const few = portOf(server, 'few');
    const silent: Client[] = [];
    for (let i = 0; i < 6; i++) silent.push(await Client.connect(t, few));
    const served: Client[] = [];
    for (let i = 0; i < 3; i++) served.push(await connected(t, few, echo));
    // The request of the last client made room again for one that says nothing.
    await Promise.all(silent.slice(0, 5).map((client) => client.readAll()));
    const last = silent[5]?.socket;
    const from = last?.localPort;
    last?.destroy();
    await event('closed', ({ client }) => client.port === from);
    served.push(await connected(t, few, echo));
    await assertTurnedAway(t, few);
    const { reason } = await event('rejected', ({ detail }) => detail === 'at this listener');
    assert.equal(reason, 'too-many-connections');
    const others: Client[] = [];
    for (let i = 0; i < 6; i++) others.push(await connected(t, portOf(server, 'many'), echo));
    await assertTurnedAway(t, portOf(server, 'many'));
    await event('rejected', ({ detail }) => detail === 'in all');
    for (const client of [...served, ...others]) await assertEcho(client);
  });
});

test('lockouts are those of all listeners together', async (t) => {
  const users = passwordFile(t, `alice::${plainSecret('right')}`);
  const listeners = { one: { listen: any }, two: { listen: any } };
  const options = { listen: [], auth: [users], maxLoginFailures: 2, listeners };
  const { server } = await startServer(t, options);
  assert.equal((await login(t, portOf(server, 'one'), 'alice', 'wrong 1')).status, 1);
  assert.equal((await login(t, portOf(server, 'two'), 'alice', 'wrong 2')).status, 1);
  assert.equal((await login(t, portOf(server, 'one'), 'alice', 'right')).status, 1);
});

test('a source that several listeners name is opened once, and closed in the end', async (t) => {
  let opened = 0;
  let closed = 0;
  const auth = ['counting:x'];
  const listeners = { one: { listen: any, auth }, two: { listen: any, auth: ['counting:x'] } };
  const { server } = await startServer(t, { auth, listeners }, (registries) => {
    registries.authenticationSources.register({
      id: 'counting',
      open: async () => {
        opened++;
        return { name: 'x', kinds: new Set(), dispose: () => closed++ };
      },
    });
  });
  assert.deepEqual([opened, closed], [1, 0]);
  await server.reload();
  assert.deepEqual([opened, closed], [2, 1]);
});

describe('which listeners there are', () => {
  test('with others, the default address is not opened', async (t) => {
    const server = createServer({ listeners: { one: { listen: any } } });
    t.after(() => server.close());
    const addresses = await server.listen();
    assert.deepEqual(addresses, [{ host: '127.0.0.1', port: portOf(server, 'one') }]);
    assert.deepEqual(
      server.listeners.map(({ name }) => name),
      ['one'],
    );
  });

  test('one that is asked for is another, named default', async (t) => {
    const { server, events } = await startServer(t, { listeners: { one: { listen: any } } });
    assert.deepEqual(
      server.listeners.map(({ name, addresses }) => [name, addresses.length]),
      [
        ['default', 1],
        ['one', 1],
      ],
    );
    const told = events.flatMap((event) => (event.type === 'listening' ? [event.listener] : []));
    assert.deepEqual(told, ['default', 'one']);
  });

  const wrong: [what: string, options: ServerOptions, message: string | RegExp][] = [
    [
      'an unknown option',
      { listeners: { lan: { lsten: any } as object } },
      'listeners.lan.lsten: there is no such option; did you mean "listen"?',
    ],
    [
      'an option that listeners cannot have',
      { listeners: { lan: { listen: any, lockoutTime: 5 } as object } },
      /^listeners\.lan\.lockoutTime: there is no such option/,
    ],
    [
      'a wrong value',
      { listeners: { lan: { listen: any, maxconn: 1.5 } } },
      'listeners.lan.maxconn: expected a whole number from 0 to 1000000, not 1.5',
    ],
    [
      'a wrong rule',
      { listeners: { lan: { listen: any, request: ['conect'] } } },
      /^listeners\.lan\.request: rule "conect": expected /,
    ],
    [
      'no object',
      { listeners: { lan: 1080 as unknown as object } },
      /^listeners\.lan: expected an object/,
    ],
    ['no name', { listeners: { '': { listen: any } } }, /^"" is no name of a listener: /],
    [
      'two lines',
      { listeners: { 'a\nb': { listen: any } } },
      /^"a\\nb" is no name of a listener: /,
    ],
    ['white space', { listeners: { ' a': { listen: any } } }, /^" a" is no name of a listener: /],
    ['the name default', { listeners: { default: { listen: any } } }, /^\[listener:default\]: /],
  ];
  for (const [what, options, message] of wrong) {
    test(`${what} is an error`, () => {
      assert.throws(() => createServer(options), { name: 'UserError', message });
    });
  }

  const late: [what: string, options: ServerOptions, message: string | RegExp][] = [
    [
      'no address',
      { listeners: { lan: {} } },
      '[listener:lan]: expected listen = [ADDRESS][:PORT], where it listens',
    ],
    [
      'a file that is not there',
      { listeners: { lan: { listen: any, auth: ['/nowhere'] } } },
      /^\[listener:lan\]: cannot read the password file "\/nowhere": no such file/,
    ],
    [
      'an open proxy',
      { listeners: { lan: { listen: ['*:0'] }, local: { listen: any } } },
      /^\[listener:lan\]: refusing to listen on 0\.0\.0\.0:0 without users: .*anonymous = yes$/,
    ],
    [
      'an open proxy beside one that may be',
      { anonymous: true, listeners: { lan: { listen: ['*:0'], anonymous: false } } },
      /^\[listener:lan\]: refusing to listen on 0\.0\.0\.0:0 without users/,
    ],
  ];
  for (const [what, options, message] of late) {
    test(`${what} is an error`, async (t) => {
      const server = createServer(options);
      t.after(() => server.close());
      await assert.rejects(server.listen(), { name: 'UserError', message });
      assert.deepEqual(server.listeners, []);
    });
  }

  test('two at one address are an error that names both', async (t) => {
    const port = await freePort(t);
    const [here, everywhere] = [`127.0.0.1:${port}`, `0.0.0.0:${port}`];
    const cases: [one: string, two: string, message: RegExp][] = [
      [here, here, new RegExp(`^the listeners "one" and "two" both listen on ${here}: expected`)],
      [here, `localhost:${port}`, /^the listeners "one" and "two" both listen on /],
    ];
    // Elsewhere an address of its own may share the port of all addresses.
    if (process.platform === 'linux') {
      const overlap = new RegExp(
        `^the listeners "one" and "two" listen on ${everywhere} and ${here}, of which one includes`,
      );
      cases.push([everywhere, here, overlap]);
    }
    for (const [one, two, message] of cases) {
      const listeners = { one: { listen: [one] }, two: { listen: [two] } };
      const server = createServer({ anonymous: true, listeners });
      t.after(() => server.close());
      await assert.rejects(server.listen(), { name: 'UserError', message });
    }
  });

  test('what no listener goes by is warned of', async (t) => {
    const listeners = {
      one: { listen: any, maxconn: 20, request: ['all'] },
      two: { listen: any, maxconn: 5, request: ['connect'] },
    };
    const options = { listen: [], maxconn: 10, request: ['bind'], socks4: false, listeners };
    const { events } = await startServer(t, options);
    const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    assert.deepEqual(warnings, [
      '[listener:one]: maxconn = 20 is not in force: that of all is 10',
      'request is not in force: each [listener:NAME] has its own',
    ]);
  });

  test('a section of a group that only users of a listener have is in force', async (t) => {
    const users = passwordFile(t, `alice:staff:${plainSecret('x')}`);
    const { events } = await startServer(t, {
      groups: { staff: { request: ['all'] } },
      users: { alice: { connections: 1 } },
      listeners: { lan: { listen: any, auth: [users] } },
    });
    assert.ok(!events.some(({ type }) => type === 'warning'));
  });
});

test('events and the table of connections tell the listener', async (t) => {
  const echo = await echoServer(t);
  const listeners = { one: { listen: any }, two: { listen: any } };
  const { server, events, event } = await startServer(t, { listen: [], listeners });
  const clients = [
    await connected(t, portOf(server, 'one'), echo),
    await connected(t, portOf(server, 'two'), echo),
  ];
  assert.deepEqual(
    server.connections().map(({ listener }) => listener),
    ['one', 'two'],
  );
  for (const [index, name] of ['one', 'two'].entries()) {
    clients[index]?.socket.destroy();
    await event('closed', ({ listener }) => listener === name);
    const types = events.flatMap((one) =>
      'listener' in one && one.listener === name ? [one.type] : [],
    );
    const all = ['listening', 'connection', 'authenticated', 'request', 'established', 'closed'];
    assert.deepEqual(types, all);
  }
});

test('serve() serves a connection as one of a listener', async (t) => {
  const echo = await echoServer(t);
  const listeners = { open: { listen: [] }, closed: { listen: [], network: ['!*'] } };
  const { server, event } = await startServer(t, { listen: [], listeners });
  const client = { host: '127.0.0.1', port: 7 };
  const served = (listener: string) => {
    const [near, far] = duplexPair();
    server.serve(near, { client, listener });
    return Client.of(far as Socket).send(5, 1, 0, 5, 1, 0, address('127.0.0.1', echo));
  };
  assert.deepEqual(await served('closed').readAll(), bytes());
  await event('rejected', ({ listener }) => listener === 'closed');
  assert.deepEqual(await served('open').read(4), bytes(5, 0, 5, 0));
  assert.equal(server.connections()[0]?.listener, 'open');
  const [near] = duplexPair();
  assert.throws(() => server.serve(near, { client }), {
    name: 'UserError',
    message: 'no listener is named; expected one of open, closed',
  });
});

describe('check', () => {
  const options: ServerOptions = {
    listeners: { one: { listen: any }, two: { listen: any, request: ['!connect'] } },
  };
  const to = { host: '127.0.0.1', port: 80 };
  const by = async (server: Server, listener?: string) => {
    const { addresses } = await server.check(undefined, 'connect', to, '127.0.0.1', listener);
    return addresses[0]?.by;
  };
  const assertChecks = async (server: Server) => {
    assert.equal(await by(server, 'one'), 'there are no rules');
    assert.equal(await by(server, 'two'), 'rule "!connect" of [listener:two]');
    const wrong: [listener: string | undefined, message: string][] = [
      [undefined, 'no listener is named; expected one of one, two'],
      ['default', 'there is no listener "default"; expected one of one, two'],
      ['tow', 'there is no listener "tow"; expected one of one, two; did you mean "two"?'],
    ];
    for (const [listener, message] of wrong) {
      await assert.rejects(by(server, listener), { name: 'UserError', message });
    }
  };

  test('asks as a client of a listener does', async (t) => {
    await assertChecks((await startServer(t, { listen: [], ...options })).server);
  });

  test('does so before the server listens', async () => {
    const server = createServer(options);
    await assertChecks(server);
    await server.close();
  });

  test('needs no name where there is one', async () => {
    const server = createServer({ listeners: { two: options.listeners?.['two'] ?? {} } });
    assert.equal(await by(server), 'rule "!connect" of [listener:two]');
    await server.close();
  });

  test('asks for the users of the listener', async (t) => {
    const auth = [passwordFile(t, `alice::${plainSecret('x')}`)];
    const server = createServer({
      listeners: { one: { listen: any }, two: { listen: any, auth } },
    });
    assert.equal(await by(server, 'one'), 'there are no rules');
    const refused = await server.check(undefined, 'connect', to, '127.0.0.1', 'two');
    assert.deepEqual([refused.allowed, refused.by], [false, 'clients have to authenticate']);
    const bob = server.check('bob', 'connect', to, '127.0.0.1', 'two');
    await assert.rejects(bob, /there is no user "bob"/);
    await server.close();
  });
});

describe('reload()', () => {
  test('adds, changes and removes listeners, and leaves addresses open that stay', async (t) => {
    const [echo, other] = [await echoServer(t), await echoServer(t)];
    const [a, b, c] = [await freePort(t), await freePort(t), await freePort(t)];
    const at = (port: number) => [`127.0.0.1:${port}`];
    const one = { listen: at(a) };
    const { server, events } = await startServer(t, { listen: [], listeners: { one } });
    const first = await connected(t, a, echo);

    const listeners = { one: { ...one, request: [`connect:*:${other}`] }, two: { listen: at(b) } };
    await server.reload({ listeners });
    assert.deepEqual(await replyOf(t, a, echo), 2);
    assert.deepEqual(await replyOf(t, a, other), 0);
    const second = await connected(t, b, echo);
    await assertEcho(first);

    await server.reload({ listen: at(c), listeners: { two: { listen: at(b), socks4: false } } });
    await assert.rejects(Client.connect(t, a), { code: 'ECONNREFUSED' });
    for (const port of [b, c]) await assertEcho(await connected(t, port, echo));
    for (const client of [first, second]) await assertEcho(client);

    const told = events.flatMap((event) =>
      event.type === 'listening' || event.type === 'stopped'
        ? [`${event.type} ${event.address.port} ${event.listener}`]
        : [],
    );
    assert.deepEqual(told, [
      `listening ${a} undefined`,
      `listening ${b} two`,
      `stopped ${a} one`,
      `listening ${c} default`,
    ]);
  });

  test('an address may go from one listener to another, and is open all the time', async (t) => {
    const echo = await echoServer(t);
    const listen = [`127.0.0.1:${await freePort(t)}`];
    const strict = { listen, request: ['!connect'] };
    const spare = { listen: any };
    const { server, events } = await startServer(t, { listen: [], listeners: { strict, spare } });
    const port = portOf(server, 'strict');
    assert.equal(await replyOf(t, port, echo), 2);
    await server.reload({ listeners: { spare, lax: { listen } } });
    assert.equal(portOf(server, 'lax'), port);
    assert.equal(await replyOf(t, port, echo), 0);
    assert.ok(!events.some(({ type }) => type === 'stopped'));
    const told = events.flatMap((event) => (event.type === 'listening' ? [event] : []));
    const { listener, before, address } = told.at(-1) ?? {};
    assert.deepEqual([listener, before, address?.port], ['lax', 'strict', port]);
  });

  test('what becomes of addresses is told by name as long as there were, or are, several', async (t) => {
    const [a, b] = [await freePort(t), await freePort(t)];
    const at = (port: number) => ({ listen: [`127.0.0.1:${port}`] });
    const listeners = { one: at(a), two: at(b) };
    const { server, events } = await startServer(t, { listen: [], listeners });
    const told = () =>
      events.splice(0).flatMap((event) => {
        if (event.type !== 'listening' && event.type !== 'stopped') return [];
        const { type, address, listener } = event;
        return [[type, address.port, listener, 'before' in event ? event.before : undefined]];
      });
    told();
    await server.reload(at(a));
    assert.deepEqual(told(), [
      ['stopped', b, 'two', undefined],
      ['listening', a, 'default', 'one'],
    ]);
    await server.reload({ listen: [...at(a).listen, ...at(b).listen] });
    assert.deepEqual(told(), [['listening', b, undefined, undefined]]);
    await server.reload({ listeners: { lan: at(a) } });
    assert.deepEqual(told(), [
      ['stopped', b, undefined, undefined],
      ['listening', a, 'lan', 'default'],
    ]);
  });

  test('ports that the system chose stay with their listeners', async (t) => {
    const echo = await echoServer(t);
    const two = { listen: any, request: ['!connect'] };
    const { server } = await startServer(t, {
      listen: [],
      listeners: { one: { listen: any }, two },
    });
    const before = server.listeners;
    await server.reload({ listeners: { two, one: { listen: any } } });
    assert.deepEqual([...server.listeners].reverse(), before);
    assert.equal(await replyOf(t, portOf(server, 'one'), echo), 0);
    assert.equal(await replyOf(t, portOf(server, 'two'), echo), 2);
  });

  test('with a mistake changes nothing', async (t) => {
    const echo = await echoServer(t);
    const one = { listen: any, request: ['!connect'] };
    const options = { listen: [], listeners: { one, two: { listen: any } } };
    const { server, events } = await startServer(t, options);
    const before = server.listeners;
    const lax = { listen: any, request: ['all'] };
    const mistakes: ServerOptions[] = [
      { listeners: { one: lax, two: { listen: any, auth: ['/nowhere'] } } },
      { listeners: { one: lax, two: { listen: ['*:0'] } } },
      { listeners: { one: lax, two: {} } },
      { listeners: { one: lax, two: { listen: ['192.0.2.254:0'], anonymous: true } } },
    ];
    for (const mistake of mistakes) {
      await assert.rejects(server.reload(mistake), { name: 'UserError' });
      assert.deepEqual(server.listeners, before);
      assert.equal(await replyOf(t, portOf(server, 'one'), echo), 2);
      assert.equal(await replyOf(t, portOf(server, 'two'), echo), 0);
    }
    assert.ok(!events.some(({ type }) => type === 'stopped' || type === 'reloaded'));
  });

  test('reads users of each again; who waits to log in does so by the new ones', async (t) => {
    const [one, two] = ['one', 'two'].map((word) => passwordFile(t, `a::${plainSecret(word)}`)) as [
      string,
      string,
    ];
    const options = {
      listen: [],
      listeners: { one: { listen: any, auth: [one] }, two: { listen: any, auth: [two] } },
    };
    const { server } = await startServer(t, options);
    const waiting = await Client.connect(t, portOf(server, 'two'));
    waiting.send(5, 1, 2);
    await waiting.read(2);
    writeFileSync(two, `a::${plainSecret('new')}\n`);
    await server.reload();
    assert.deepEqual(await waiting.send(1, 1, 'a', 3, 'new').read(2), bytes(1, 0));
    assert.equal((await login(t, portOf(server, 'two'), 'a', 'two')).status, 1);
    assert.equal((await login(t, portOf(server, 'one'), 'a', 'one')).status, 0);
  });

  test('a client of a listener that is gone keeps its rules', async (t) => {
    const echo = await echoServer(t);
    const strict = { listen: any, request: ['!connect'] };
    const { server } = await startServer(t, { listeners: { strict } });
    const client = await greeted(t, portOf(server, 'strict'));
    await server.reload({ listen: any });
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 2);
  });

  test('a limit counts those who were there before it', async (t) => {
    const echo = await echoServer(t);
    const one = { listen: any };
    const { server, port } = await startServer(t, { listeners: { one } });
    const clients = [
      await connected(t, portOf(server, 'one'), echo),
      await connected(t, portOf(server, 'one'), echo),
    ];
    await server.reload({ listen: any, listeners: { one: { ...one, maxconn: 2 } } });
    await assertTurnedAway(t, portOf(server, 'one'));
    await connected(t, port, echo);
    for (const client of clients) await assertEcho(client);
  });

  test('clients that come while it is under way are served by what it brings', async (t) => {
    const echo = await echoServer(t);
    const [a, b] = [await freePort(t), await freePort(t)];
    const { server } = await startServer(t);
    const listeners = { new: { listen: [`127.0.0.1:${a}`, `127.0.0.1:${b}`] } };
    const reloaded = server.reload({ listen: any, listeners });
    const attempt = async (): Promise<Client> => {
      for (;;) {
        const client = await Client.connect(t, a).catch(() => undefined);
        if (client !== undefined) return client;
      }
    };
    const client = await attempt();
    client.send(5, 1, 0);
    assert.deepEqual(await client.read(2), bytes(5, 0));
    assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
    await reloaded;
  });
});
