import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseVia } from '#core/config/via.js';

describe('rules of --via', () => {
  const right: [
    text: string,
    domain: string | undefined,
    ports: [number, number],
    ways: string[],
  ][] = [
    ['direct', undefined, [0, 65535], ['direct']],
    ['corp|direct', undefined, [0, 65535], ['corp', 'direct']],
    ['block', undefined, [0, 65535], ['block']],
    ['*=block', undefined, [0, 65535], ['block']],
    ['*:25=block', undefined, [25, 25], ['block']],
    ['*.Example.COM=corp', '.example.com', [0, 65535], ['corp']],
    ['example.com:8000-8099 = corp', 'example.com', [8000, 8099], ['corp']],
    ['[2001:db8::]/32:443=corp', undefined, [443, 443], ['corp']],
    ['socks5://u:a=b@h', undefined, [0, 65535], ['socks5://u:a=b@h']],
    ['a.b=socks5://u:a=b@h|http://i:1', 'a.b', [0, 65535], ['socks5://u:a=b@h', 'http://i:1']],
  ];
  for (const [text, domain, ports, ways] of right) {
    test(text, () => {
      const rule = parseVia(text);
      const words = rule.ways.map((way) => {
        if (way.kind === 'url') return way.text;
        return way.kind === 'name' ? way.name : way.kind;
      });
      assert.deepEqual([rule.domain, rule.ports, words], [domain, ports, ways]);
    });
  }

  const wrong: [text: string, message: RegExp][] = [
    ['', /"" is no way; expected direct, block, SCHEME:\/\//],
    ['=direct', /"" is no destination/],
    [':25=direct', /":25" is no destination/],
    ['a b=direct', /"a b" is no destination; expected \[DEST\[:PORTS\]=\]WAY/],
    ['example.com/24=direct', /"example.com\/24" is no destination/],
    ['*:99999=direct', /is no destination/],
    ['corp|', /"" is no way/],
    ['corp|block', /block stands alone/],
    ['a/b', /"a\/b" is no way/],
    ['socks5://u:hunter2@', /expected a host/],
    ['hunter2:x@socks5', /is no way/],
    ['*.a=socks5://u:hunter2@h|x y', /"x y" is no way/],
    ['x y=socks5://u:hunter2@h', /"x y" is no destination/],
  ];
  for (const [text, message] of wrong) {
    test(`wrong: ${text}`, () => {
      assert.throws(() => parseVia(text), { name: 'UserError', message });
    });
  }

  test('show no password', () => {
    assert.equal(parseVia('a.b=http://u:hunter2@h|corp').text, 'a.b=http://u:***@h|corp');
    for (const text of [
      'x y=socks5://u:hunter2@h',
      'socks5://u:hunter2@',
      'socks5://u:hunter2@h|x y',
    ]) {
      assert.throws(
        () => parseVia(text),
        ({ message }: Error) => !message.includes('hunter2'),
      );
    }
  });
});
