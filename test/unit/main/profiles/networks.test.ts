import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkNetwork, isIn, type NetworkFacts, rulesFor } from '#main/profiles/networks.js';

const facts: NetworkFacts = {
  gateway: '00:1b:2c:03:04:05',
  wifi: 'Café: 2',
  domains: ['lab.corp.example'],
  addresses: ['192.168.7.20/24', '2001:db8:1::20/64'],
};

describe('rules for networks', () => {
  for (const rule of [
    'gateway:00:1B:2C:03:04:05',
    'gateway: 0:1b:2c:3:4:5',
    'gateway:00-1b-2c-03-04-05',
    'wifi:Café: 2',
    'domain:corp.example',
    'domain:.Lab.Corp.Example',
    'subnet:192.168.0.0/16',
    'subnet:2001:db8:1::/48',
  ]) {
    test(`${rule} is this one`, () => {
      checkNetwork(rule);
      assert.equal(isIn(facts, rule), true);
    });
  }

  for (const rule of [
    'gateway:00:1b:2c:03:04:06',
    'wifi:café: 2',
    'domain:orp.example',
    'subnet:192.168.8.0/24',
    'subnet:2001:db8:2::/48',
  ]) {
    test(`${rule} is another`, () => {
      checkNetwork(rule);
      assert.equal(isIn(facts, rule), false);
    });
  }

  for (const rule of [
    ...['', 'moon', 'gateway:', 'gateway:00:1b', 'gateway:00:00:00:00:00:00', 'wifi: '],
    ...[
      'subnet:10.0.0.0',
      'subnet:10.0.0.0/33',
      'subnet:::/129',
      'domain:a..b',
      `wifi:${'x'.repeat(300)}`,
    ],
  ]) {
    test(`"${rule.slice(0, 30)}" is none`, () => {
      assert.throws(() => checkNetwork(rule), /is no network: expected gateway:MAC/);
      assert.equal(isIn(facts, rule.slice(0, 30)), false);
    });
  }

  test('the surest rule for a network comes first', () => {
    assert.deepEqual(rulesFor(facts), [
      ...['gateway:00:1b:2c:03:04:05', 'wifi:Café: 2', 'domain:lab.corp.example'],
      ...['subnet:192.168.7.20/24', 'subnet:2001:db8:1::20/64'],
    ]);
    assert.deepEqual(rulesFor({ domains: [], addresses: [] }), []);
  });
});
