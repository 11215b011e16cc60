import { networkInterfaces } from 'node:os';
import type { Interfaces } from './endpoints.js';

/** How often the interfaces are looked at, ms: systems tell programs of changes in too many ways. */
const PERIOD = 3000;

function fingerprint(interfaces: Interfaces): string {
  const addresses = Object.entries(interfaces).flatMap(([name, list = []]) =>
    list.map(({ address }) => `${name} ${address}`),
  );
  return addresses.sort().join('\n');
}

/** Calls back when the machine's addresses have changed. */
export function watchNetwork(
  changed: () => void,
  { interfaces = networkInterfaces, period = PERIOD } = {},
): { check: () => void; dispose: () => void } {
  let last = fingerprint(interfaces());
  const check = () => {
    const now = fingerprint(interfaces());
    if (now === last) return;
    last = now;
    changed();
  };
  const timer = setInterval(check, period);
  return { check, dispose: () => clearInterval(timer) };
}
