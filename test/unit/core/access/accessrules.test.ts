import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AccessRules, type GroupRules, type RuleSet } from '#core/access/accessrules.js';
import { parseNetworkRule, parseRequestRule } from '#core/access/rules.js';
import { ip } from '../../../support/ip.js';

interface Section {
  readonly network?: readonly string[];
  readonly request?: readonly string[];
  readonly base?: string;
}

/** What the proxy host's network interfaces have. */
const INTERFACES = ['127.0.0.1', '::1', '203.0.113.5', '2001:db8:5::5'];

/** Rules as the server loads them; every name has the address 127.0.0.1. */
async function load(
  global: Section,
  groups: Readonly<Record<string, Section>> = {},
): Promise<AccessRules> {
  const readRule = (text: string) => {
    const rule = parseRequestRule(text);
    rule.host?.setAddresses(['127.0.0.1']);
    return rule;
  };
  const read = async ({ network = [], request = [] }: Section): Promise<RuleSet> => ({
    network: network.map(parseNetworkRule),
    request: request.map(readRule),
  });
  const sections = new Map<string, GroupRules>();
  for (const [name, section] of Object.entries(groups)) {
    sections.set(name, { ...(await read(section)), base: section.base });
  }
  return new AccessRules(await read(global), sections, () => new Set(INTERFACES));
}

interface Asked {
  readonly client?: string;
  readonly user?: string;
  readonly group?: string;
  readonly host?: string;
  readonly address?: string;
}

/** Why a CONNECT to port 80 is refused; undefined: it is allowed. */
function refusal(rules: AccessRules, asked: Asked): string | undefined {
  const { client = '198.51.100.9', user, group, address = '192.0.2.1', host = address } = asked;
  return rules.onAddress({
    client: ip(client),
    listener: 'default',
    user,
    group,
    command: 'connect',
    destination: { host, port: 80 },
    address: ip(address),
  })?.by;
}

const admission = (rules: AccessRules, client: string, group?: string) =>
  rules.onAuthenticated({ client: ip(client), listener: 'default', user: group && 'alice', group })
    ?.by;

describe('global rules', () => {
  test('without any, everything is allowed', async () => {
    const rules = await load({});
    assert.equal(refusal(rules, {}), undefined);
    assert.equal(rules.onConnect(ip('192.0.2.1')), undefined);
    assert.equal(admission(rules, '192.0.2.1'), undefined);
  });

  test('the first that matches decides, and what matches none is refused', async () => {
    const rules = await load({ request: ['!connect:192.0.2.1', 'connect:192.0.2.0/24'] });
    assert.equal(refusal(rules, { address: '192.0.2.1' }), 'rule "!connect:192.0.2.1"');
    assert.equal(refusal(rules, { address: '192.0.2.2' }), undefined);
    assert.equal(refusal(rules, { address: '192.0.3.1' }), 'no rule allows it');
  });

  test('one that only refuses refuses all', async () => {
    const rules = await load({ request: ['!bind'] });
    assert.equal(refusal(rules, {}), 'no rule allows it');
  });

  test('clients: the first that matches decides, and who matches none is refused', async () => {
    const rules = await load({ network: ['!10.0.0.1', '10.0.0.0/8'] });
    const cases = [
      ['10.0.0.1', 'network rule "!10.0.0.1"'],
      ['::ffff:10.0.0.1', 'network rule "!10.0.0.1"'],
      ['10.0.0.2', undefined],
      ['192.0.2.1', 'no network rule allows it'],
      ['2001:db8::1', 'no network rule allows it'],
    ] as const;
    for (const [client, by] of cases) {
      assert.equal(rules.onConnect(ip(client))?.by, by);
      assert.equal(admission(rules, client), by);
    }
  });

  test('network rules say nothing of requests, and request rules nothing of clients', async () => {
    assert.equal(refusal(await load({ network: ['!*'] }), {}), undefined);
    assert.equal((await load({ request: ['!all'] })).onConnect(ip('192.0.2.1')), undefined);
  });
});

describe('groups', () => {
  test("a group's rules come first, then its base's, then the global ones", async () => {
    const rules = await load(
      { request: ['!connect:192.0.2.1', '!connect:192.0.2.2', '!connect:192.0.2.3', 'all'] },
      {
        staff: { request: ['connect:192.0.2.1'], base: 'people' },
        people: { request: ['!connect:192.0.2.1', 'connect:192.0.2.2'] },
      },
    );
    const allowed = (group: string | undefined) =>
      ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'].map(
        (address) =>
          refusal(rules, { address, user: 'alice', ...(group && { group }) }) === undefined,
      );
    assert.deepEqual(allowed('staff'), [true, true, false, true]);
    assert.deepEqual(allowed('people'), [false, true, false, true]);
    assert.deepEqual(allowed('strangers'), [false, false, false, true]);
    assert.deepEqual(allowed(undefined), [false, false, false, true]);
  });

  test('network rules of a group are its own', async () => {
    const rules = await load({}, { staff: { network: ['10.0.0.0/8'] } });
    assert.equal(admission(rules, '10.0.0.1', 'staff'), undefined);
    assert.equal(admission(rules, '192.0.2.1', 'staff'), 'no network rule allows it');
    assert.equal(admission(rules, '192.0.2.1', 'others'), undefined);
    assert.equal(rules.onConnect(ip('192.0.2.1')), undefined);
  });

  test('[*] is for anonymous users and users without a group, and for nobody else', async () => {
    const rules = await load({}, { '*': { request: ['!all'] }, staff: {} });
    assert.equal(refusal(rules, {}), 'rule "!all"');
    assert.equal(refusal(rules, { user: 'alice' }), 'rule "!all"');
    assert.equal(refusal(rules, { user: 'alice', group: 'staff' }), undefined);
    assert.equal(refusal(rules, { user: 'alice', group: 'unknown' }), undefined);
  });

  test('a section without rules has the global ones', async () => {
    const rules = await load({ request: ['!all'] }, { staff: {} });
    assert.equal(refusal(rules, { group: 'staff' }), 'rule "!all"');
  });

  test('a rule of the base alone is a rule: what matches none is refused', async () => {
    const rules = await load({}, { staff: { base: 'people' }, people: { request: ['bind'] } });
    assert.equal(refusal(rules, { group: 'staff' }), 'no rule allows it');
  });

  test('bases that form a circle end', async () => {
    const rules = await load(
      { request: ['connect:192.0.2.9'] },
      {
        self: { request: ['connect:192.0.2.1'], base: 'self' },
        a: { request: ['connect:192.0.2.1'], base: 'b' },
        b: { request: ['!connect:192.0.2.1', 'connect:192.0.2.2'], base: 'a' },
        lost: { request: ['connect:192.0.2.1'], base: 'nowhere' },
      },
    );
    const allowed = (group: string) =>
      ['192.0.2.1', '192.0.2.2', '192.0.2.9'].filter(
        (address) => refusal(rules, { group, address }) === undefined,
      );
    assert.deepEqual(allowed('self'), ['192.0.2.1', '192.0.2.9']);
    assert.deepEqual(allowed('a'), ['192.0.2.1', '192.0.2.2', '192.0.2.9']);
    assert.deepEqual(allowed('b'), ['192.0.2.2', '192.0.2.9']);
    assert.deepEqual(allowed('lost'), ['192.0.2.1', '192.0.2.9']);
  });

  test('names of groups that every object has are names like others', async () => {
    const rules = await load({ request: ['!all'] }, { constructor: { request: ['all'] } });
    assert.equal(refusal(rules, { group: 'constructor' }), undefined);
    for (const group of ['__proto__', 'toString', 'hasOwnProperty']) {
      assert.equal(refusal(rules, { group }), 'rule "!all"');
    }
  });
});

describe('an address that leads to another', () => {
  const LOOPBACK = ['!connect:127.0.0.0/8', '!connect:::1', 'connect:*'];
  const toLoopback = ['0.0.0.0', '::', '::127.0.0.1', '::ffff:0:127.0.0.1', '64:ff9b::7f00:1'];
  for (const address of toLoopback) {
    test(`${address} is refused with loopback`, async () => {
      const rules = await load({ request: LOOPBACK });
      assert.match(refusal(rules, { client: '127.0.0.1', address }) ?? '', /^rule "!connect:/);
      assert.match(refusal(rules, { client: '127.0.0.1', address }) ?? '', /leads to/);
    });
  }

  test('is refused with either loopback address', async () => {
    for (const refused of ['!connect:127.0.0.1', '!connect:::1']) {
      const rules = await load({ request: [refused, 'connect:*'] });
      for (const address of ['0.0.0.0', '::']) {
        assert.ok(refusal(rules, { client: '127.0.0.1', address }), `${refused} ${address}`);
      }
    }
  });

  const TEN = ['64:ff9b::a01:203', '64:ff9b:1:a01:2:300::', '2002:a01:203::1', '::a01:203'];
  for (const address of TEN) {
    test(`${address} is refused with 10.1.2.3 inside it`, async () => {
      const rules = await load({ request: ['!connect:10.0.0.0/8', 'connect:*'] });
      assert.ok(refusal(rules, { address }));
      assert.equal(refusal(rules, { address: '64:ff9b::808:808' }), undefined);
    });
  }

  test('is not allowed by a rule about that other', async () => {
    const rules = await load({ request: ['connect:192.0.2.0/24', 'connect:10.0.0.0/8'] });
    for (const address of [...TEN, '64:ff9b::c000:201']) {
      assert.equal(refusal(rules, { address }), 'no rule allows it');
    }
    assert.equal(refusal(rules, { address: '192.0.2.1' }), undefined);
  });

  test('is allowed by a rule about itself, though all else is refused', async () => {
    for (const rest of [[], ['!all'], ['!connect:0.0.0.0/0']]) {
      const rules = await load({ request: ['connect:64:ff9b::/96', ...rest] });
      assert.equal(refusal(rules, { address: '64:ff9b::808:808' }), undefined);
      assert.ok(refusal(rules, { address: '8.8.8.8' }));
    }
  });

  test('a rule that allows that other first lets it through', async () => {
    const request = ['connect:10.1.2.3', '!connect:10.0.0.0/8', 'connect:*'];
    const rules = await load({ request });
    assert.equal(refusal(rules, { address: '64:ff9b::a01:203' }), undefined);
    assert.ok(refusal(rules, { address: '64:ff9b::a01:204' }));
  });
});

test('where only the name is known, rules about names and about any destination decide', async () => {
  const byName = async (...request: string[]) =>
    (await load({ request })).onAddress({
      client: ip('198.51.100.9'),
      listener: 'default',
      user: undefined,
      group: undefined,
      command: 'connect',
      destination: { host: 'ADS.invalid.', port: 80 },
      address: undefined,
    });
  const refused = (rule: string) => ({ by: `rule "${rule}"`, byDefault: false });
  assert.deepEqual(
    await byName('!connect:10.0.0.0/8', '!connect:ads.invalid', 'all'),
    refused('!connect:ads.invalid'),
  );
  assert.deepEqual(await byName('!connect:*.invalid', 'all'), refused('!connect:*.invalid'));
  assert.equal(await byName('connect:ads.invalid', '!all'), undefined);
  assert.equal(await byName('!connect:10.0.0.0/8', 'all'), undefined);
  assert.equal(await byName(), undefined);
  const unnamed = { by: 'no rule allows it', byDefault: true };
  assert.deepEqual(await byName('!connect:other.invalid', 'connect:10.0.0.0/8'), unnamed);
});

describe("the addresses of the proxy host's interfaces", () => {
  const OWN = ['203.0.113.5', '2001:db8:5::5', '64:ff9b::cb00:7105'];
  for (const request of [[], ['all'], ['connect:203.0.113.0/24', 'connect:2001:db8:5::/48']]) {
    test(`are out of reach for others with ${request.join(',') || 'no rules'}`, async () => {
      const rules = await load({ request });
      for (const address of OWN) assert.ok(refusal(rules, { address }), address);
      assert.equal(refusal(rules, { address: '203.0.113.6' }), undefined);
      if (request.length < 2) {
        assert.equal(refusal(rules, { client: '127.0.0.1', address: OWN[0] ?? '' }), undefined);
      }
    });
  }

  test('are in reach where a rule names them', async () => {
    const rules = await load({
      request: ['connect:203.0.113.5', 'connect:[2001:db8:5::5]', 'all'],
    });
    assert.equal(refusal(rules, { address: '203.0.113.5' }), undefined);
    assert.equal(refusal(rules, { address: '2001:db8:5::5' }), undefined);
  });
});

describe("the proxy host's own addresses", () => {
  const own = [
    ...['127.0.0.1', '127.1.2.3', '0.0.0.0', '169.254.169.254', '::1', '::', 'fe80::1'],
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:169.254.169.254', '0:0:0:0:0:FFFF:0:0'],
  ];
  const unnamed = "the proxy host's own address, which no rule names";
  const anywhere: readonly Section[] = [
    {},
    { request: ['all'] },
    { request: ['all:*'] },
    { request: ['all:*:80'] },
    { request: ['connect:0.0.0.0/0'] },
    { request: ['connect:::/0'] },
    { request: ['connect:126.0.0.0/7', 'connect:*'] },
    { request: ['connect:*.example.com', 'all'] },
  ];
  for (const section of anywhere) {
    test(`are out of reach with ${section.request ?? 'no rules'}`, async () => {
      const rules = await load(section);
      for (const address of own) {
        for (const host of [address, 'www.example.com']) {
          assert.equal(refusal(rules, { address, host }), unnamed, address);
        }
        for (const client of ['127.0.0.1', '::1', '::ffff:127.9.9.9']) {
          assert.equal(refusal(rules, { address, client }), undefined, `${address} of ${client}`);
        }
      }
    });
  }

  test('are in reach where a rule names them', async () => {
    const cases = [
      ['connect:127.0.0.0/8', ['127.0.0.1', '::ffff:127.0.0.1'], ['::1', '0.0.0.0']],
      ['connect:127.0.0.1:80', ['127.0.0.1'], ['127.0.0.2']],
      ['connect:[::1]:80', ['::1'], ['127.0.0.1']],
      ['connect:::ffff:127.0.0.1', ['127.0.0.1'], ['::1']],
      ['connect:localhost', ['127.0.0.1'], ['127.0.0.2', '::1']],
    ] as const;
    for (const [rule, reached, unreached] of cases) {
      const rules = await load({ request: [rule, 'all'] });
      for (const address of reached) assert.equal(refusal(rules, { address }), undefined, rule);
      for (const address of unreached) assert.equal(refusal(rules, { address }), unnamed, rule);
    }
  });

  test('are not in reach by a rule that another rule comes before', async () => {
    const rules = await load({ request: ['all', 'connect:127.0.0.1'] });
    assert.equal(refusal(rules, { address: '127.0.0.1' }), unnamed);
  });

  test('a name that a rule allows does not open them when it resolves to them', async () => {
    const rules = await load({ request: ['connect:*.example.com', 'connect:good.example'] });
    assert.equal(refusal(rules, { host: 'a.example.com', address: '169.254.169.254' }), unnamed);
    assert.equal(refusal(rules, { host: 'good.example', address: '::1' }), unnamed);
  });

  test('a rule that names them can refuse them to everybody', async () => {
    const rules = await load({ request: ['!connect:127.0.0.0/8', 'all'] });
    for (const client of ['127.0.0.1', '192.0.2.1']) {
      const by = refusal(rules, { client, address: '127.0.0.1' });
      assert.equal(by, 'rule "!connect:127.0.0.0/8"');
    }
  });
});
