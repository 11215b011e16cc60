import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { KnownHosts, parseHosts } from '#core/outbound/hosts.js';
import { manualClock } from '../../../support/clock.js';
import { temporaryFile } from '../../../support/files.js';

describe('hosts(5)', () => {
  test('lines of an address and names, comments, and whatever else', () => {
    const hosts = parseHosts(
      [
        '# a comment',
        '127.0.0.1\tlocalhost  Loopback.Example. # and names',
        '::1 localhost ip6-localhost\r',
        '  0:0::FFFF:192.0.2.1   mapped',
        '192.0.2.1 mapped',
        '192.0.2.2',
        'no-address name',
        '127.1 short',
        'fe80::1%lo0 link',
        '',
      ].join('\n'),
    );
    assert.deepEqual(Object.fromEntries(hosts), {
      localhost: ['127.0.0.1', '::1'],
      'loopback.example': ['127.0.0.1'],
      'ip6-localhost': ['::1'],
      mapped: ['192.0.2.1'],
      link: ['fe80::1%lo0'],
    });
  });

  test('are read again when they change, a second later, and may be missing', (t) => {
    const clock = manualClock(t);
    const file = temporaryFile(t, '192.0.2.1 a\n', 'hosts');
    const hosts = new KnownHosts(file);
    assert.deepEqual(hosts.find('a'), ['192.0.2.1']);
    writeFileSync(file, '192.0.2.2 a\n192.0.2.3 b\n');
    clock.pass(1000);
    assert.deepEqual([hosts.find('a'), hosts.find('b')], [['192.0.2.2'], ['192.0.2.3']]);
    rmSync(file);
    clock.pass(1000);
    assert.equal(hosts.find('a'), undefined);
  });

  test('localhost is loopback though nobody says so, but not where somebody does', (t) => {
    const none = new KnownHosts('/does/not/exist');
    for (const name of ['localhost', 'app.localhost']) {
      assert.deepEqual(none.find(name), ['::1', '127.0.0.1']);
    }
    assert.equal(none.find('notlocalhost'), undefined);
    const own = new KnownHosts(temporaryFile(t, '127.0.0.1 localhost', 'hosts'));
    assert.deepEqual(own.find('localhost'), ['127.0.0.1']);
  });
});
