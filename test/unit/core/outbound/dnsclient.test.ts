import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DnsClient } from '#core/outbound/dnsclient.js';
import type { Family } from '#core/outbound/prefer.js';
import { type DnsAnswer, DnsServer } from '../../../support/dns.js';

const V4 = '192.0.2.1';
const V6 = '2001:db8::1';

/** The addresses of a name. */
async function addressesOf(client: DnsClient, name: string, family?: Family) {
  return (await client.lookup(name, family).answer).addresses;
}

describe('DnsClient', () => {
  const cases: readonly (readonly [
    what: string,
    ipv6: DnsAnswer,
    ipv4: DnsAnswer,
    expected: string[] | string,
  ])[] = [
    ['both families', [V6], [V4, '192.0.2.2'], [V6, V4, '192.0.2.2']],
    ['IPv4 only', [], [V4], [V4]],
    ['IPv6 only', [V6], [], [V6]],
    ['no such name', 3, 3, 'ENOTFOUND'],
    ['a name without addresses', [], [], 'ENOTFOUND'],
    ['a server that fails', 2, 2, 'EAI_AGAIN'],
    ['a server that refuses', 5, 5, 'EAI_AGAIN'],
    ['one family that fails', 2, [V4], [V4]],
    ['one family that fails, and none of the other', 2, [], 'EAI_AGAIN'],
    ['one family that is not answered', 'silence', [V4], [V4]],
    ['the other that is not answered', [V6], 'silence', [V6]],
  ];
  for (const [what, ipv6, ipv4, expected] of cases) {
    test(what, async (t) => {
      const { setup } = await DnsServer.start(t, (_, type) => (type === 'A' ? ipv4 : ipv6));
      const addresses = addressesOf(new DnsClient(setup, ''), 'example.com');
      if (typeof expected === 'string') await assert.rejects(addresses, { code: expected });
      else assert.deepEqual(await addresses, expected);
    });
  }

  test('one family alone is asked for if the other is of no use', async (t) => {
    const server = await DnsServer.start(t, (_, type) => (type === 'A' ? [V4] : [V6]));
    const client = new DnsClient(server.setup, '');
    assert.deepEqual(await addressesOf(client, 'example.com', 'ipv4'), [V4]);
    assert.deepEqual(await addressesOf(client, 'example.com', 'ipv6'), [V6]);
    assert.deepEqual(server.asked, ['example.com A', 'example.com AAAA']);
  });

  test('names that are none of IDNA are asked for as they are', async (t) => {
    const server = await DnsServer.start(t, () => [V4]);
    for (const name of ['xn--a.example', 'www.xn--0.example', 'a_b.example', 'ab--c.example']) {
      assert.deepEqual(await addressesOf(new DnsClient(server.setup, ''), name), [V4]);
      assert.ok(server.asked.includes(`${name} A`), server.asked.join());
    }
  });

  test('a name that cannot be is not found', async (t) => {
    const { setup } = await DnsServer.start(t, () => [V4]);
    for (const name of [`${'a'.repeat(64)}.example`, 'a..example', 'a%b.example']) {
      const addresses = addressesOf(new DnsClient(setup, ''), name);
      await assert.rejects(addresses, { code: 'ENOTFOUND' }, name);
    }
  });

  test('domains are searched until one has the name', async (t) => {
    const server = await DnsServer.start(t, (name) => (name === 'www.b.example' ? [V4] : 3), {
      search: ['a.example', 'b.example', 'c.example'],
    });
    assert.deepEqual(await addressesOf(new DnsClient(server.setup, ''), 'www'), [V4]);
    const names = new Set(server.asked.map((line) => line.split(' ')[0]));
    assert.deepEqual([...names], ['www.a.example', 'www.b.example']);
  });

  test('a search ends where it is not known whether a name exists', async (t) => {
    const server = await DnsServer.start(t, (name) => (name.startsWith('www.a.') ? 2 : [V4]), {
      search: ['a.example', 'b.example'],
    });
    const addresses = addressesOf(new DnsClient(server.setup, ''), 'www');
    await assert.rejects(addresses, { code: 'EAI_AGAIN' });
  });

  test('a look-up that is given up ends at once, and the next one is answered', async (t) => {
    const { setup } = await DnsServer.start(t, (name) =>
      name === 'dead.example' ? 'silence' : [V4],
    );
    const client = new DnsClient(setup, '');
    const { answer, cancel } = client.lookup('dead.example');
    assert.ok(cancel());
    await assert.rejects(answer, { code: 'EAI_AGAIN' });
    assert.deepEqual(await addressesOf(client, 'example.com'), [V4]);
  });
});
