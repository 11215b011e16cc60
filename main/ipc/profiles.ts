/** What window and main process say to each other of profiles: a part of the contract. */
import type { SettingKey } from './contract.js';

/** A named set of settings that differ while it is in use. */
export interface Profile {
  readonly name: string;
  /** The keys of the settings that have a value of their own in it. */
  readonly differs: readonly SettingKey[];
  /** Networks in which it is used by itself: `gateway:MAC`, `wifi:NAME`, `domain:SUFFIX`, `subnet:CIDR`. */
  readonly networks: readonly string[];
}

export interface ProfilesState {
  readonly profiles: readonly Profile[];
  /** The name of the one that is in use; undefined: none. */
  readonly active: string | undefined;
}

/** A change of a profile; what is left out stays. */
export interface ProfileChange {
  readonly name: string;
  readonly newName?: string;
  readonly networks?: readonly string[];
}

export interface ProfileRequests {
  /**
   * Uses a profile, or none: the server takes all of it, or nothing is changed; connections that
   * need not end go on.
   */
  'profiles.use'(name: string | undefined): void;
  /** Adds a profile in which nothing differs yet, and uses it. */
  'profiles.add'(name: string): void;
  'profiles.update'(change: ProfileChange): void;
  /** Deletes one, which can be restored until the app ends. */
  'profiles.delete'(name: string): void;
  'profiles.restore'(name: string): void;
  /** Gives the profile that is in use a value of its own for a setting, or takes it away. */
  'profiles.differ'(change: { readonly key: SettingKey; readonly differs: boolean }): void;
  /** @returns rules for the network that the computer is in, the surest one first. */
  'profiles.network'(): string[];
}
