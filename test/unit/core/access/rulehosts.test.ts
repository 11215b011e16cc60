import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RuleHosts } from '#core/access/rulehosts.js';
import { RuleHost } from '#core/access/rules.js';
import { manualClock } from '../../../support/clock.js';
import { ip } from '../../../support/ip.js';

type Answer = readonly string[] | 'failure' | 'silence';

/** Hosts in rules, whose names are answered as it says. */
function setUp(t: TestContext, answer: (name: string) => Answer, names: readonly string[]) {
  const asked: string[] = [];
  const warnings: string[] = [];
  const hosts = names.map((name) => new RuleHost(name, undefined));
  const resolve = async (name: string): Promise<readonly string[]> => {
    asked.push(name);
    const found = answer(name);
    if (found === 'silence') return new Promise(() => {});
    if (found === 'failure') throw new Error('not found');
    return found;
  };
  const make = (before?: RuleHosts) => {
    const made = new RuleHosts(hosts, resolve, (message) => warnings.push(message), before);
    t.after(() => made.dispose());
    return made;
  };
  const has = (address: string, host = hosts[0]) =>
    host?.networks.some((network) => network.contains(ip(address))) ?? false;
  return { asked, warnings, hosts, make, has };
}

describe('RuleHosts', () => {
  test('names are looked up when rules are loaded, each once', async (t) => {
    const names = ['a.example', 'b.example', 'a.example'];
    const { asked, warnings, make, has, hosts } = setUp(t, () => ['192.0.2.1'], names);
    await make().load();
    assert.deepEqual(asked, ['a.example', 'b.example']);
    for (const host of hosts) assert.ok(has('192.0.2.1', host));
    assert.deepEqual(warnings, []);
  });

  test('what is not known in a second comes later, and is told in one sentence', async (t) => {
    const clock = manualClock(t, ['setTimeout']);
    const names = Array.from({ length: 2000 }, (_, i) => `n${i}.example`);
    const { warnings, make } = setUp(t, () => 'silence', names);
    const loading = make().load();
    clock.pass(1000);
    await loading;
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /"n0.example", "n1.example", "n2.example" and 1997 more;/);
  });

  test('a name that does not resolve is tried again, later each time, and told when it does', async (t) => {
    const clock = manualClock(t, ['setTimeout']);
    let answer: Answer = 'failure';
    const { asked, warnings, make, has } = setUp(t, () => answer, ['a.example']);
    await make().load();
    assert.match(warnings.splice(0).join(), /cannot be resolved now: "a.example"/);
    for (const delay of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      const before = asked.length;
      clock.pass(delay - 1);
      await nextTurn();
      assert.equal(asked.length, before);
      clock.pass(1);
      await nextTurn();
      assert.equal(asked.length, before + 1, `after ${delay} ms`);
    }
    answer = ['192.0.2.1'];
    clock.pass(60_000);
    await nextTurn();
    assert.ok(has('192.0.2.1'));
    assert.deepEqual(warnings, ['the host "a.example" that rules name resolves now']);
  });

  test('addresses are renewed every minute, and stay while there are none', async (t) => {
    const clock = manualClock(t, ['setTimeout']);
    let answer: Answer = ['192.0.2.1'];
    const { warnings, make, has } = setUp(t, () => answer, ['a.example']);
    await make().load();
    answer = ['192.0.2.2'];
    clock.pass(60_000);
    await nextTurn();
    assert.deepEqual([has('192.0.2.1'), has('192.0.2.2')], [false, true]);
    answer = 'failure';
    clock.pass(60_000);
    await nextTurn();
    assert.ok(has('192.0.2.2'));
    assert.match(warnings.join(), /"a.example" that rules name cannot be resolved any more/);
  });

  test('rules that are loaded again keep the addresses of names that do not resolve then', async (t) => {
    let answer: Answer = ['192.0.2.1'];
    const { warnings, make, has, hosts } = setUp(t, () => answer, ['a.example']);
    const before = make();
    await before.load();
    before.dispose();
    hosts[0]?.setAddresses([]);
    answer = 'failure';
    await make(before).load();
    assert.ok(has('192.0.2.1'));
    assert.equal(warnings.length, 1);
  });

  test('disposed, it asks no more', async (t) => {
    const clock = manualClock(t, ['setTimeout']);
    const { asked, make } = setUp(t, () => ['192.0.2.1'], ['a.example']);
    const made = make();
    await made.load();
    made.dispose();
    clock.pass(3_600_000);
    await nextTurn();
    assert.equal(asked.length, 1);
  });
});
