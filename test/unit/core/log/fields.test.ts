import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ServerEvent } from 'picosocks5';
import { LOG_FIELDS } from '#core/log/fields.js';
import { Log } from '#core/log/log.js';
import { levelOf, logJson } from '#core/log/logline.js';
import { startServer } from '../../../support/server.js';
import { echoServer } from '../../../support/sockets.js';
import { assertEcho, connected, greeted } from '../../../support/socks.js';

const page = readFileSync(new URL('../../../../../core/docs/log.md', import.meta.url), 'utf8');

const closed = {
  type: 'closed',
  id: 7,
  time: Date.UTC(2024, 0, 2, 3, 4, 5, 6),
  client: { host: '192.0.2.1', port: 50000 },
  user: 'alice',
  up: 1,
  down: 2,
  since: Date.UTC(2024, 0, 2, 3, 4, 3, 6),
  duration: 1500.25,
  reason: 'finished',
} as unknown as ServerEvent;

test('the page of the log has all fields and types, and nothing else', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, name, text]) => [
    name,
    text,
  ]);
  const fields = rows.filter(([name]) => Object.hasOwn(LOG_FIELDS, name ?? ''));
  assert.deepEqual(fields.slice(-Object.keys(LOG_FIELDS).length), Object.entries(LOG_FIELDS));
  for (const [, names = '', level] of page.matchAll(/^\| (`[a-z`, -]+) \| `(\w+)`.* \| .* \|$/gm)) {
    const [first = ''] = names.replaceAll('`', '').split(', ');
    if (first === 'type') continue;
    assert.equal(levelOf(first as ServerEvent['type']), level, first);
  }
});

test('times are those of ISO, whole milliseconds', () => {
  const { time, since, duration } = JSON.parse(logJson(closed));
  assert.equal(time, '2024-01-02T03:04:05.006Z');
  assert.equal(since, '2024-01-02T03:04:03.006Z');
  assert.equal(duration, 1500);
});

test('some fields can be chosen, in their order', () => {
  const line = logJson(closed, undefined, ['type', 'user', 'via', 'id']);
  assert.equal(line, '{"type":"closed","user":"alice","id":7}');
  assert.throws(
    () => new Log({ logFields: ['type'] }, 'stderr'),
    /--log-fields needs --log-format json/,
  );
});

test('what a server tells has no field but those', async (t) => {
  const { port, events, event } = await startServer(t);
  const client = await connected(t, port, await echoServer(t));
  await assertEcho(client);
  client.socket.end();
  const other = await greeted(t, port);
  other.send(5, 9, 0, 1, 127, 0, 0, 1, 0, 1);
  await other.readAll();
  await event('closed', ({ reason }) => reason === 'finished');
  await event('rejected');
  for (const one of events) {
    for (const name of Object.keys(JSON.parse(logJson(one)))) {
      assert.ok(Object.hasOwn(LOG_FIELDS, name), `${one.type} has ${name}`);
    }
  }
});
