import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { ConnectionInfo, ServerEvent } from 'picosocks5';
import { UserActivities } from '#main/users/activity.js';
import type { DesktopUsers } from '#main/users/users.js';
import { temporaryDirectory } from '../../../support/files.js';

const NOW = new Date(2026, 10, 25, 12).getTime();
const client = { host: '127.0.0.1', port: 1 };

function make(t: TestContext, file = join(temporaryDirectory(t), 'activity.json')) {
  const users = new EventEmitter() as EventEmitter & { has: (name: string) => boolean };
  const names = new Set(['alice', 'bob']);
  users.has = (name) => names.has(name);
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const activities = new UserActivities(file, users as unknown as DesktopUsers, warn);
  t.after(() => activities.dispose());
  return { activities, file, users, names, warnings };
}

function connection(user: string, up: number, down: number): ConnectionInfo {
  return { id: 1, client, user, group: undefined, up, down } as ConnectionInfo;
}

function closed(user: string, up: number, down: number): ServerEvent {
  return { ...connection(user, up, down), type: 'closed', time: NOW } as unknown as ServerEvent;
}

const nothing = { lastSeen: undefined, connections: 0, up: 0, down: 0, dayBytes: 0, monthBytes: 0 };

describe('what users have done', () => {
  test('connections that there are, and those that were', (t) => {
    const { activities } = make(t);
    const live = [connection('alice', 1, 2), connection('alice', 10, 20), connection('eve', 5, 5)];
    const both = { name: 'alice', lastSeen: NOW, connections: 2, up: 11, down: 22 };
    assert.deepEqual(activities.sample(live, {}, NOW), [{ ...nothing, ...both }]);
    activities.handle(closed('alice', 10, 20));
    const one = { ...both, connections: 1, up: 13, down: 22 };
    assert.deepEqual(activities.sample([connection('alice', 3, 2)], {}, NOW), [
      { ...nothing, ...one },
    ]);
    activities.handle(closed('alice', 3, 2));
    assert.deepEqual(activities.sample([], {}, NOW), [{ ...nothing, ...one, connections: 0 }]);
    assert.deepEqual(activities.sample([], {}, NOW), []);
    assert.equal(activities.all(NOW).length, 1);
  });

  test('what counts for quotas, which begins anew with a day and a month', (t) => {
    const { activities } = make(t);
    const usage = { 'user bob': { day: '2026-11-25', dayBytes: 5, monthBytes: 50 } };
    const [bob] = activities.sample([], { ...usage, 'group bob': usage['user bob'] }, NOW);
    assert.deepEqual([bob?.dayBytes, bob?.monthBytes], [5, 50]);
    assert.deepEqual(activities.sample([], usage, NOW), []);
    const at = (month: number, day: number) => {
      const [then] = activities.all(new Date(2026, month, day).getTime());
      return [then?.dayBytes, then?.monthBytes];
    };
    assert.deepEqual(at(10, 26), [0, 50]);
    assert.deepEqual(at(11, 1), [0, 0]);
    assert.deepEqual(at(10, 24), [5, 50]);
  });

  test('it outlives the app, with another name as well, but not the user', async (t) => {
    const { activities, file, users, names } = make(t);
    activities.handle(closed('alice', 1, 2));
    activities.handle(closed('bob', 3, 4));
    names.delete('bob');
    names.add('carol');
    users.emit('renamed', 'alice', 'carol');
    await activities.close();
    assert.doesNotMatch(readFileSync(file, 'utf8'), /alice|bob/);
    const again = make(t, file);
    again.names.add('carol');
    assert.deepEqual(again.activities.all(NOW), [
      { ...nothing, name: 'carol', lastSeen: NOW, up: 1, down: 2 },
    ]);
  });

  test('a damaged file is told of, and counted anew', async (t) => {
    const file = join(temporaryDirectory(t), 'activity.json');
    for (const text of ['', '{}', '[["alice", {"up": "much"}]]', '[["alice", null]]']) {
      writeFileSync(file, text);
      const { activities, warnings } = make(t, file);
      assert.deepEqual(activities.all(NOW), []);
      assert.match(warnings.join(), /activity\.json" is damaged/);
    }
  });
});
