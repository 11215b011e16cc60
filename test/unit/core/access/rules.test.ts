import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  matchNetwork,
  type NetworkRule,
  parseNetworkRule,
  parseRequestRule,
  RequestRules,
} from '#core/access/rules.js';
import { UserError } from '#core/base/errors.js';
import { ip } from '../../../support/ip.js';

const HOSTS: Readonly<Record<string, readonly string[]>> = {
  'example.com': ['192.0.2.1', '2001:db8::1'],
  localhost: ['127.0.0.1', '::1'],
};

/** Gives the host that a rule names its addresses. */
function resolved<T extends NetworkRule>(rule: T): T {
  rule.host?.setAddresses(HOSTS[rule.host.name] ?? []);
  return rule;
}

const networkRule = (text: string) => resolved(parseNetworkRule(text));
const requestRule = (text: string) => resolved(parseRequestRule(text));

/** Asserts that a rule is refused in one sentence that shows it. */
function assertMalformed(parse: (text: string) => unknown, text: string): void {
  assert.throws(
    () => parse(text),
    (error: Error) => {
      assert.ok(error instanceof UserError);
      assert.ok(error.message.startsWith(`rule "${text}": expected [!]`), error.message);
      return true;
    },
  );
}

describe('network rules', () => {
  const cases: readonly (readonly [rule: string, inside: string[], outside: string[]])[] = [
    ['192.0.2.0/24', ['192.0.2.9', '::ffff:192.0.2.9'], ['192.0.3.9', '2001:db8::1']],
    ['!192.0.2.1', ['192.0.2.1'], ['192.0.2.2']],
    ['! 192.0.2.1 ', ['192.0.2.1'], ['192.0.2.2']],
    ['2001:DB8::/32', ['2001:db8::1'], ['2001:db9::1', '192.0.2.1']],
    ['[2001:db8::1]', ['2001:db8::1'], ['2001:db8::2']],
    ['[2001:db8::]/32', ['2001:db8::1'], ['2001:db9::1']],
    ['*', ['192.0.2.1', '::1'], []],
    ['0.0.0.0/0', ['192.0.2.1', '::1'], []],
    ['Example.COM', ['192.0.2.1', '2001:db8::1'], ['192.0.2.2']],
    ['example.com/24', ['192.0.2.9', '2001:d00::'], ['192.0.3.1']],
  ];
  for (const [text, inside, outside] of cases) {
    test(text, async () => {
      const rule = networkRule(text);
      assert.equal(rule.allow, !text.startsWith('!'));
      assert.equal(rule.text, text);
      for (const address of inside) assert.equal(matchNetwork([rule], ip(address)), rule, address);
      for (const address of outside) {
        assert.equal(matchNetwork([rule], ip(address)), undefined, address);
      }
    });
  }

  const malformed = [
    ...['', '!', '!!10.0.0.0/8', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '1.2.3', '*.example.com'],
    ...['10.0.0.1:80', '[::1', '::1]', '*/8', 'a b', 'a/b', 'exa$mple', '-a.example', '::/129'],
    ...['connect:10.0.0.0/8', '10.0.0.1,10.0.0.2', '١٠.0.0.1'],
  ];
  for (const text of malformed) {
    test(`malformed: ${JSON.stringify(text)}`, () => assertMalformed(parseNetworkRule, text));
  }
});

describe('request rules', () => {
  type Asked = readonly [
    command: 'connect' | 'bind' | 'associate',
    address: string,
    port?: number,
    name?: string,
  ];
  const cases: readonly (readonly [rule: string, about: Asked[], notAbout: Asked[]])[] = [
    [
      'all',
      [
        ['connect', '192.0.2.1'],
        ['bind', '::1'],
        ['associate', '::'],
      ],
      [],
    ],
    [
      'all:*',
      [
        ['connect', '192.0.2.1'],
        ['bind', '::1', 0],
      ],
      [],
    ],
    [
      '!connect',
      [['connect', '192.0.2.1']],
      [
        ['bind', '192.0.2.1'],
        ['associate', '192.0.2.1'],
      ],
    ],
    ['BIND:*', [['bind', '192.0.2.1']], [['connect', '192.0.2.1']]],
    ['assoc', [['associate', '192.0.2.1']], [['connect', '192.0.2.1']]],
    ['associate', [['associate', '192.0.2.1']], [['bind', '192.0.2.1']]],
    ['! connect : 192.0.2.1', [['connect', '192.0.2.1']], [['connect', '192.0.2.2']]],
    [
      'connect:192.0.2.0/25',
      [
        ['connect', '192.0.2.127'],
        ['connect', '::ffff:192.0.2.1'],
      ],
      [
        ['connect', '192.0.2.128'],
        ['bind', '192.0.2.1'],
      ],
    ],
    ['connect:*:443', [['connect', '::1', 443]], [['connect', '::1', 444]]],
    [
      'connect:192.0.2.0/24:8000-8099',
      [
        ['connect', '192.0.2.1', 8000],
        ['connect', '192.0.2.1', 8099],
      ],
      [
        ['connect', '192.0.2.1', 7999],
        ['connect', '192.0.2.1', 8100],
        ['connect', '::1', 8000],
      ],
    ],
    [
      'connect:*:0-65535',
      [
        ['connect', '::1', 0],
        ['connect', '::1', 65535],
      ],
      [],
    ],
    ['connect:*:0', [['connect', '::1', 0]], [['connect', '::1', 1]]],
    ['connect:2001:db8::/32', [['connect', '2001:db8::1']], [['connect', '2001:db9::1']]],
    ['connect:::1', [['connect', '::1']], [['connect', '::2']]],
    ['connect:[::1]', [['connect', '::1', 80]], [['connect', '::2']]],
    ['connect:[::1]:80', [['connect', '::1', 80]], [['connect', '::1', 81]]],
    ['connect:[2001:db8::]/32:80', [['connect', '2001:db8::1', 80]], [['connect', '::1', 80]]],
    [
      'connect:example.com',
      [
        ['connect', '192.0.2.1'],
        ['connect', '198.51.100.1', 80, 'example.com'],
        ['connect', '198.51.100.1', 80, 'EXAMPLE.com.'],
      ],
      [
        ['connect', '198.51.100.1', 80, 'www.example.com'],
        ['connect', '198.51.100.1', 80, 'notexample.com'],
        ['connect', '198.51.100.1'],
      ],
    ],
    ['connect:Example.com/24:80', [['connect', '192.0.2.9', 80]], [['connect', '192.0.2.9', 81]]],
    [
      '!all:*.example.com:25',
      [
        ['connect', '198.51.100.1', 25, 'mail.example.com'],
        ['connect', '198.51.100.1', 25, 'a.b.Example.COM.'],
        ['bind', '198.51.100.1', 25, 'x.example.com'],
      ],
      [
        ['connect', '198.51.100.1', 25, 'example.com'],
        ['connect', '198.51.100.1', 25, 'badexample.com'],
        ['connect', '198.51.100.1', 26, 'mail.example.com'],
        ['connect', '192.0.2.1', 25],
      ],
    ],
  ];
  for (const [text, about, notAbout] of cases) {
    test(text, async () => {
      const rule = requestRule(text);
      assert.equal(rule.allow, !text.startsWith('!'));
      const match = ([command, address, port = 80, host = address]: Asked) =>
        new RequestRules([rule]).match({
          command,
          destination: { host, port },
          address: ip(address),
        });
      for (const asked of about) assert.equal(match(asked)?.rule, rule, String(asked));
      for (const asked of notAbout) assert.equal(match(asked), undefined, String(asked));
    });
  }

  const malformed = [
    ...['', '!', 'conect', 'connect,bind', 'connect:', 'connect::80', 'connect:*:', 'all:*:http'],
    ...['connect:*:65536', 'connect:*:90-80', 'connect:*:-80', 'connect:*:80-', 'connect:*:1-2-3'],
    ...['connect:[::1', 'connect:::1]:80', 'connect:[::1]80', 'connect:[]:80', 'connect:10.0.0/8'],
    ...['connect:10.0.0.0/33', 'connect:*.', 'connect:**', 'connect:a.*.b', 'connect:*example.com'],
    ...['connect:a..b', 'connect:a b', 'connect:*/8', 'connect:::1:80:x', '*', '192.0.2.1'],
    ...['constructor', '__proto__', 'tostring:*'],
  ];
  for (const text of malformed) {
    test(`malformed: ${JSON.stringify(text)}`, () => assertMalformed(parseRequestRule, text));
  }

  test('the first that is about a request decides', async () => {
    const rules = await Promise.all(
      ['!connect:*:25', 'connect:192.0.2.0/24', '!all'].map(requestRule),
    );
    const decide = (address: string, port: number) =>
      new RequestRules(rules).match({
        command: 'connect',
        destination: { host: address, port },
        address: ip(address),
      })?.rule.text;
    assert.equal(decide('192.0.2.1', 25), '!connect:*:25');
    assert.equal(decide('192.0.2.1', 80), 'connect:192.0.2.0/24');
    assert.equal(decide('192.0.3.1', 80), '!all');
    assert.equal(
      new RequestRules([]).match({
        command: 'bind',
        destination: { host: '', port: 0 },
        address: ip('::'),
      }),
      undefined,
    );
  });

  test('any text is a rule or a sentence', () => {
    const piece = fc.constantFrom(
      ...['!', 'connect', 'all', ':', ':', '*', '*.', '[', ']', '::1', '10.0.0.0', '/8', '80', '-'],
      ...['example.com', ' ', '.', '\n'],
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        for (const parse of [parseNetworkRule, parseRequestRule]) {
          try {
            assert.equal(parse(candidate).text, candidate);
          } catch (error) {
            assert.ok(error instanceof UserError, String(error));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('names in rules', () => {
  const about = (text: string, host: string, address = '203.0.113.9') =>
    new RequestRules([requestRule(text)]).match({
      command: 'connect',
      destination: { host, port: 80 },
      address: ip(address),
    }) !== undefined;

  test('that have no address yet are about the name, and then about the addresses', () => {
    const rule = parseRequestRule('!connect:nowhere.example');
    const rules = new RequestRules([rule]);
    const asked = { command: 'connect', destination: { host: '', port: 80 } } as const;
    const byAddress = () => rules.match({ ...asked, address: ip('192.0.2.1') });
    assert.equal(byAddress(), undefined);
    assert.ok(about('!connect:nowhere.example', 'nowhere.example'));
    rule.host?.setAddresses(['192.0.2.1', '2001:db8::1']);
    assert.equal(byAddress()?.rule, rule);
    rule.host?.setAddresses(['192.0.2.2']);
    assert.equal(byAddress(), undefined);
  });

  test('that have no address yet are about no client', () => {
    const rule = parseNetworkRule('nowhere.example');
    assert.equal(matchNetwork([rule], ip('192.0.2.1')), undefined);
    rule.host?.setAddresses(['192.0.2.1']);
    assert.equal(matchNetwork([rule], ip('192.0.2.1')), rule);
  });

  const same = [
    ['connect:Example.NET', 'example.net'],
    ['connect:example.net.', 'example.net'],
    ['connect:example.net', 'EXAMPLE.net.'],
    ['connect:example.net', 'example.net..'],
    ['connect:bücher.example', 'xn--bcher-kva.example'],
    ['connect:BÜCHER.example.', 'xn--bcher-kva.example'],
    ['connect:xn--bcher-kva.example', 'XN--BCHER-KVA.example'],
    ['connect:*.Bücher.example.', 'www.xn--bcher-kva.example.'],
    ['connect:*.example.net.:80', 'www.example.net'],
  ] as const;
  for (const [text, host] of same)
    test(`${text} is about ${host}`, () => assert.ok(about(text, host)));

  test('are about nothing else', () => {
    assert.ok(!about('connect:bücher.example', 'bucher.example'));
    assert.ok(!about('connect:*.example.net.', 'example.net'));
  });
});
