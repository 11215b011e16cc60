import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Interfaces } from '#main/proxy/endpoints.js';
import { watchNetwork } from '#main/proxy/networkwatch.js';

const rest = { netmask: '255.0.0.0', mac: '', cidr: null, family: 'IPv4' } as const;
const interfaces: Interfaces = {
  lo: [{ address: '127.0.0.1', internal: true, ...rest }],
  eth0: [{ address: '192.0.2.7', internal: false, ...rest }],
};

describe('watching the network', () => {
  test('a change is told once', () => {
    let now = interfaces;
    let changes = 0;
    const watch = watchNetwork(() => changes++, { interfaces: () => now, period: 3_600_000 });
    watch.check();
    assert.equal(changes, 0);
    now = { lo: interfaces['lo'] ?? [] };
    watch.check();
    watch.check();
    assert.equal(changes, 1);
    watch.dispose();
  });
});
