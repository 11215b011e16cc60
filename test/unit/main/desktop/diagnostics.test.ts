import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { crashesIn, deleteOldCrashes } from '#main/desktop/crashes.js';
import { type DiagnosticFacts, diagnostics } from '#main/desktop/diagnostics.js';
import { redactor } from '#main/desktop/redact.js';
import { DEFAULTS } from '#main/settings/values.js';
import { temporaryDirectory } from '../../../support/files.js';

const line = (text: string) => ({ id: 1, time: 0, level: 'notice', text }) as const;

const FACTS: DiagnosticFacts = {
  versions: { app: '1.2.3', electron: '45.0.0' },
  system: { platform: 'Linux 6.1', desktop: undefined },
  server: {
    state: 'error',
    problem: 'Cannot listen on 127.0.0.1:1080: address already in use',
    listening: [],
    pending: ['port'],
  },
  settings: {
    ...DEFAULTS,
    port: 1081,
    network: ['+10.7.7.0/24'],
    via: ['*.secret-corp.example = office', '* = http://root:hunter2@gate.example:3128'],
    lanKey: '/home/alice/keys/lan.pem',
    theme: 'dark',
  },
  modified: ['port', 'network', 'via', 'lanKey', 'theme'],
  counts: { users: 2 },
  extensions: [{ name: 'picosocks5-conditions', state: 'active' }],
  crashes: [{ file: '/home/alice/x.dmp', time: 0 }],
  log: [
    line(
      'rejected #1 client=192.168.7.9:5000 user=alice command=connect ' +
        'destination=shop.example:443 reason=unreachable detail="getaddrinfo ENOTFOUND shop.example"',
    ),
    line(
      'authentication-failed #2 client=10.7.7.8:1 user="al ice \\"x\\"" method=userpass detail="wrong"',
    ),
    line('alice could not log in through office: http://root:hunter2@gate.example:3128 refused'),
    line('cannot read /home/alice/keys/lan.pem'),
  ],
  names: ['alice', 'al ice "x"', 'staff', 'office', 'gate.example', 'root', ''],
  home: '/home/alice',
};

describe('diagnostics', () => {
  const text = diagnostics(FACTS);

  test('say what helps', () => {
    for (const said of [
      'app: 1.2.3',
      'platform: Linux 6.1',
      'problem: Cannot listen on 127.0.0.1:1080',
      'port: 1081',
      'theme: "dark"',
      'network: 1 entries',
      'lanKey: set',
      'users: 2',
      'picosocks5-conditions: active',
      '1970-01-01T00:00:00.000Z',
      'destination=…:443 reason=unreachable',
      'cannot read ~/keys/lan.pem',
    ]) {
      assert.ok(text.includes(said), `${said} is not in:\n${text}`);
    }
    assert.ok(!text.includes('undefined'));
  });

  test('have no names, passwords, or places of connections', () => {
    for (const secret of [
      ...['alice', 'al ice', 'hunter2', 'root', 'office', 'staff', 'gate.example', 'shop.example'],
      ...['secret-corp', '192.168.7.9', '10.7.7'],
    ]) {
      assert.ok(!text.includes(secret), `${secret} is in:\n${text}`);
    }
  });

  test('a name is hidden where it is one, and not within other words', () => {
    const redact = redactor(['al', 'alice.b', 'x'], '/');
    assert.equal(redact('al also calls alice.b (al)'), '… also calls … (…)');
    assert.equal(redact('user=x group="a b" //me:p@host'), 'user=… group=… //…@host');
  });
});

test('crash reports are kept for a while, the newest of them', (t) => {
  const folder = temporaryDirectory(t);
  assert.deepEqual(crashesIn(join(folder, 'nothing')), []);
  mkdirSync(join(folder, 'completed'));
  const report = (name: string, days: number) => {
    const date = new Date(Date.now() - days * 24 * 3600 * 1000);
    for (const end of ['dmp', 'meta']) {
      writeFileSync(join(folder, 'completed', `${name}.${end}`), '');
      utimesSync(join(folder, 'completed', `${name}.${end}`), date, date);
    }
  };
  for (let i = 0; i < 12; i++) report(`new${i}`, i / 10);
  report('old', 31);
  deleteOldCrashes(folder);
  assert.equal(crashesIn(folder).length, 10);
  assert.match(crashesIn(folder)[0]?.file ?? '', /new0\.dmp$/);
  assert.equal(readdirSync(join(folder, 'completed')).length, 20);
});
