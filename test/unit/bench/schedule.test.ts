import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Measure } from '../../bench/measures.js';
import { sessions } from '../../bench/schedule.js';
import type { Contender, Mode } from '../../bench/subjects.js';

const contender = (id: string, ...modes: Mode[]): Contender => ({ id, title: id, modes });
const measure = (id: string, mode: Mode, alone = false): Measure => ({
  id,
  mode,
  alone,
  figures: [],
  take: async () => undefined,
});

const contenders = [
  contender('a', 'plain', 'password'),
  contender('b', 'plain'),
  contender('c', 'plain', 'password'),
];
const measures = [
  measure('rate', 'plain'),
  measure('login', 'password'),
  measure('up', 'plain'),
  measure('idle', 'plain', true),
];

/** What is taken in a round, by session. */
function order(round: number): string[][] {
  return sessions(contenders, measures, { round, memoryRounds: 2 }).map(({ takes }) =>
    takes.map(({ instance, measure: { id } }) => `${id} ${instance.contender.id}`),
  );
}

describe('a round of the benchmark', () => {
  test('takes each measure of one server after the other, those alone one at a time', () => {
    assert.deepEqual(order(0), [
      ['rate a', 'rate b', 'rate c', 'login a', 'login c', 'up a', 'up b', 'up c'],
      ['idle a'],
      ['idle b'],
      ['idle c'],
    ]);
  });

  test('goes backwards every other time', () => {
    const [first = []] = order(1);
    assert.deepEqual(first.slice(0, 5), ['rate c', 'rate b', 'rate a', 'login c', 'login a']);
    assert.deepEqual(order(2)[0], order(0)[0]);
  });

  test('measures memory in the first rounds only', () => {
    assert.deepEqual(
      [0, 1, 2].map((round) => order(round).length),
      [4, 4, 1],
    );
  });

  test('starts a server once for each way it is used, and warms up what is not alone', () => {
    const [shared, alone] = sessions(contenders, measures, { round: 0, memoryRounds: 1 });
    const running = shared?.instances.map(({ contender: { id }, mode }) => `${id} ${mode}`);
    assert.deepEqual(running, ['a plain', 'b plain', 'c plain', 'a password', 'c password']);
    assert.deepEqual([shared?.warm, alone?.warm, alone?.instances.length], [true, false, 1]);
    for (const { instance } of shared?.takes ?? []) assert.ok(shared?.instances.includes(instance));
  });
});
