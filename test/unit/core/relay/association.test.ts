import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type FamilyAddresses, ofFamily } from '#core/outbound/external.js';
import { localAddresses } from '#core/outbound/interfaces.js';
import { Association } from '#core/relay/association.js';
import { manualClock } from '../../../support/clock.js';
import { bytes } from '../../../support/sockets.js';
import { address, domain } from '../../../support/socks.js';
import { UdpPeer } from '../../../support/udp.js';

const noIPv6 = localAddresses().all.has('::1') ? undefined : 'no IPv6 on loopback';
const none: FamilyAddresses = { ipv4: undefined, ipv6: undefined };

/** A relay for one client, to whom every name has the same addresses. */
async function open(
  t: TestContext,
  addresses: readonly string[],
  external: FamilyAddresses = none,
) {
  const traffic = { up: 0, down: 0, dropped: 0, waiting: 0 };
  const refused: unknown[] = [];
  const relay = await Association.open({
    client: '127.0.0.1',
    clientPort: undefined,
    host: '127.0.0.1',
    ports: [0, 0],
    localFor: (to) => ofFamily(external, to),
    route: () => Promise.resolve(addresses),
    refused: (_, error) => refused.push(error),
    traffic,
    throttles: { up: undefined, down: undefined },
  });
  t.after(() => relay.close());
  return { relay, traffic, refused, client: await UdpPeer.open(t) };
}

/** A datagram to a name. */
const named = (port: number, data: string) => bytes(0, 0, 0, domain('both.example', port), data);
const from = (host: string, port: number, data: string) =>
  bytes(0, 0, 0, address(host, port), data);

describe('a name of both families', { skip: noIPv6 }, () => {
  const unreachable: readonly (readonly [
    what: string,
    addresses: string[],
    external: FamilyAddresses,
  ])[] = [
    ['no socket of its family', ['::1', '127.0.0.1'], { ...none, ipv6: '2001:db8::dead' }],
    ['no way', ['255.255.255.255', '::1'], none],
  ];
  for (const [what, addresses, external] of unreachable) {
    test(`goes to the other one where there is ${what}`, async (t) => {
      const { relay, client, traffic } = await open(t, addresses, external);
      const host = addresses[1] ?? '';
      const peer = await UdpPeer.echo(t, host);
      client.send(named(peer.port, 'first'), relay.address.port);
      client.send(named(peer.port, 'again'), relay.address.port);
      for (const data of ['first', 'again']) {
        assert.deepEqual((await client.receive()).data, from(host, peer.port, data));
      }
      assert.deepEqual(traffic, { up: 10, down: 10, dropped: 0, waiting: 0 });
    });
  }

  test('goes to the other one a second later, while nothing answers', async (t) => {
    const clock = manualClock(t);
    const { relay, client } = await open(t, ['127.0.0.1', '::1']);
    const silent = await UdpPeer.open(t);
    client.send(named(silent.port, 'one'), relay.address.port);
    client.send(named(silent.port, 'two'), relay.address.port);
    for (const data of ['one', 'two']) assert.equal((await silent.receive()).data.toString(), data);
    const peer = await UdpPeer.echo(t, '::1', silent.port);
    clock.pass(1000);
    client.send(named(silent.port, 'three'), relay.address.port);
    assert.deepEqual((await client.receive()).data, from('::1', peer.port, 'three'));
    clock.pass(60_000);
    client.send(named(silent.port, 'four'), relay.address.port);
    assert.deepEqual((await client.receive()).data, from('::1', peer.port, 'four'), 'it stays');
  });

  test('stays with one that answers', async (t) => {
    const clock = manualClock(t);
    const { relay, client } = await open(t, ['127.0.0.1', '::1']);
    const peer = await UdpPeer.echo(t);
    for (const data of ['one', 'two', 'three']) {
      client.send(named(peer.port, data), relay.address.port);
      assert.deepEqual((await client.receive()).data, from('127.0.0.1', peer.port, data));
      clock.pass(5000);
    }
  });
});

test('where there is no way at all, that is told', async (t) => {
  const { relay, client, refused, traffic } = await open(t, ['255.255.255.255']);
  client.send(named(9, 'lost'), relay.address.port);
  while (refused.length === 0) await new Promise(setImmediate);
  assert.equal(traffic.dropped, 1);
});
