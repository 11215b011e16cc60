import type { InterfaceAddress, SettingDescriptor } from '../../main/ipc/contract.js';

/** A value to pick, and what it is called. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** What of this computer may be picked for a setting that is an address. */
export function addressChoices(
  pick: NonNullable<SettingDescriptor['pick']>,
  addresses: readonly InterfaceAddress[],
): readonly Choice[] {
  const all = { value: '*', label: '* (everybody who can reach this computer)' };
  const external = addresses.filter((item) => item.interface !== 'this computer');
  const interfaces = [...new Set(external.map((item) => item.interface))].map((name) => ({
    value: `@${name}`,
    label: `@${name} (its address, whatever it is)`,
  }));
  const ofAddresses = (some: readonly InterfaceAddress[]) =>
    some.map((item) => ({ value: item.address, label: `${item.address} (${item.interface})` }));
  switch (pick) {
    case 'address':
      return [all, ...ofAddresses(addresses)];
    case 'network':
      return [all, ...interfaces, ...ofAddresses(external)];
    case 'external':
      return [{ value: '', label: 'automatic' }, ...interfaces, ...ofAddresses(addresses)];
  }
}
