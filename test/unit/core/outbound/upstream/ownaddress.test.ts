import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localAddresses } from '#core/outbound/interfaces.js';
import { ownAddress } from '#core/outbound/upstream/ownaddress.js';

const at = (host: string, port = 1080) => ({ host, port });

test('an address at which the server listens is its own', () => {
  const listening = [at('127.0.0.1'), at('::1', 1081)];
  assert.deepEqual(ownAddress(listening, at('127.0.0.1')), at('127.0.0.1'));
  assert.deepEqual(ownAddress(listening, at('0.0.0.0')), at('127.0.0.1'), 'that leads to loopback');
  assert.deepEqual(ownAddress(listening, at('::', 1081)), at('::1', 1081));
  for (const other of [at('127.0.0.1', 1081), at('127.0.0.2'), at('::1'), at('192.0.2.1')]) {
    assert.equal(ownAddress(listening, other), undefined, `${other.host} ${other.port}`);
  }
});

test('a server at a wildcard listens at all addresses of the machine, of that family', () => {
  const listening = [at('0.0.0.0')];
  const local = [...localAddresses().all].filter((host) => !host.includes(':'));
  for (const host of [...local, '127.9.9.9', '0.0.0.0']) {
    assert.deepEqual(ownAddress(listening, at(host)), at('0.0.0.0'), host);
  }
  assert.equal(ownAddress(listening, at('192.0.2.1')), undefined);
  assert.equal(ownAddress(listening, at('::1')), undefined);
  assert.deepEqual(ownAddress([at('::')], at('::1')), at('::'));
});
