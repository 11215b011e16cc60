import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, guess } from '#core/base/guess.js';

const known = ['user', 'check', 'handshake-timeout', 'timeout', 'x'];

test('guesses at what was meant', () => {
  const cases: readonly (readonly [word: string, meant: string | undefined])[] = [
    ['users', 'user'],
    ['usr', 'user'],
    ['User', 'user'],
    ['suer', 'user'],
    ['chekc', 'check'],
    ['timout', 'timeout'],
    ['handshaketimeout', 'handshake-timeout'],
    ['X', 'x'],
    ['alice', undefined],
    ['us', undefined],
    ['y', undefined],
    ['', undefined],
    ['something-else-entirely', undefined],
  ];
  for (const [word, meant] of cases) assert.equal(guess(word, known), meant, word);
  assert.equal(didYouMean('users', known), '; did you mean "user"?');
  assert.equal(didYouMean('alice', known), '');
});
