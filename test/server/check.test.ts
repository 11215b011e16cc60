import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessPolicy, CommandName } from 'picosocks5';
import { startServer } from '../support/server.js';
import { bytes } from '../support/sockets.js';
import { address, domain, greeted, readReply } from '../support/socks.js';

const CODES: Readonly<Record<CommandName, number>> = { connect: 1, bind: 2, associate: 3 };
const NOT_ALLOWED = 2;

const whim: AccessPolicy = { id: 'whim', onAddress: () => ({ by: 'a whim' }) };
const cases: readonly (readonly [
  what: string,
  rules: string[],
  policy: AccessPolicy | undefined,
  command: CommandName,
  host: string,
  allowed: boolean,
])[] = [
  ['no rules', [], undefined, 'connect', '127.0.0.1', true],
  ['a rule', ['!connect:127.0.0.1', 'all'], undefined, 'connect', '127.0.0.1', false],
  ['an address that leads there', ['!connect:127.0.0.1', 'all'], undefined, 'connect', '::', false],
  ['a policy of an extension', [], whim, 'connect', '127.0.0.1', false],
  ['a policy that says nothing', [], { id: 'silent' }, 'connect', '127.0.0.1', true],
  ['BIND for any peer', ['bind:192.0.2.0/24'], undefined, 'bind', '0.0.0.0', true],
  ['BIND that no rule allows', ['connect'], undefined, 'bind', '0.0.0.0', false],
  ['BIND for a peer', ['bind:192.0.2.0/24'], undefined, 'bind', '127.0.0.1', false],
  ['UDP', ['assoc:192.0.2.0/24'], undefined, 'associate', '0.0.0.0', true],
  ['UDP that no rule allows', ['connect'], undefined, 'associate', '0.0.0.0', false],
  [
    'a name that does not resolve',
    ['!connect:10.0.0.0/8', '!connect:ads.invalid', 'all'],
    undefined,
    'connect',
    'ads.invalid',
    false,
  ],
];
for (const [what, request, policy, command, host, allowed] of cases) {
  test(`check says what the server does: ${what}`, async (t) => {
    const { port, server } = await startServer(
      t,
      { request, bind: ['127.0.0.1'] },
      (registries) => {
        if (policy !== undefined) registries.accessPolicies.register(policy);
      },
    );
    const result = await server.check(undefined, command, { host, port: 9 });
    assert.equal(result.allowed, allowed, JSON.stringify(result));
    const client = await greeted(t, port);
    const destination = host.endsWith('.invalid') ? domain(host, 9) : address(host, 9);
    client.send(5, CODES[command], 0, destination);
    assert.equal((await readReply(client)).reply !== NOT_ALLOWED, allowed);
  });
}

test('check says who decides', async (t) => {
  const { server } = await startServer(t, { request: ['connect:127.0.0.1'] }, (registries) => {
    registries.accessPolicies.register({
      id: 'moody',
      onAddress: ({ destination }) => (destination.port === 1 ? { by: 'a whim' } : undefined),
      explain: () => 'a good mood',
    });
  });
  const by = async (port: number) =>
    (await server.check(undefined, 'connect', { host: '127.0.0.1', port })).addresses[0]?.by;
  assert.equal(await by(1), 'a whim');
  assert.equal(await by(2), 'rule "connect:127.0.0.1"; a good mood');
});

test('check takes a host as clients name it', async (t) => {
  const request = ['!connect:bücher.invalid', '!connect:127.0.0.1', 'all'];
  const { server } = await startServer(t, { request });
  for (const host of ['127.1', '[::ffff:127.0.0.1]', 'BÜCHER.invalid.', 'xn--bcher-kva.invalid']) {
    const { allowed } = await server.check(undefined, 'connect', { host, port: 80 });
    assert.equal(allowed, false, host);
  }
  const nonsense = server.check(undefined, 'connect', { host: 'a b', port: 80 });
  await assert.rejects(nonsense, { name: 'UserError', message: /^"a b" is no host/ });
});

test('check before the server listens asks the rules of its options', async () => {
  const { createServer } = await import('picosocks5');
  const server = createServer({ request: ['!connect:127.0.0.1', 'all'] });
  server.registries.accessPolicies.register(whim);
  const { allowed, addresses } = await server.check(undefined, 'connect', {
    host: '127.0.0.1',
    port: 80,
  });
  assert.deepEqual([allowed, addresses[0]?.by], [false, 'rule "!connect:127.0.0.1"']);
  await server.close();
});

test('a rule whose name does not resolve is warned about, and stops nothing', async (t) => {
  const request = ['!connect:ads.invalid', 'connect:*'];
  const network = ['!evil.invalid', '*'];
  const { server, event, events } = await startServer(t, { request, network });
  const { message } = await event('warning');
  assert.match(message, /"evil.invalid"/);
  assert.match(message, /"ads.invalid"/);
  await server.reload({ listen: ['127.0.0.1:0'], request: ['!connect:other.invalid', 'all'] });
  await event('reloaded');
  await event('warning', (warning) => warning.message.includes('"other.invalid"'));
  assert.ok(!events.some(({ type }) => type === 'error'));
});

test('a refused name stays refused by name', async (t) => {
  const { port, event } = await startServer(t, { request: ['!connect:ads.invalid', 'connect:*'] });
  for (const name of ['ads.invalid', 'ADS.Invalid.']) {
    const client = await greeted(t, port);
    client.send(5, 1, 0, domain(name, 80));
    assert.equal((await client.readAll())[1], NOT_ALLOWED, name);
  }
  assert.equal((await event('rejected')).detail, 'rule "!connect:ads.invalid"');
});

const dodges: readonly (readonly [what: string, destination: Buffer])[] = [
  ['0.0.0.0', address('0.0.0.0', 9)],
  ['::', address('::', 9)],
  ['::ffff:0.0.0.0', bytes(4, Buffer.alloc(10), 255, 255, 0, 0, 0, 0, 0, 9)],
  ['::127.0.0.1', address('::127.0.0.1', 9)],
  ['64:ff9b::127.0.0.1', address('64:ff9b::7f00:1', 9)],
  ['2002:7f00:1::', address('2002:7f00:1::', 9)],
  ['the name 0', domain('0', 9)],
  ['the name 00.0.0.0', domain('00.0.0.0', 9)],
  ['the name 127.1', domain('127.1', 9)],
  ['the name 0x7f000001', domain('0x7f000001', 9)],
  ['the name 127.0.0.1.', domain('127.0.0.1.', 9)],
  ['the name [::1]', domain('[::1]', 9)],
  ['the name LOCALHOST.', domain('LOCALHOST.', 9)],
];
for (const [what, destination] of dodges) {
  test(`where loopback is refused, so is ${what}`, async (t) => {
    const request = ['!all:127.0.0.0/8', '!all:::1', 'all'];
    const { port } = await startServer(t, { request });
    const client = await greeted(t, port);
    client.send(5, 1, 0, destination);
    assert.equal((await client.readAll())[1], NOT_ALLOWED);
  });
}
