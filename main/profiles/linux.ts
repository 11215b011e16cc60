import { hardwareAddress, type NetworkFacts } from './networks.js';
import { factsOf, find, findAll, type System } from './system.js';

/** What iproute2, NetworkManager and resolv.conf(5) say. */
export async function probeLinux(system: System): Promise<NetworkFacts> {
  const routes = await system.run('ip', 'route', 'show', 'default');
  const route =
    routes.trim() === '' ? await system.run('ip', '-6', 'route', 'show', 'default') : routes;
  const device = find(route, /\bdev (\S+)/);
  const gateway = find(route, /\bvia (\S+)/);
  const [neighbor, addresses, wireless, resolver] = await Promise.all([
    device !== undefined && gateway !== undefined ? neighborOf(system, gateway, device) : undefined,
    device === undefined
      ? ''
      : system.run('ip', '-o', 'address', 'show', 'dev', device, 'scope', 'global'),
    system.run('nmcli', '-t', '-f', 'ACTIVE,SSID', 'device', 'wifi', 'list', '--rescan', 'no'),
    system.read('/etc/resolv.conf'),
  ]);
  const wifi = find(wireless, /^yes:(.*)$/m)?.replace(/\\(.)/g, '$1');
  const domains = findAll(resolver, /^\s*(?:search|domain)\s+(.*)$/gm).flatMap((line) =>
    line.split(/\s+/).filter((domain) => domain !== '.'),
  );
  return factsOf(neighbor, wifi, domains, findAll(addresses, /\binet6? (\S+\/\d+)/g));
}

/** The gateway's hardware address: where nothing was sent to it yet, it has to be asked for first. */
async function neighborOf(
  system: System,
  gateway: string,
  device: string,
): Promise<string | undefined> {
  const look = async () => {
    const entry = await system.run('ip', 'neighbor', 'show', gateway, 'dev', device);
    return hardwareAddress(find(entry, /\blladdr (\S+)/) ?? '');
  };
  const known = await look();
  if (known !== undefined) return known;
  await system.run('ping', '-c', '1', '-W', '1', gateway);
  return look();
}
