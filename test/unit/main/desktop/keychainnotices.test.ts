import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { KeychainNotices } from '#main/desktop/keychainnotices.js';
import { RecentProblems } from '#main/desktop/problems.js';

/** What needs the keychain, with the problem that it is given. */
class Needy extends EventEmitter<{ state: []; change: [] }> {
  problem: string | undefined;

  becomes(problem: string | undefined): void {
    this.problem = problem;
    this.emit(problem === undefined ? 'change' : 'state');
  }
}

test('a keychain that cannot be read is told of once, and when it can be', () => {
  const [users, upstreams] = [new Needy(), new Needy()];
  const [told, announced, noted] = [[], [], []] as [string[], string[], string[]];
  const notifications = {
    problems: new RecentProblems(),
    notify: ({ message }: { message: string }) => void told.push(message),
    announce: (message: string) => void announced.push(message),
  };
  new KeychainNotices(notifications, [users, upstreams], (message) => noted.push(message));
  users.emit('change');
  assert.deepEqual([told, announced, noted], [[], [], []]);
  users.becomes('The keychain is locked.');
  users.becomes('The keychain is locked.');
  upstreams.becomes('The keychain is locked.');
  assert.deepEqual(announced, [
    'Users cannot log in. The keychain is locked. It is looked at again and again.',
  ]);
  users.becomes(undefined);
  assert.equal(told.length, 0, 'upstream servers still lack their passwords');
  upstreams.becomes(undefined);
  assert.deepEqual(told, ['The keychain can be read: users can log in again.']);
  assert.equal(announced.length, 2);
  assert.deepEqual(notifications.problems.all, [
    { message: 'The keychain is locked.', about: 'view.users' },
  ]);
  assert.deepEqual(noted, [
    'the keychain cannot be read: The keychain is locked.',
    'the keychain can be read again',
  ]);
});
