import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inodesOf } from '#main/programs/linux.js';
import { MacFinder, parseLsof, parsePs } from '#main/programs/macos.js';
import { endpointKey, nameOf } from '#main/programs/program.js';
import { parseNetstat, parseTasklist, WindowsFinder } from '#main/programs/windows.js';

describe('ends of connections', () => {
  test('are the same in every notation', () => {
    for (const [host, key] of [
      ['127.0.0.1', '127.0.0.1:80'],
      ['::ffff:127.0.0.1', '127.0.0.1:80'],
      ['::FFFF:7f00:1', '127.0.0.1:80'],
      ['[::1]', '[0:0:0:0:0:0:0:1]:80'],
      ['0:0:0:0:0:0:0:1', '[0:0:0:0:0:0:0:1]:80'],
      ['fe80::1%eth0', '[fe80:0:0:0:0:0:0:1]:80'],
      ['2001:DB8::', '[2001:db8:0:0:0:0:0:0]:80'],
    ] as const) {
      assert.equal(endpointKey(host, 80), key, host);
    }
  });

  test('a program is called as its file, without what every program of Windows ends with', () => {
    const paths = ['/usr/bin/curl', 'C:\\Windows\\System32\\curl.EXE', 'chrome.exe', 'a b'];
    assert.deepEqual(paths.map(nameOf), ['curl', 'curl', 'chrome', 'a b']);
  });
});

describe('sockets of Linux', () => {
  // As a machine with little-endian words has it.
  const head =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  const line = (local: string, remote: string, inode: number) =>
    `   0: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0`;

  test('are found by their own end, where the other one is the server’s', { skip: isBig() }, () => {
    const table = [
      head,
      line('0100007F:C350', '0100007F:0438', 11),
      line('0100007F:0438', '0100007F:C350', 12),
      line('0100007F:C351', '0100007F:0438', 0),
      line('0100007F:C352', '0100007F:0050', 13),
      '',
    ].join('\n');
    const wanted = new Set(['127.0.0.1:50000', '127.0.0.1:50001', '127.0.0.1:50002']);
    assert.deepEqual([...inodesOf(table, wanted, new Set([1080]))], [['127.0.0.1:50000', '11']]);
  });

  test('of IPv6 as well, and of IPv4 by an IPv6 socket', { skip: isBig() }, () => {
    const table = [
      head,
      line('00000000000000000000000001000000:C350', '00000000000000000000000001000000:0438', 21),
      line('0000000000000000FFFF00000100007F:C351', '0000000000000000FFFF00000100007F:0438', 22),
    ].join('\n');
    const wanted = new Set([endpointKey('::1', 50000), '127.0.0.1:50001']);
    const found = inodesOf(table, wanted, new Set([1080]));
    assert.deepEqual(Object.fromEntries(found), {
      [endpointKey('::1', 50000)]: '21',
      '127.0.0.1:50001': '22',
    });
  });

  test('nonsense in the table is nobody', () => {
    for (const table of ['', 'x', `${head}\n:::\n`, `${head}\n 0: zz:C350 zz:0438 01 x`]) {
      assert.equal(inodesOf(table, new Set(['127.0.0.1:50000']), new Set([1080])).size, 0);
    }
  });
});

function isBig(): string | false {
  const [first] = new Uint8Array(new Uint16Array([1]).buffer);
  return first === 1 ? false : 'the table is one of a little-endian machine';
}

const client = (host: string, port: number) => ({ host, port });

describe('programs of macOS', () => {
  const LSOF = [
    'p501',
    'f23',
    'n127.0.0.1:50000->127.0.0.1:1080',
    'f24',
    'n[::1]:50001->[::1]:1080',
    'p777',
    'f8',
    'n*:1080',
    'f9',
    'n127.0.0.1:1080->127.0.0.1:50000',
    '',
  ].join('\n');
  const PS = [
    '  501 /Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '  777 /Applications/PicoSOCKS5.app/Contents/MacOS/PicoSOCKS5',
    '',
  ].join('\n');

  test('lsof and ps are read', () => {
    assert.deepEqual(Object.fromEntries(parseLsof(LSOF)), {
      '127.0.0.1:50000': 501,
      [endpointKey('::1', 50001)]: 501,
      '127.0.0.1:1080': 777,
    });
    const files = parsePs(PS);
    assert.equal(files.get(501), '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome');
  });

  test('are asked for all at once', async () => {
    const calls: string[] = [];
    const finder = new MacFinder(async (program, args) => {
      calls.push([program, ...args].join(' '));
      return program.endsWith('lsof') ? LSOF : PS;
    });
    const clients = [client('127.0.0.1', 50000), client('127.0.0.1', 1), client('::1', 50001)];
    const found = await finder.find(clients, new Set([1080, 1081]));
    const path = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
    const chrome = { name: 'Google Chrome', path, pid: 501 };
    assert.deepEqual(found, [chrome, undefined, chrome]);
    assert.deepEqual(calls, [
      '/usr/sbin/lsof -nP -iTCP:1080,1081 -F pn',
      '/bin/ps -o pid=,comm= -p 501',
    ]);
  });

  test('without lsof there are none', async () => {
    const finder = new MacFinder(async () => '');
    assert.deepEqual(await finder.find([client('127.0.0.1', 1)], new Set([1080])), [undefined]);
  });
});

describe('programs of Windows', () => {
  const NETSTAT = [
    '',
    'Aktive Verbindungen',
    '',
    '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
    '  TCP    0.0.0.0:1080           0.0.0.0:0              ABHÖREN          4242',
    '  TCP    127.0.0.1:50000        127.0.0.1:1080         HERGESTELLT      31337',
    '  TCP    127.0.0.1:1080         127.0.0.1:50000        HERGESTELLT      4242',
    '  TCP    127.0.0.1:50009        127.0.0.1:1080         WARTEND          0',
    '  TCP    127.0.0.1:50010        127.0.0.1:443          HERGESTELLT      31337',
    '  TCP    [::1]:50001            [::1]:1080             FIN WARTEN 2     99',
    '  UDP    0.0.0.0:5353           *:*                                     2104',
    '',
  ].join('\r\n');
  const TASKLIST = [
    '"System Idle Process","0","Services","0","8 K"',
    '"chrome.exe","31337","Console","1","123.456 K"',
    '"My ""own"".exe","99","Console","1","1 K"',
    '',
  ].join('\r\n');

  test('netstat and tasklist are read in any language', () => {
    assert.deepEqual(Object.fromEntries(parseNetstat(NETSTAT, new Set([1080]))), {
      '127.0.0.1:50000': 31337,
      [endpointKey('::1', 50001)]: 99,
    });
    assert.deepEqual([...parseTasklist(TASKLIST)].slice(1), [
      [31337, 'chrome.exe'],
      [99, 'My "own".exe'],
    ]);
  });

  test('names are asked for only where one is not known', async () => {
    const calls: string[] = [];
    const finder = new WindowsFinder(async (program, args) => {
      calls.push([program, ...args].join(' '));
      return program.includes('netstat') ? NETSTAT : TASKLIST;
    }, '/windows');
    const chrome = { name: 'chrome', path: '', pid: 31337 };
    const ports = new Set([1080]);
    assert.deepEqual(await finder.find([client('127.0.0.1', 50000)], ports), [chrome]);
    const both = [client('127.0.0.1', 50000), client('127.0.0.1', 50009)];
    assert.deepEqual(await finder.find(both, ports), [chrome, undefined]);
    assert.deepEqual(
      calls.map((call) => call.replaceAll('\\', '/')),
      [
        '/windows/System32/netstat.exe -ano',
        '/windows/System32/tasklist.exe /FO CSV /NH',
        '/windows/System32/netstat.exe -ano',
      ],
    );
  });
});
