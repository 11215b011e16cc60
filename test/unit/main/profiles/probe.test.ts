import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { probeNetwork, SYSTEM } from '#main/profiles/probe.js';
import type { System } from '#main/profiles/system.js';
import { unlessStage } from '../../../support/stage.js';

/** A system that answers what was recorded, by the beginnings of what it is asked. */
function recorded(answers: Readonly<Record<string, string>>, files = ''): System {
  return {
    async run(...command) {
      const asked = command.join(' ');
      const known = Object.keys(answers).find((beginning) => asked.startsWith(beginning));
      return known === undefined ? '' : (answers[known] ?? '');
    },
    read: async () => files,
  };
}

describe('in which network the computer is', () => {
  test('Linux, with NetworkManager', async () => {
    const system = recorded(
      {
        'ip route show default':
          'default via 192.168.1.1 dev wlp2s0 proto dhcp src 192.168.1.23 metric 600 \n',
        'ip neighbor show 192.168.1.1 dev wlp2s0':
          '192.168.1.1 lladdr 52:54:00:AB:cd:01 REACHABLE \n',
        'ip -o address show dev wlp2s0':
          '3: wlp2s0    inet 192.168.1.23/24 brd 192.168.1.255 scope global dynamic noprefixroute wlp2s0\n' +
          '3: wlp2s0    inet6 2001:db8::23/64 scope global dynamic \n',
        'nmcli -t': 'no:Other\nyes:My\\: Home\nno:My Home\n',
      },
      '# made by systemd-resolved\nnameserver 127.0.0.53\nsearch Corp.Example. lab.corp.example\n',
    );
    assert.deepEqual(await probeNetwork(system, 'linux'), {
      gateway: '52:54:00:ab:cd:01',
      wifi: 'My: Home',
      domains: ['corp.example', 'lab.corp.example'],
      addresses: ['192.168.1.23/24', '2001:db8::23/64'],
    });
  });

  test('Linux, with nothing that could be asked', async () => {
    const nothing = { domains: [], addresses: [] };
    assert.deepEqual(await probeNetwork(recorded({}), 'linux'), nothing);
    assert.deepEqual(await probeNetwork(recorded({}), 'freebsd'), nothing);
  });

  test('macOS', async () => {
    const system = recorded({
      '/sbin/route -n get default':
        '   route to: default\ndestination: default\n       mask: default\n    gateway: 10.0.1.1\n' +
        '  interface: en0\n      flags: <UP,GATEWAY,DONE,STATIC,PRCLONING,GLOBAL>\n',
      '/usr/sbin/arp -n 10.0.1.1': '? (10.0.1.1) at 0:1b:63:a:b:c on en0 ifscope [ethernet]\n',
      '/usr/sbin/ipconfig getsummary en0':
        '<dictionary> {\n  BSSID : <redacted>\n  InterfaceType : WiFi\n  SSID : <redacted>\n}\n',
      '/usr/sbin/networksetup -getairportnetwork en0': 'Current Wi-Fi Network: Corp Guest\n',
      '/sbin/ifconfig en0':
        'en0: flags=8863<UP,BROADCAST> mtu 1500\n\tether f0:18:98:00:00:01\n' +
        '\tinet6 fe80::1%en0 prefixlen 64 secured scopeid 0x6\n' +
        '\tinet 10.0.1.7 netmask 0xfffffe00 broadcast 10.0.1.255\n',
      '/usr/sbin/scutil --dns':
        'DNS configuration\n\nresolver #1\n  search domain[0] : corp.example\n  nameserver[0] : 10.0.1.1\n' +
        'resolver #2\n  domain   : local\n  options  : mdns\nresolver #3\n' +
        '  domain   : 254.169.in-addr.arpa\n\nDNS configuration (for scoped queries)\n\n' +
        'resolver #1\n  search domain[0] : other.example\n',
    });
    assert.deepEqual(await probeNetwork(system, 'darwin'), {
      gateway: '00:1b:63:0a:0b:0c',
      wifi: 'Corp Guest',
      domains: ['corp.example'],
      addresses: ['10.0.1.7/23'],
    });
  });

  test('Windows, whatever language it speaks', async () => {
    const facts = {
      gateway: '00-1B-63-0A-0B-0C',
      addresses: ['172.16.3.9/20', 'fe80::9%12/64'],
      domains: ['ad.corp.example', '', null],
    };
    const system = recorded({
      'powershell.exe -NoProfile': JSON.stringify(facts),
      'netsh.exe wlan show interfaces':
        '\r\n    Name                   : WLAN\r\n    Status                 : Verbunden\r\n' +
        '    SSID                   : Büro 5G\r\n    BSSID                  : aa:bb:cc:dd:ee:ff\r\n',
    });
    assert.deepEqual(await probeNetwork(system, 'win32'), {
      gateway: '00:1b:63:0a:0b:0c',
      wifi: 'Büro 5G',
      domains: ['ad.corp.example'],
      addresses: ['172.16.3.9/20', 'fe80::9%12/64'],
    });
    const silent = await probeNetwork(recorded({ 'powershell.exe': 'no JSON' }), 'win32');
    assert.deepEqual(silent, { domains: [], addresses: [] });
  });

  test('really, in a network of its own', { skip: unlessStage() }, async () => {
    // The computer is at one end of a cable, its gateway at the other.
    const script = `
      ip link add name cable type veth peer name gateway
      ip address add 10.77.0.2/24 dev cable && ip link set cable up && ip link set gateway up
      ip neighbor add 10.77.0.1 lladdr 02:00:00:00:77:01 dev cable
      ip route add default via 10.77.0.1 dev cable
      exec "$@"`;
    const system: System = {
      ...SYSTEM,
      run: async (program, ...args) => {
        const inside = ['--net', 'sh', '-ec', script, 'sh', program, ...args];
        return spawnSync('unshare', inside, { encoding: 'utf8' }).stdout;
      },
      read: async () => 'search corp.example\n',
    };
    const { wifi: _any, ...facts } = await probeNetwork(system, 'linux');
    assert.deepEqual(facts, {
      gateway: '02:00:00:00:77:01',
      domains: ['corp.example'],
      addresses: ['10.77.0.2/24'],
    });
  });
});
