import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from '#core/base/registry.js';
import { type EventSink, EventStream, type ServerEvent } from '#core/log/events.js';
import { logText } from '#core/log/logline.js';
import { ConnectionRecord } from '#core/session/record.js';

const client = { host: '192.0.2.7', port: 1 };

/** The events of a connection, from its first to its last. */
function tell(listener?: string) {
  const events: ServerEvent[] = [];
  const sinks = new Registry<EventSink>('event sink');
  sinks.register({ id: 'test', handle: (event) => events.push(event) });
  const record = new ConnectionRecord(7, client, new EventStream(sinks), listener);
  record.arrived();
  record.method = 'none';
  record.authenticated({ user: undefined, group: undefined });
  record.requested('connect', { host: '198.51.100.1', port: 80 });
  record.established({ host: '192.0.2.1', port: 2 }, { host: '198.51.100.1', port: 80 });
  record.datagramRejected('not-allowed', 'a whim', { host: '198.51.100.2', port: 53 });
  const info = record.info();
  record.rejected('unreachable', 'connection refused');
  record.closed('unreachable');
  return { events, info };
}

test('the listener is told in every event and in the table where there is more than one', () => {
  const { events, info } = tell('lan');
  assert.equal(events.length, 7);
  for (const event of [...events, info]) {
    assert.equal('listener' in event && event.listener, 'lan', JSON.stringify(event));
  }
  assert.match(
    logText(events[0] as ServerEvent),
    /^connection #7 client=192\.0\.2\.7:1 listener=lan$/,
  );
});

test('where there is only one it is told nowhere', () => {
  const { events, info } = tell();
  assert.equal(events.length, 7);
  for (const event of [...events, info]) assert.equal('listener' in event, false);
});
