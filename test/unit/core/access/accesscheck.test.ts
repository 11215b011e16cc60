import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AccessCheck, type JudgedRequest } from '#core/access/accesscheck.js';
import type { AccessPolicy, Verdict } from '#core/access/policy.js';
import { manualClock } from '../../../support/clock.js';
import { ip } from '../../../support/ip.js';

const client = ip('192.0.2.1');
const request: JudgedRequest = {
  client,
  listener: 'default',
  user: undefined,
  group: undefined,
  command: 'connect',
  destination: { host: 'name.invalid', port: 80 },
};

function start(...policies: AccessPolicy[]) {
  const warnings: string[] = [];
  const check = new AccessCheck(policies, (message) => warnings.push(message));
  return { check, warnings };
}

describe('policies are asked', () => {
  for (const [how, answer] of [
    ['at once', (by?: string): Verdict => (by === undefined ? by : { by })],
    ['later', async (by?: string) => (by === undefined ? by : { by })],
  ] as const) {
    test(`in their order until one denies, ${how}`, async () => {
      const asked: string[] = [];
      const policy = (id: string, by?: string): AccessPolicy => ({
        id,
        onConnect: (_, listener) => {
          asked.push(`${id} ${listener}`);
          return answer(by);
        },
      });
      const policies = [policy('a'), { id: 'silent' }, policy('b', 'no'), policy('c', 'never')];
      const given = start(...policies).check.ofClient(client, 'lan');
      assert.equal(given instanceof Promise, how === 'later');
      assert.deepEqual(await given, { by: 'no' });
      assert.deepEqual(asked, ['a lan', 'b lan']);
      assert.equal(await start(policy('a')).check.ofClient(client, 'lan'), undefined);
      assert.equal(start().check.ofClient(client, 'lan'), undefined);
    });
  }

  test('about the client first, then about its request', async () => {
    const asked: string[] = [];
    const policy: AccessPolicy = {
      id: 'two',
      onAuthenticated: async () => void asked.push('onAuthenticated'),
      onRequest: (_, command) => void asked.push(command),
    };
    assert.equal(await start(policy).check.ofRequest(request, 'bind'), undefined);
    assert.deepEqual(asked, ['onAuthenticated', 'bind']);
  });

  test('about a name alone with no address', () => {
    const seen: unknown[] = [];
    const { check } = start({ id: 'x', onAddress: ({ address }) => void seen.push(address) });
    check.ofName(request);
    check.ofAddress(request, '192.0.2.7');
    assert.deepEqual(seen, [undefined, ip('192.0.2.7')]);
  });
});

describe('a policy fails closed', () => {
  const broken = new Error('broken');
  const failing: [how: string, onAddress: () => unknown, trouble: RegExp][] = [
    [
      'by throwing',
      () => {
        throw broken;
      },
      /: broken$/,
    ],
    ['by a rejection', () => Promise.reject(broken), /: broken$/],
    ...[null, false, true, 'no', {}, { by: 1 }, { allowed: true }].map(
      (answer): [string, () => unknown, RegExp] => [
        `by the answer ${JSON.stringify(answer)}`,
        () => answer,
        /its answer is neither/,
      ],
    ),
    ['by the late answer true', async () => true, /its answer is neither/],
  ];
  for (const [how, onAddress, trouble] of failing) {
    test(how, async () => {
      const policy = { id: 'mine', onAddress } as AccessPolicy;
      const { check, warnings } = start({ id: 'fine', onAddress: () => undefined }, policy);
      const denied = { by: 'the access policy "mine" failed' };
      assert.deepEqual(await check.ofAddress(request, '192.0.2.7'), denied);
      assert.deepEqual(await check.ofAddress(request, '192.0.2.7'), denied);
      assert.equal(warnings.length, 1, 'told once a minute');
      assert.match(warnings[0] ?? '', trouble);
    });
  }

  test('by not answering within 5 s', async (t) => {
    const clock = manualClock(t, ['setTimeout']);
    const { check, warnings } = start({ id: 'slow', onAddress: () => new Promise(() => {}) });
    const answer = check.ofAddress(request, '192.0.2.7');
    clock.pass(5000);
    assert.deepEqual(await answer, { by: 'the access policy "slow" failed' });
    assert.match(warnings[0] ?? '', /no answer within 5 s/);
  });

  test('and a thenable of somebody else is waited for', async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is what it is about
    const late = { then: (resolve: (answer: unknown) => void) => resolve({ by: 'late' }) };
    const policy = { id: 'mine', onAddress: () => late } as unknown as AccessPolicy;
    assert.deepEqual(await start(policy).check.ofName(request), { by: 'late' });
  });
});
