import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isExcluded, type Preference, preferred } from '#core/outbound/prefer.js';

const both = ['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2'];

describe('--prefer', () => {
  const cases: readonly (readonly [prefer: Preference | undefined, order: readonly string[]])[] = [
    [undefined, both],
    ['ipv4', ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2']],
    ['ipv6', ['2001:db8::1', '2001:db8::2', '192.0.2.1', '192.0.2.2']],
    ['ipv4-only', ['192.0.2.1', '192.0.2.2']],
    ['ipv6-only', ['2001:db8::1', '2001:db8::2']],
  ];
  for (const [prefer, order] of cases) {
    test(`${prefer} puts addresses in order`, () => {
      assert.deepEqual(preferred(both, prefer), order);
      assert.deepEqual(preferred([], prefer), []);
    });
  }

  const hosts: readonly (readonly [host: string, prefer: Preference | undefined, out: boolean])[] =
    [
      ['192.0.2.1', 'ipv6-only', true],
      ['192.0.2.1', 'ipv4-only', false],
      ['192.0.2.1', 'ipv6', false],
      ['192.0.2.1', undefined, false],
      ['2001:db8::1', 'ipv4-only', true],
      ['2001:db8::1', 'ipv6-only', false],
      ['::ffff:192.0.2.1', 'ipv6-only', true],
      ['::ffff:192.0.2.1', 'ipv4-only', false],
      ['example.com', 'ipv4-only', false],
    ];
  for (const [host, prefer, out] of hosts) {
    test(`${host} with ${prefer} is ${out ? '' : 'not '}left out`, () => {
      assert.equal(isExcluded(host, prefer), out);
    });
  }
});
