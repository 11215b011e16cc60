import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Attempt } from '#core/outbound/outbound.js';
import { Resolver } from '#core/outbound/resolve.js';
import { socks5 } from '#core/outbound/upstream/socks5.js';
import { Upstream } from '#core/outbound/upstream/upstream.js';
import type { Transport } from '#core/transport/transport.js';

const parts = { resolver: new Resolver(), listening: () => [], warn: () => {} };
const settings = {
  ...{ name: 'corp', scheme: 'socks5', host: '192.0.2.1', port: 1080, timeout: 1000 },
  ...{ user: Buffer.from('alice'), password: Buffer.from('hunter2'), through: undefined },
};
const client = { host: '192.0.2.7', port: 1 };
const request = new Attempt(
  {
    ...{ destination: { host: '0.0.0.0', port: 0 }, command: 'associate', client },
    ...{ listener: 'default', user: undefined, group: undefined },
  },
  undefined,
  1000,
);
const control = (host: string) => ({ remote: { host, port: 1080 } }) as Transport;

test('an upstream elsewhere may not have datagrams sent to what only this host reaches', async () => {
  const upstream = new Upstream(settings, socks5, parts);
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0', 'localhost']) {
    await assert.rejects(upstream.link(request, { host, port: 53 }, control('192.0.2.1')), {
      message: `upstream corp failed: it wants datagrams at ${host}`,
    });
  }
  const link = await upstream.link(request, { host: '127.0.0.1', port: 53 }, control('127.0.0.1'));
  link.close();
});

test('what an upstream tells as 0.0.0.0 is itself', () => {
  const first = new Upstream(settings, socks5, parts);
  const second = new Upstream({ ...settings, host: 'b.invalid', through: first }, socks5, parts);
  const told = { host: '0.0.0.0', port: 7 };
  assert.deepEqual(first.resolveTold(told, control('192.0.2.9')), { host: '192.0.2.9', port: 7 });
  assert.deepEqual(second.resolveTold(told, control('192.0.2.9')), { host: 'b.invalid', port: 7 });
  const own = { host: '192.0.2.5', port: 7 };
  assert.deepEqual(first.resolveTold(own, control('192.0.2.9')), own);
});

test('nothing that shows an upstream shows its password', () => {
  const upstream = new Upstream(settings, socks5, parts);
  const shown = inspect(upstream, { depth: 9, showHidden: true }) + JSON.stringify(upstream);
  const hex = Buffer.from('hunter2')
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
  assert.ok(shown.includes('corp') && !shown.includes('hunter2') && !shown.includes(hex));
  assert.doesNotMatch(shown, /104,117,110,116/);
});
