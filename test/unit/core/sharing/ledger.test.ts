import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from '#core/sharing/ledger.js';
import type { ReplicaUsage } from '#core/sharing/sharedstate.js';

const noon = new Date(2026, 10, 25, 12);
const DAY = '2026-11-25';
const own = (dayBytes: number, more: object = {}): ReplicaUsage[] => [
  { name: 'user a', day: DAY, dayBytes, monthBytes: dayBytes, ...more },
];
const heard = (bytes: number, day = DAY) => [
  { name: 'user a', day, dayBytes: bytes, monthBytes: bytes },
];

test('sums are told until they are taken, and what was not heard counts beside', () => {
  const ledger = new Ledger();
  ledger.begin('e', {}, noon);
  ledger.add({ 'user a': 10 }, noon);
  assert.deepEqual(ledger.untold(9), own(10));
  assert.deepEqual(ledger.untold(9), own(10));
  ledger.settle(own(10));
  assert.deepEqual(ledger.untold(9), []);
  ledger.add({ 'user a': 5 }, noon);
  assert.deepEqual(ledger.hear(heard(30)), {
    'user a': { day: DAY, dayBytes: 35, monthBytes: 35 },
  });
  assert.deepEqual(ledger.untold(9), own(15));
});

test('a state that went back is told again, and one that lost all hears what was known', () => {
  const ledger = new Ledger();
  ledger.begin('e', {}, noon);
  ledger.add({ 'user a': 10 }, noon);
  ledger.settle(ledger.untold(9));
  ledger.hear(heard(40));
  ledger.begin('e', {}, noon);
  assert.deepEqual(ledger.untold(9), own(10));
  ledger.settle(own(10));
  // Taken, and lost before it was heard with what others used.
  ledger.add({ 'user a': 3 }, noon);
  ledger.settle(ledger.untold(9));
  ledger.begin('f', {}, noon);
  const before = { dayBytes: 40, monthBytes: 40, isWeak: false };
  assert.deepEqual(ledger.untold(9), own(3, { before }));
  // An answer that is lost changes nothing of that.
  ledger.begin('f', {}, noon);
  assert.deepEqual(ledger.untold(9), own(3, { before }));
  ledger.settle(ledger.untold(9));
  assert.deepEqual(ledger.untold(9), []);
});

test('what a process knows at its start is offered once, without what it has used itself', () => {
  const ledger = new Ledger();
  ledger.add({ 'user a': 4 }, noon);
  ledger.begin('e', { 'user a': { day: DAY, dayBytes: 14, monthBytes: 90 } }, noon);
  const before = { dayBytes: 10, monthBytes: 86, isWeak: true };
  assert.deepEqual(ledger.untold(9), own(4, { before }));
  ledger.settle(ledger.untold(9));
  assert.deepEqual(ledger.untold(9), []);
});

test('a day that is over, and a month', () => {
  const ledger = new Ledger();
  ledger.begin('e', {}, noon);
  ledger.add({ 'user a': 10 }, noon);
  ledger.settle(ledger.untold(9));
  ledger.add({ 'user a': 1 }, new Date(2026, 10, 26));
  assert.deepEqual(ledger.untold(9), [
    { name: 'user a', day: '2026-11-26', dayBytes: 1, monthBytes: 11 },
  ]);
  ledger.add({ 'user a': 2 }, new Date(2026, 11, 1));
  assert.deepEqual(ledger.untold(9), [
    { name: 'user a', day: '2026-12-01', dayBytes: 2, monthBytes: 2 },
  ]);
});
