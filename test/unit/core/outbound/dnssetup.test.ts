import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dnsNames, readNameService } from '#core/outbound/dnssetup.js';

const read = (hosts: string, resolv = 'nameserver 192.0.2.53', host = 'machine') =>
  readNameService(hosts === '' ? '' : `passwd: files\nhosts: ${hosts}\n`, resolv, host);

describe('where names are looked for', () => {
  const cases: readonly (readonly [hosts: string, hostsFirst: boolean, dns: boolean])[] = [
    ['', true, true],
    ['files dns', true, true],
    ['files mdns4_minimal [NOTFOUND=return] dns', true, true],
    ['files myhostname dns # a comment', true, true],
    ['dns files', false, true],
    ['mymachines resolve [!UNAVAIL=return] files myhostname dns', true, false],
    ['files wins dns', true, false],
    ['files', true, false],
    ['files sss', true, false],
  ];
  for (const [hosts, hostsFirst, dns] of cases) {
    test(`hosts: ${hosts || 'nothing'}`, () => {
      const service = read(hosts);
      assert.deepEqual([service.hostsFirst, service.dns !== undefined], [hostsFirst, dns]);
    });
  }

  test('systemd-resolved is asked by its stub, if that is the only server', () => {
    const line = 'resolve [!UNAVAIL=return] dns';
    assert.ok(read(line, 'nameserver 127.0.0.53\noptions edns0').dns);
    assert.equal(read(line, 'nameserver 127.0.0.53\nnameserver 192.0.2.53').dns, undefined);
    assert.equal(read(line, '').dns, undefined);
  });

  test('resolv.conf(5)', () => {
    const resolv =
      'search a.example\nsearch b.example c.example. ; last\noptions ndots:3 timeout:7';
    const { dns } = read('files dns', `${resolv} attempts:9 rotate`);
    assert.deepEqual(dns, {
      search: ['b.example', 'c.example.'],
      ndots: 3,
      timeout: 7000,
      tries: 5,
      others: { short: false, local: false },
    });
    assert.deepEqual(read('files dns', '', 'host.corp.example').dns?.search, ['corp.example']);
    assert.deepEqual(read('files dns', 'domain d.example').dns?.search, ['d.example']);
  });
});

describe('names to ask the DNS for', () => {
  const setup = { ndots: 1, timeout: 1, tries: 1, search: ['corp.example.', 'example'] };
  const plain = { ...setup, others: { short: false, local: false } };
  const desktop = { ...setup, others: { short: true, local: true } };
  const cases = [
    [
      'www.example.com',
      plain,
      ['www.example.com', 'www.example.com.corp.example', 'www.example.com.example'],
    ],
    ['www', plain, ['www.corp.example', 'www.example', 'www']],
    ['www.example.com.', plain, ['www.example.com']],
    ['a.b', { ...plain, ndots: 2 }, ['a.b.corp.example', 'a.b.example', 'a.b']],
    [
      'printer.local',
      plain,
      ['printer.local', 'printer.local.corp.example', 'printer.local.example'],
    ],
    ['printer.local', desktop, []],
    ['printer.local.', desktop, []],
    ['www', desktop, []],
    ['machine.corp.example', desktop, []],
  ] as const;
  for (const [name, how, expected] of cases) {
    test(`${name}: ${expected.join(', ') || 'not the DNS'}`, () => {
      assert.deepEqual(dnsNames(name, how, 'machine.corp.example'), expected);
    });
  }
});
