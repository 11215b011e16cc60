import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '#core/base/errors.js';
import { parseEndpoint } from '#core/listening/endpoint.js';

describe('[ADDRESS][:PORT]', () => {
  const cases: readonly (readonly [text: string, host: string | undefined, port: number])[] = [
    ['*', undefined, 1080],
    ['*:', undefined, 1080],
    ['*:1081', undefined, 1081],
    [':1081', undefined, 1081],
    [':', undefined, 1080],
    ['127.0.0.1', '127.0.0.1', 1080],
    ['127.0.0.1:', '127.0.0.1', 1080],
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['127.0.0.1:65535', '127.0.0.1', 65535],
    ['127.0.0.1:00080', '127.0.0.1', 80],
    ['[::1]', '::1', 1080],
    ['[::1]:', '::1', 1080],
    ['[::1]:1081', '::1', 1081],
    ['[0:0::1]:1081', '::1', 1081],
    ['[::ffff:127.0.0.1]:1081', '127.0.0.1', 1081],
    ['[fe80::1%eth0]:1081', 'fe80::1%eth0', 1081],
    ['[::]', '::', 1080],
    ['localhost', 'localhost', 1080],
    ['localhost:socks', 'localhost', 1080],
    ['proxy.example.com:1081', 'proxy.example.com', 1081],
  ];
  for (const [text, host, port] of cases) {
    test(text, () => assert.deepEqual(parseEndpoint(text), { host, port }));
  }

  const hint = (text: string) =>
    `"${text}" is not [ADDRESS][:PORT]; an IPv6 address stands in brackets: [${text}]`;
  const notPort = (text: string, port: string) =>
    `"${text}": "${port}" is not a port; expected a number from 0 to 65535 or a service name`;
  const mistakes: readonly (readonly [text: string, message: string])[] = [
    ['', '"" is not [ADDRESS][:PORT]'],
    ['1081', '"1081" is not [ADDRESS][:PORT]; a port alone is written :1081'],
    ['::1', hint('::1')],
    ['::', hint('::')],
    ['2001:db8::1', hint('2001:db8::1')],
    ['::ffff:127.0.0.1', hint('::ffff:127.0.0.1')],
    ['[::1', '"[::1" is not [ADDRESS][:PORT]'],
    ['::1]:80', '"::1]:80" is not [ADDRESS][:PORT]'],
    ['[::1]80', '"[::1]80" is not [ADDRESS][:PORT]'],
    ['[]:80', '"[]:80" is not [ADDRESS][:PORT]'],
    ['a:b:80', '"a:b:80" is not [ADDRESS][:PORT]'],
    ['[localhost]:80', '"[localhost]:80": "localhost" is not an IPv6 address'],
    ['[::g]:80', '"[::g]:80": "::g" is not an IPv6 address'],
    ['127.0.0.1:65536', notPort('127.0.0.1:65536', '65536')],
    ['127.0.0.1:100000', notPort('127.0.0.1:100000', '100000')],
    ['127.0.0.1:-1', notPort('127.0.0.1:-1', '-1')],
    ['127.0.0.1:80.5', notPort('127.0.0.1:80.5', '80.5')],
    ['*:no-such-service', notPort('*:no-such-service', 'no-such-service')],
    ['*: 80', notPort('*: 80', ' 80')],
  ];
  for (const [text, message] of mistakes) {
    test(JSON.stringify(text), () => {
      assert.throws(() => parseEndpoint(text), { name: 'UserError', message });
    });
  }

  test('any text is an endpoint or a sentence', () => {
    const piece = fc.constantFrom('[', ']', ':', '::1', '*', '80', 'localhost', '127.0.0.1', '\n');
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        try {
          const { host, port } = parseEndpoint(candidate);
          assert.ok(host !== '' && port >= 0 && port <= 65535);
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
      }),
    );
  });
});
