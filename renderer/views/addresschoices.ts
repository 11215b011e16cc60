import {
  type InterfaceAddress,
  type SettingDescriptor,
  THIS_COMPUTER,
  UNKNOWN_PLACE,
} from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';

/** A value to pick, and what it is called. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Whose address one is, in words: an interface's name is one. */
export function placeName(place: string): string {
  if (place === THIS_COMPUTER) return text('common.thisComputer');
  return place === UNKNOWN_PLACE ? text('common.anAddress') : place;
}

/** What of this computer may be picked for a setting that is an address. */
export function addressChoices(
  pick: NonNullable<SettingDescriptor['pick']>,
  addresses: readonly InterfaceAddress[],
): readonly Choice[] {
  const all = { value: '*', label: text('overview.everybody') };
  const external = addresses.filter((item) => item.interface !== THIS_COMPUTER);
  const interfaces = [...new Set(external.map((item) => item.interface))].map((name) => ({
    value: `@${name}`,
    label: text('overview.itsAddress', { name }),
  }));
  const ofAddresses = (some: readonly InterfaceAddress[]) =>
    some.map((item) => ({
      value: item.address,
      label: `${item.address} (${placeName(item.interface)})`,
    }));
  switch (pick) {
    case 'address':
      return [all, ...ofAddresses(addresses)];
    case 'network':
      return [all, ...interfaces, ...ofAddresses(external)];
    case 'external':
      return [
        { value: '', label: text('overview.automatic') },
        ...interfaces,
        ...ofAddresses(addresses),
      ];
  }
}
