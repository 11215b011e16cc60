import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import {
  type FamilyFrom,
  type From,
  FromTable,
  localAddress,
  NO_FROM,
  parseFrom,
  randomAddress,
  resolveFrom,
} from '#core/outbound/from.js';
import { parseIP } from '#core/protocol/ip.js';
import { unlessHere } from '../../../support/addresses.js';
import { wine } from '../../../support/wine.js';

const all127 = await unlessHere('127.0.0.5', '127.9.1.2', '127.9.255.1');
const noIPv6 = await unlessHere('::1');
const never = (message: string) => assert.fail(message);
const address = (text: string): From => ({ kind: 'address', address: text });

describe('--from', () => {
  const right: readonly (readonly [text: string, from: From])[] = [
    ['192.0.2.1', address('192.0.2.1')],
    ['192.0.2.1/32', address('192.0.2.1')],
    ['2001:DB8::0:1', address('2001:db8::1')],
    ['[2001:db8::1]', address('2001:db8::1')],
    ['::ffff:192.0.2.1', address('192.0.2.1')],
    ['@eth0', { kind: 'interface', name: 'eth0' }],
    ['client', { kind: 'client' }],
    ['192.0.2.77/24', { kind: 'prefix', octets: new Uint8Array([192, 0, 2, 0]), bits: 24 }],
    ['2001:db8::/33', { kind: 'prefix', octets: parseIP('2001:db8::') as Uint8Array, bits: 33 }],
  ];
  for (const [text, from] of right) {
    test(`${text} is taken`, () => assert.deepEqual(parseFrom(text), from));
  }

  const wrong = [
    ...['', '@', 'clients', 'example.com', '192.0.2', '192.0.2.1:80', '0.0.0.0', '::', '[::1'],
    ...[
      '192.0.2.0/33',
      '192.0.2.0/0',
      '2001:db8::/129',
      '192.0.2.0/',
      '192.0.2.0/x',
      '1.2.3.4/5/6',
    ],
  ];
  for (const text of wrong) {
    test(`"${text}" is an error`, () => {
      assert.throws(() => parseFrom(text), { name: 'UserError', message: /expected/ });
    });
  }
});

describe('a random address of a prefix', () => {
  const cases: readonly (readonly [network: string, bits: number, all: readonly string[]])[] = [
    ['192.0.2.8', 30, ['192.0.2.9', '192.0.2.10']],
    ['192.0.2.8', 31, ['192.0.2.8', '192.0.2.9']],
    ['2001:db8::', 126, ['2001:db8::1', '2001:db8::2', '2001:db8::3']],
  ];
  for (const [network, bits, all] of cases) {
    test(`${network}/${bits} is any of those that are hosts'`, () => {
      const octets = parseIP(network) as Uint8Array;
      const found = new Set(Array.from({ length: 200 }, () => randomAddress(octets, bits)));
      assert.deepEqual([...found].sort(), [...all].sort());
    });
  }

  test('of a /64 is another each time, and in it', () => {
    const octets = parseIP('2001:db8:1:2::') as Uint8Array;
    const found = new Set(Array.from({ length: 100 }, () => randomAddress(octets, 64)));
    assert.equal(found.size, 100);
    for (const one of found) {
      assert.deepEqual(parseIP(one)?.subarray(0, 8), octets.subarray(0, 8));
    }
  });
});

describe('the local address', () => {
  const from = (ipv4: From | undefined, ipv6: From | undefined): FamilyFrom => ({ ipv4, ipv6 });
  const client: From = { kind: 'client' };
  const cases: readonly (readonly [
    what: string,
    from: FamilyFrom,
    to: string,
    client: string,
    local: string | undefined,
  ])[] = [
    ['of the family', from(address('192.0.2.1'), address('::1')), '::2', '192.0.2.9', '::1'],
    ['of none', from(address('192.0.2.1'), undefined), '2001:db8::1', '192.0.2.9', undefined],
    ['of the client', from(client, client), '198.51.100.1', '192.0.2.9', '192.0.2.9'],
    ['of a client of IPv6', from(client, client), '2001:db8::1', '2001:db8::9', '2001:db8::9'],
    ['of a client of the other family', from(client, client), '::2', '192.0.2.9', undefined],
    ['of a client that does not tell', from(client, client), '198.51.100.1', '0.0.0.0', undefined],
    ['of a client without one', from(client, client), '198.51.100.1', '/run/socks', undefined],
  ];
  for (const [what, table, to, own, local] of cases) {
    test(what, () => assert.equal(localAddress(table, to, own), local));
  }

  test('of an interface that has none is an error of the system', () => {
    const gone = from({ kind: 'interface', name: 'nowhere0' }, undefined);
    assert.throws(() => localAddress(gone, '192.0.2.1', ''), { code: 'EADDRNOTAVAIL' });
  });
});

test("a user's own comes before the group's, and that before all others', of each family", () => {
  const ipv4 = (text: string): FamilyFrom => ({ ...NO_FROM, ipv4: address(text) });
  const table = new FromTable(
    { ipv4: address('192.0.2.1'), ipv6: address('2001:db8::1') },
    new Map([
      ['staff', { ipv4: address('192.0.2.2'), ipv6: address('2001:db8::2') }],
      ['*', ipv4('192.0.2.9')],
    ]),
    new Map([['alice', ipv4('192.0.2.3')]]),
  );
  const cases: readonly (readonly [
    user: string | undefined,
    group: string | undefined,
    local: readonly [string, string],
  ])[] = [
    ['alice', 'staff', ['192.0.2.3', '2001:db8::2']],
    ['alice', 'others', ['192.0.2.3', '2001:db8::1']],
    ['bob', 'staff', ['192.0.2.2', '2001:db8::2']],
    ['bob', 'others', ['192.0.2.1', '2001:db8::1']],
    ['bob', undefined, ['192.0.2.9', '2001:db8::1']],
    [undefined, undefined, ['192.0.2.9', '2001:db8::1']],
  ];
  for (const [user, group, [four, six]] of cases) {
    const local = table.of(user, group, '127.0.0.1');
    assert.deepEqual([local('198.51.100.1'), local('2001:db8::9')], [four, six]);
  }
  assert.equal(new FromTable(NO_FROM).isEmpty, true);
  assert.equal(table.isEmpty, false);
});

describe('where connections can leave from', () => {
  test('the last one of each family counts', { skip: all127 ?? noIPv6 }, async () => {
    const found = await resolveFrom('from', ['127.0.0.5', '::1', 'client', '127.9.0.0/16'], never);
    assert.equal(found.ipv4?.kind, 'prefix');
    assert.equal(found.ipv6?.kind, 'client');
    assert.deepEqual(await resolveFrom('from', [], never), NO_FROM);
  });

  test('an interface has the families of its addresses', async () => {
    const [name = ''] = Object.entries(networkInterfaces())
      .filter(([, list = []]) => list.some(({ address: one }) => one === '127.0.0.1'))
      .map(([key]) => key);
    const found = await resolveFrom('from', [`@${name}`], never);
    assert.deepEqual(found.ipv4, { kind: 'interface', name });
    assert.match(localAddress(found, '127.0.0.2', '') ?? '', /^127\./);
  });

  const wrong: readonly (readonly [text: string, message: RegExp])[] = [
    [
      '192.0.2.1',
      /^from: "192\.0\.2\.1": this machine does not have this address; it has .*127\.0/,
    ],
    ['@nowhere0', /^from: "@nowhere0": the interface does not exist; there is ./],
    ['2001:db8:5::/48', /^from: "2001:db8:5::\/48": this machine /],
  ];
  for (const [text, message] of wrong) {
    test(`${text} is an error`, { skip: text.startsWith('192') && wine('source') }, async () => {
      const facts = { name: 'UserError', code: 'invalid-option', option: 'from', message };
      await assert.rejects(resolveFrom('from', [text], never), facts);
    });
  }
});
