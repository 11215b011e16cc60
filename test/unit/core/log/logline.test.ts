import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ServerEvent } from '#core/log/events.js';
import { levelOf, logJson, logText, logValue, shortLine } from '#core/log/logline.js';

const client = { host: '192.0.2.1', port: 50000 };
const destination = { host: 'example.com', port: 443 };
const address = { host: '::1', port: 1080 };
const common = { id: 7, time: Date.UTC(2024, 0, 2, 3, 4, 5, 6), client };
const alice = { user: 'alice', group: 'staff' };
const nobody = { user: undefined, group: undefined };
const closed = {
  type: 'closed',
  ...common,
  method: 'userpass',
  command: 'connect',
  destination,
  up: 12,
  down: 3456,
  dropped: 0,
  since: common.time - 1500,
  duration: 1500,
  reason: 'finished',
} as const;
const rejected = {
  type: 'rejected',
  ...common,
  reason: 'not-allowed',
  detail: 'rule "!all"',
  user: undefined,
  command: 'connect',
  destination,
} as const;

const EVENTS: readonly (readonly [event: ServerEvent, level: string, text: string])[] = [
  [{ type: 'listening', time: 0, address }, 'notice', 'listening address=[::1]:1080'],
  [
    { type: 'listening', time: 0, address, listener: 'new one', before: 'old' },
    'notice',
    'listening address=[::1]:1080 before=old listener="new one"',
  ],
  [{ type: 'stopped', time: 0, address }, 'notice', 'stopped address=[::1]:1080'],
  [{ type: 'reloaded', time: 0 }, 'notice', 'reloaded'],
  [{ type: 'warning', time: 0, message: 'take care' }, 'warn', 'take care'],
  [{ type: 'error', time: 0, message: 'one\ntwo\x1b[2J é' }, 'err', 'one?two?[2J ?'],
  [{ type: 'connection', ...common }, 'debug', 'connection #7 client=192.0.2.1:50000'],
  [
    { type: 'authenticated', ...common, ...alice, method: 'userpass' },
    'debug',
    'authenticated #7 client=192.0.2.1:50000 user=alice group=staff method=userpass',
  ],
  [
    { type: 'authenticated', ...common, ...nobody, method: 'none' },
    'debug',
    'authenticated #7 client=192.0.2.1:50000 user=- method=none',
  ],
  [
    { type: 'authentication-failed', ...common, user: 'x y', method: 'userpass', detail: 'wrong' },
    'notice',
    'authentication-failed #7 client=192.0.2.1:50000 user="x y" method=userpass detail=wrong',
  ],
  [
    { type: 'request', ...common, command: 'bind', destination },
    'debug',
    'request #7 client=192.0.2.1:50000 command=bind destination=example.com:443',
  ],
  [
    { type: 'established', ...common, bound: client, remote: address },
    'debug',
    'established #7 client=192.0.2.1:50000 bound=192.0.2.1:50000 remote=[::1]:1080',
  ],
  [
    rejected,
    'notice',
    'rejected #7 client=192.0.2.1:50000 user=- command=connect destination=example.com:443 ' +
      'reason=not-allowed detail="rule \\"!all\\""',
  ],
  [
    { ...rejected, command: undefined, destination: undefined, detail: 'x' },
    'notice',
    'rejected #7 client=192.0.2.1:50000 user=- reason=not-allowed detail=x',
  ],
  [
    { ...closed, ...alice },
    'info',
    'closed #7 client=192.0.2.1:50000 user=alice command=connect destination=example.com:443 ' +
      'up=12 down=3456 duration=1.500 reason=finished',
  ],
  [
    { ...closed, ...nobody, command: undefined, destination: undefined, duration: 0 },
    'info',
    'closed #7 client=192.0.2.1:50000 user=- command=- destination=- ' +
      'up=12 down=3456 duration=0.000 reason=finished',
  ],
];

/** What a client might say to make a log say something else. */
const HOSTILE = [
  ...['alice user=bob', 'alice\nclosed #8', 'alice\r\n', '\x1b[2J\x1b]0;title\x07', 'a"b', "a'b"],
  ...['a\\', '"', '', ' ', '=', 'a=b', '\0', '\x7f', '\x80\x9b31m', '\u202ereversed', '\u2066x'],
  ...['\u2028', '\u0085', '\ufeff', 'Zoë', '漢字', '😀', '\ud800', '-\n-', '<3>', '#'],
];
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', ' ', '=', '\x1b', '\u202e', '\ud83d') }),
);

const failed = (user: string): ServerEvent => {
  return { type: 'authentication-failed', ...common, user, method: 'userpass', detail: 'wrong' };
};
const asked = (host: string): ServerEvent => ({ ...rejected, destination: { host, port: 80 } });

describe('log lines', () => {
  for (const [event, level, text] of EVENTS) {
    test(text.slice(0, 60), () => {
      assert.equal(levelOf(event.type), level);
      assert.equal(logText(event), text);
    });
  }

  test('plain names are written as they are', () => {
    for (const plain of [
      'alice',
      'a.b@c',
      '[::1]:80',
      '10.0.0.0/8',
      '*',
      'fe80::1%eth0',
      'x_y-z',
    ]) {
      assert.equal(logValue(plain), plain);
    }
  });

  test('a name is one value, and tells itself', () => {
    const values = fc.oneof(fc.constantFrom(...HOSTILE), hostile);
    fc.assert(
      fc.property(values, (value) => {
        const written = logValue(value);
        assert.match(
          written,
          /^(?:[\x21\x23-\x3c\x3e-\x5b\x5d-\x7e]+|"(?:[ !\x23-\x5b\x5d-\x7e]|\\.)*")$/,
        );
        assert.equal(written.startsWith('"') ? JSON.parse(written) : written, value);
      }),
      { numRuns: 1000, examples: HOSTILE.map((value) => [value]) },
    );
  });

  test('whatever a client calls itself or its destination, the line says one thing', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        for (const line of [logText(failed(name)), logText(asked(name))]) {
          assert.match(line, /^[\x20-\x7e]*$/);
          const bare = line.replace(/"(?:[^"\\]|\\.)*"/g, 'quoted');
          assert.doesNotMatch(bare, /"/);
          assert.equal(bare.match(/ user=/g)?.length, 1);
          assert.equal(bare.match(/ reason=| method=/g)?.length, 1);
        }
      }),
      { numRuns: 1000, examples: HOSTILE.map((value) => [value]) },
    );
  });
});

describe('JSON lines', () => {
  test('have the time, the level, and the event', () => {
    for (const [event, level] of EVENTS) {
      const { time, ...rest } = event;
      const times = 'since' in rest ? { since: new Date(rest.since).toISOString() } : {};
      const expected = { time: new Date(time).toISOString(), level, ...rest, ...times };
      assert.deepEqual(JSON.parse(logJson(event)), JSON.parse(JSON.stringify(expected)));
    }
    assert.match(logJson(rejected), /^\{"time":"2024-01-02T03:04:05\.006Z","level":"notice",/);
  });

  test('are one line of visible ASCII each, whatever a client says', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        const line = logJson(failed(name));
        assert.match(line, /^[\x20-\x7e]+$/);
        assert.equal(JSON.parse(line).user, name);
      }),
      { numRuns: 1000, examples: HOSTILE.map((value) => [value]) },
    );
  });
});

describe('short lines', () => {
  const of = (user: string, host: string): ServerEvent => ({
    ...closed,
    ...{ user, group: 'g', destination: { host, port: 443 } },
  });
  const name = fc.string({ unit: 'binary', maxLength: 255 });

  test('are those of others, as long as they are short', () => {
    const event = of('alice', 'example.com');
    assert.equal(shortLine(event, 'text', 900), logText(event));
    assert.equal(shortLine(event, 'json', 900), logJson(event));
  });

  test('lose parts of long values, and no field', () => {
    const event = of('\u0001'.repeat(255), 'a'.repeat(255));
    const line = shortLine(event, 'text', 900);
    const user = `user="${'\\u0001'.repeat(39)}"... `;
    assert.ok(line.includes(user), line);
    assert.match(line, /destination="a{50,}"\.\.\. .* reason=finished$/);
    const { cut, ...rest } = JSON.parse(shortLine(event, 'json', 900));
    assert.equal(cut, true);
    assert.equal(rest.reason, 'finished');
    assert.ok(rest.user.length > 5 && '\u0001'.repeat(255).startsWith(rest.user), rest.user);
  });

  test('are never longer, never of two lines, and never end a value too soon', () => {
    fc.assert(
      fc.property(name, name, (user, host) => {
        const event = of(user, host);
        const line = shortLine(event, 'text', 900);
        assert.ok(line.length <= 900);
        assert.match(line, /^[\x20-\x7e]*$/);
        const value = /(?:"(?:[^"\\]|\\.)*"(?:\.\.\.)?|[^" ]*)/.source;
        const fields = `client=\\S+ user=${value} command=connect destination=${value} up=12`;
        assert.match(
          line,
          new RegExp(`^closed #7 ${fields} down=3456 duration=1.500 reason=finished$`),
        );
        const json = shortLine(event, 'json', 900);
        assert.ok(json.length <= 900);
        assert.equal(JSON.parse(json).reason, 'finished');
      }),
    );
  });

  test('of messages say that they are cut', () => {
    const message = 'x'.repeat(2000);
    for (const type of ['warning', 'error'] as const) {
      const line = shortLine({ type, time: 0, message }, 'text', 900);
      assert.match(line, /^x+ \.\.\. \(cut\)$/);
      assert.ok(line.length <= 900);
      const json = JSON.parse(shortLine({ type, time: 0, message }, 'json', 900));
      assert.equal(json.cut, true);
    }
  });
});
