import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatVia, partsOfDestination, partsOfVia } from '#main/ipc/contract.js';

describe('rules and destinations in their parts', () => {
  for (const [rule, destination, ways] of [
    ['direct', '', ['direct']],
    ['*.example.com:443=work|direct', '*.example.com:443', ['work', 'direct']],
    ['10.0.0.0/8=block', '10.0.0.0/8', ['block']],
    ['[::1]:80=work', '[::1]:80', ['work']],
    ['socks5://a:b=c@192.0.2.1:1', '', ['socks5://a:b=c@192.0.2.1:1']],
    ['a.example=http://192.0.2.1', 'a.example', ['http://192.0.2.1']],
  ] as const) {
    test(rule, () => {
      assert.deepEqual(partsOfVia(rule), { destination, ways });
      assert.equal(formatVia(partsOfVia(rule)), rule);
    });
  }

  test('a destination is a host and a port', () => {
    const parts = (text: string) => partsOfDestination(text);
    assert.deepEqual(parts(' example.com:443 '), { host: 'example.com', port: 443 });
    assert.deepEqual(parts('[2001:db8::1]:0'), { host: '2001:db8::1', port: 0 });
    for (const text of ['', 'example.com', '::1:80', 'a:65536', 'a:-1', 'a b:1', ':80', '[]:1']) {
      assert.equal(parts(text), undefined, text);
    }
  });
});
