import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hidePasswords, nameOfUrl, parseUpstreamUrl } from '#core/outbound/upstream/url.js';

describe('URLs of upstreams', () => {
  const right: [
    text: string,
    scheme: string,
    host: string,
    port: number,
    user?: string,
    password?: string,
  ][] = [
    ['socks5://192.0.2.1', 'socks5', '192.0.2.1', 1080],
    ['SOCKS5://Proxy.Example:9050/', 'socks5', 'Proxy.Example', 9050],
    ['socks4a://me@proxy:1', 'socks4a', 'proxy', 1, 'me'],
    ['http://proxy', 'http', 'proxy', 80],
    ['https://proxy', 'https', 'proxy', 443],
    ['socks5h://[2001:DB8::1]:1081', 'socks5h', '2001:db8::1', 1081],
    ['socks5://[::ffff:192.0.2.1]', 'socks5', '192.0.2.1', 1080],
    ['socks5://127.1', 'socks5', '127.0.0.1', 1080],
    ['socks5://bücher.example', 'socks5', 'xn--bcher-kva.example', 1080],
    ['http://al%69ce:p%40ss%3a%2F%7c@proxy:3128', 'http', 'proxy', 3128, 'alice', 'p@ss:/|'],
    ['socks5://a:b:c@proxy', 'socks5', 'proxy', 1080, 'a', 'b:c'],
    ['socks5://a:@proxy', 'socks5', 'proxy', 1080, 'a', ''],
    ['socks5+tls://proxy:1443', 'socks5+tls', 'proxy', 1443],
    ['mine://proxy:7', 'mine', 'proxy', 7],
    ['mine://proxy', 'mine', 'proxy', 0],
  ];
  for (const [text, scheme, host, port, user, password] of right) {
    test(text, () => {
      assert.deepEqual(parseUpstreamUrl(text), { scheme, host, port, user, password });
    });
  }

  const wrong: [text: string, message: RegExp][] = [
    ['socks5:/proxy', /expected SCHEME:\/\//],
    ['socks5://', /expected a host/],
    ['socks5://:1080', /expected a host/],
    ['socks5://a b', /"a b" is no host/],
    ['socks5://[proxy]', /is no host/],
    ['socks5://[::1', /expected SCHEME|expected nothing/],
    ['socks5://proxy:0', /expected a port from 1 to 65535/],
    ['socks5://proxy:65536', /expected a port from 1 to 65535/],
    ['socks5://proxy:port', /expected nothing behind HOST:PORT/],
    ['socks5://proxy/path', /expected nothing behind HOST:PORT/],
    ['socks5://proxy?x', /expected nothing behind HOST:PORT/],
    ['mine://proxy:0', /expected a port from 1 to 65535/],
    ['socks5://u:hunter2%@proxy', /the password is not percent-encoded/],
    ['socks5://u:hunter2%zz@proxy', /the password is not percent-encoded/],
    ['socks5://u:hunter2/x@proxy', /the password has characters to be percent-encoded/],
    ['socks5://u:hunter2@x@proxy', /the password has characters to be percent-encoded/],
    ['socks5://:hunter2@proxy', /expected a user name/],
    [`socks5://u:hunter2${'x'.repeat(250)}@proxy`, /the password is longer than 255 octets/],
    ['socks5://u:hunter2%00@proxy', /has a NUL/],
  ];
  for (const [text, message] of wrong) {
    test(`wrong: ${text}`, () => {
      assert.throws(() => parseUpstreamUrl(text), { name: 'UserError', message });
      assert.throws(
        () => parseUpstreamUrl(text),
        ({ message }: Error) => !message.includes('hunter2'),
      );
    });
  }

  test('are told without the login', () => {
    assert.equal(nameOfUrl(parseUpstreamUrl('http://a:b@[::1]:3128')), 'http://[::1]:3128');
    assert.equal(nameOfUrl(parseUpstreamUrl('mine://me@[::1]')), 'mine://[::1]');
    assert.equal(nameOfUrl(parseUpstreamUrl('mine://here')), 'mine://here');
    assert.equal(
      hidePasswords('*.a=socks5://u:p@h:1|http://v:q@r@i --via x=https://w:s@j, socks5://u@h'),
      '*.a=socks5://u:***@h:1|http://v:***@i --via x=https://w:***@j, socks5://u@h',
    );
  });
});
