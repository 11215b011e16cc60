import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toDisposable } from '#core/base/disposable.js';
import { Registry } from '#core/base/registry.js';
import { createRegistries } from '#core/extensions/registries.js';
import { type EventSink, EventStream, type ServerEvent } from '#core/log/events.js';

describe('Registry', () => {
  const item = (id: string) => ({ id });

  test('keeps items by their names, in the order of registration', () => {
    const registry = new Registry<{ readonly id: string }>('thing');
    const [a, b] = [item('b'), item('a')];
    registry.register(a);
    registry.register(b);
    assert.deepEqual([...registry], [a, b]);
    assert.deepEqual(registry.ids, ['b', 'a']);
    assert.equal(registry.get('a'), b);
    assert.equal(registry.get('toString'), undefined);
    assert.equal(registry.size, 2);
  });

  test('has one item of a name', () => {
    const registry = new Registry('event sink');
    registry.register(item('log'));
    const message = 'the event sink "log" is registered already';
    assert.throws(() => registry.register(item('log')), { name: 'UserError', message });
    assert.equal(registry.size, 1);
  });

  test('what is disposed is gone, once, and takes nothing else with it', () => {
    const registry = new Registry('thing');
    const first = registry.register(item('a'));
    first.dispose();
    assert.equal(registry.size, 0);
    const other = item('a');
    registry.register(other);
    first.dispose();
    registry.unregister(item('a'));
    assert.equal(registry.get('a'), other);
  });

  test('may change while it is gone through', () => {
    const registry = new Registry<{ readonly id: string }>('thing');
    for (const id of ['a', 'b', 'c']) registry.register(item(id));
    const seen: string[] = [];
    for (const each of registry) {
      seen.push(each.id);
      registry.unregister(each);
      if (each.id === 'a') registry.register(item('d'));
    }
    assert.deepEqual(seen, ['a', 'b', 'c', 'd']);
  });

  test('of a server has the built-in parts', () => {
    const { authenticationMethods, outbounds, eventSinks } = createRegistries();
    for (const id of ['none', 'userpass']) assert.ok(authenticationMethods.get(id), id);
    assert.deepEqual(outbounds.ids, ['direct', 'socks5', 'socks4a', 'http']);
    assert.equal(eventSinks.size, 0);
    assert.notEqual(createRegistries().eventSinks, eventSinks);
  });
});

test('a disposable is undone once', () => {
  let undone = 0;
  const disposable = toDisposable(() => {
    undone++;
  });
  disposable.dispose();
  disposable.dispose();
  assert.equal(undone, 1);
});

describe('EventStream', () => {
  const reloaded: ServerEvent = { type: 'reloaded', time: 1 };

  function start() {
    const sinks = new Registry<EventSink>('event sink');
    const stream = new EventStream(sinks);
    const listen = (id: string) => {
      const events: ServerEvent[] = [];
      sinks.register({ id, handle: (event) => events.push(event) });
      return events;
    };
    const fail = (id: string, error: unknown = new Error('disk full')) =>
      sinks.register({
        id,
        handle: () => {
          throw error;
        },
      });
    return { sinks, stream, listen, fail };
  }

  /** The types of events, and the messages of those that have one. */
  const said = (events: readonly ServerEvent[]) =>
    events.map((event) => ('message' in event ? event.message : event.type));

  test('is active while anybody reads', () => {
    const { stream, sinks } = start();
    assert.equal(stream.wanted('reloaded'), false);
    stream.emit(reloaded);
    const registration = sinks.register({ id: 'a', handle: () => {} });
    assert.equal(stream.wanted('reloaded'), true);
    registration.dispose();
    assert.equal(stream.wanted('reloaded'), false);
  });

  test('every sink gets every event, in order', () => {
    const { stream, listen } = start();
    const lists = [listen('a'), listen('b')];
    const warning = { type: 'warning', time: 2, message: 'care' } as const;
    stream.emit(reloaded);
    stream.emit(warning);
    for (const list of lists) assert.deepEqual(list, [reloaded, warning]);
  });

  test('a sink that throws misses an event; the others have all, and are told', () => {
    const { stream, sinks, listen } = start();
    const before = listen('before');
    const taken: ServerEvent[] = [];
    let isFull = true;
    const handle = (event: ServerEvent) => {
      if (isFull) throw new Error('disk full');
      taken.push(event);
    };
    sinks.register({ id: 'bad', handle });
    const after = listen('after');
    stream.emit(reloaded);
    stream.emit(reloaded);
    isFull = false;
    stream.emit(reloaded);
    assert.deepEqual(taken, [reloaded]);
    const failed = 'the event sink "bad" failed: disk full';
    for (const list of [before, after]) {
      assert.deepEqual(said(list).sort(), ['reloaded', 'reloaded', 'reloaded', failed].sort());
    }
    assert.deepEqual(sinks.ids, ['before', 'bad', 'after']);
  });

  test('one that throws ten times in a row is removed', () => {
    const { stream, sinks, listen, fail } = start();
    fail('bad');
    let calls = 0;
    sinks.register({
      id: 'moody',
      handle: () => {
        if (++calls % 10 !== 0) throw new Error('not now');
      },
    });
    const events = listen('other');
    for (let i = 0; i < 5; i++) stream.emit(reloaded);
    assert.deepEqual(sinks.ids, ['bad', 'moody', 'other']);
    for (let i = 0; i < 30; i++) stream.emit(reloaded);
    assert.deepEqual(sinks.ids, ['moody', 'other']);
    const warnings = said(events).filter((text) => text.includes('"bad"'));
    assert.deepEqual(warnings, [
      'the event sink "bad" failed: disk full',
      'the event sink "bad" failed 10 times in a row and was removed: disk full',
    ]);
  });

  test('all may throw, whatever they throw', () => {
    const { stream, sinks, fail } = start();
    for (const [i, error] of ['text', undefined, null, new Error('x')].entries()) {
      fail(`bad ${i}`, error);
    }
    for (let i = 0; i < 10; i++) stream.emit(reloaded);
    assert.equal(sinks.size, 0);
    assert.equal(stream.wanted('reloaded'), false);
  });

  test('a sink that cannot say what it wants is asked when there is something', () => {
    const { stream, sinks } = start();
    const wants = () => {
      throw new Error('broken');
    };
    sinks.register({ id: 'bad', wants, handle: () => {} });
    assert.equal(stream.wanted('reloaded'), true);
    stream.emit(reloaded);
  });

  test('warn() is an event of now', () => {
    const { stream, listen } = start();
    const events = listen('a');
    const before = Date.now();
    stream.warn('care');
    const [event] = events;
    assert.ok(event !== undefined && 'message' in event);
    assert.deepEqual([event.type, event.message], ['warning', 'care']);
    assert.ok(event.time >= before && event.time <= Date.now());
  });
});
