import { hardwareAddress, type NetworkFacts } from './networks.js';
import { factsOf, find, findAll, type System } from './system.js';

/** What route(8), arp(8), ipconfig(8), networksetup(8) and scutil(8) say. */
export async function probeMac(system: System): Promise<NetworkFacts> {
  const route = await system.run('/sbin/route', '-n', 'get', 'default');
  const device = find(route, /^\s*interface: (\S+)/m);
  const gateway = find(route, /^\s*gateway: (\S+)/m);
  const [arp, summary, wireless, interfaces, resolver] = await Promise.all([
    gateway === undefined ? '' : system.run('/usr/sbin/arp', '-n', gateway),
    device === undefined ? '' : system.run('/usr/sbin/ipconfig', 'getsummary', device),
    device === undefined ? '' : system.run('/usr/sbin/networksetup', '-getairportnetwork', device),
    device === undefined ? '' : system.run('/sbin/ifconfig', device),
    system.run('/usr/sbin/scutil', '--dns'),
  ]);
  // Where a program may not know the place of the computer, the name is kept from it.
  const names = [find(summary, /^\s*SSID : (.*)$/m), find(wireless, /Network: (.*)$/m)];
  const wifi = names.find((name) => name !== undefined && !/^<redacted>$/.test(name));
  const addresses = Array.from(
    interfaces.matchAll(/^\s*inet (\S+) netmask 0x([0-9a-f]{8})/gm),
    ([, address = '', mask = '']) => `${address}/${prefixOf(mask)}`,
  );
  const [first = ''] = resolver.split(/^DNS configuration \(for scoped/m);
  const domains = findAll(first, /^\s*(?:search domain\[\d+\]|domain)\s*: (\S+)/gm);
  const isOfSystem = (domain: string) => /^local$|\.arpa$/.test(domain);
  return factsOf(
    hardwareAddress(find(arp, /\bat (\S+) on/) ?? ''),
    wifi,
    domains.filter((domain) => !isOfSystem(domain)),
    addresses,
  );
}

/** The length of a prefix that is written as a mask in hexadecimal. */
function prefixOf(mask: string): number {
  return Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length;
}
