import { type Disposable, messageOf, Sequence, UserError } from 'picosocks5';
import type { ProfileChange, ProfilesState, SettingKey } from '../ipc/contract.js';
import { carryOut } from '../settings/change.js';
import type { StoredProfile } from '../settings/file.js';
import type { Settings } from '../settings/store.js';
import { text } from '../words/words.js';
import { checkNetwork, isIn, type NetworkFacts, rulesFor } from './networks.js';

/** How many profiles there can be, and networks of one. */
const MAX_PROFILES = 50;
const MAX_NETWORKS = 50;
const MAX_NAME = 50;

interface Parts {
  readonly settings: Settings;
  /** Gives the server all settings. @throws {UserError} if it cannot take them; it runs on as it was. */
  readonly apply: () => Promise<void>;
  /** In which network the computer is. */
  readonly probe: () => Promise<NetworkFacts>;
  /** Tells the user of a switch that nobody has asked for, in a sentence. */
  readonly tell: (message: string) => void;
  readonly complain: (message: string) => void;
}

/** Profiles as the window shows them. */
export function profilesState({ profiles, profile }: Settings): ProfilesState {
  return {
    profiles: profiles.map(({ name, settings, networks }) => {
      return { name, networks, differs: Object.keys(settings) as SettingKey[] };
    }),
    active: profile?.name,
  };
}

/**
 * Named sets of settings that differ, which are switched by hand or by the network that the computer
 * is in. Changes wait for each other.
 */
export class DesktopProfiles implements Disposable {
  readonly #parts: Parts;
  readonly #deleted = new Map<string, { readonly profile: StoredProfile; readonly at: number }>();
  readonly #changes = new Sequence();
  /** The profile that the network has chosen: who chooses another by hand is left alone. */
  #byNetwork: string | undefined;
  /** What the network was when it was looked at last. */
  #network: string | undefined;
  #ended = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    // What was chosen by hand in the run before is not known: one that goes by networks does so.
    const { profile } = parts.settings;
    if (profile !== undefined && profile.networks.length > 0) this.#byNetwork = profile.name;
  }

  /**
   * Uses a profile, or none.
   *
   * @throws {UserError} if the server cannot take all of it: then nothing is changed.
   */
  use(name: string | undefined): Promise<void> {
    return this.#next(async () => {
      await this.#use(name);
      this.#byNetwork = undefined;
    });
  }

  /** Adds one in which nothing differs yet, and uses it. @throws {UserError} */
  add(typed: string): Promise<void> {
    return this.#next(async () => {
      const { settings } = this.#parts;
      const { profiles } = settings;
      const name = this.#checked(typed, profiles);
      if (profiles.length >= MAX_PROFILES) throw new UserError(text('profiles.tooMany'));
      settings.replace({ profiles: [...profiles, { name, settings: {}, networks: [] }] });
      this.#deleted.delete(name);
      await this.#use(name);
      this.#byNetwork = undefined;
    });
  }

  /** @throws {UserError} if the name or a network cannot be used. */
  update({ name, newName: typed = name, networks }: ProfileChange): Promise<void> {
    return this.#next(async () => {
      const { settings } = this.#parts;
      const before = this.#find(name);
      const others = settings.profiles.filter((one) => one !== before);
      const newName = typed === name ? name : this.#checked(typed, others);
      for (const rule of networks ?? []) checkNetwork(rule);
      const kept = [...new Set(networks ?? before.networks)].slice(0, MAX_NETWORKS);
      const changed = { ...before, name: newName, networks: kept };
      const profiles = settings.profiles.map((one) => (one === before ? changed : one));
      const isActive = settings.profile === before;
      settings.replace({ profiles, ...(isActive && { profile: newName }) });
      if (this.#byNetwork === name) this.#byNetwork = newName;
      if (networks !== undefined) this.#network = undefined;
    }).then(() => this.networkChanged());
  }

  /** @throws {UserError} if the server cannot do without it: then nothing is changed. */
  delete(name: string): Promise<void> {
    return this.#next(async () => {
      const { settings } = this.#parts;
      const profile = this.#find(name);
      if (settings.profile === profile) await this.#use(undefined);
      const at = settings.profiles.findIndex((one) => one.name === name);
      settings.replace({ profiles: settings.profiles.filter((one) => one.name !== name) });
      this.#deleted.set(name, { profile, at });
    });
  }

  /** @throws {UserError} if it was not deleted, or there is another one of its name. */
  restore(name: string): Promise<void> {
    return this.#next(async () => {
      const deleted = this.#deleted.get(name);
      if (deleted === undefined) throw new UserError(text('profiles.cannotRestore', { name }));
      const { profile, at } = deleted;
      const { settings } = this.#parts;
      this.#checked(name, settings.profiles);
      settings.replace({ profiles: settings.profiles.toSpliced(at, 0, profile) });
      this.#deleted.delete(name);
    });
  }

  /** @throws {UserError} if no profile is in use, or the server cannot take what is of all. */
  differ(key: SettingKey, differs: boolean): Promise<void> {
    return this.#next(async () => {
      const { settings, apply } = this.#parts;
      await carryOut(settings, { profiles: settings.differing(key, differs) }, apply);
    });
  }

  /** Rules for the network that the computer is in, the surest one first. */
  async network(): Promise<string[]> {
    return rulesFor(await this.#parts.probe());
  }

  /**
   * Looks in which network the computer is, if a profile goes by that, and uses the first one that
   * is for it; in one that none is for, what another network has chosen is in use no more. Never
   * throws.
   */
  networkChanged(): Promise<void> {
    return this.#next(async () => {
      const { settings, probe, tell, complain } = this.#parts;
      if (this.#ended || !settings.profiles.some(({ networks }) => networks.length > 0)) return;
      const facts = await probe();
      // Between two networks the one before counts.
      if (facts.gateway === undefined && facts.addresses.length === 0) return;
      const network = JSON.stringify(facts);
      // Who has chosen another profile in this network is left alone until it is another one.
      if (network === this.#network) return;
      this.#network = network;
      const wanted = settings.profiles.find(({ networks }) =>
        networks.some((rule) => isIn(facts, rule)),
      );
      const active = settings.profile?.name;
      if (wanted === undefined && (active === undefined || active !== this.#byNetwork)) return;
      const name = wanted?.name;
      const rule = wanted?.networks.find((one) => isIn(facts, one)) ?? '';
      try {
        if (name !== active) await this.#use(name);
        this.#byNetwork = name;
      } catch (error) {
        complain(messageOf(error));
        return;
      }
      if (name === active) return;
      if (name === undefined) tell(text('profiles.left', { name: active ?? '' }));
      else tell(text('profiles.switched', { name, rule }));
    });
  }

  dispose(): void {
    this.#ended = true;
  }

  async #use(name: string | undefined): Promise<void> {
    const { settings, apply } = this.#parts;
    if (name !== undefined) this.#check(this.#find(name));
    const before = settings.kept.profile;
    if (before === (name ?? '')) return;
    try {
      await carryOut(settings, { profile: name ?? '' }, apply);
    } catch (error) {
      const problem = messageOf(error);
      throw new UserError(
        name === undefined
          ? text('profiles.cannotLeave', { name: before, problem })
          : text('profiles.cannotUse', { name, problem }),
      );
    }
  }

  /** @throws {UserError} if a value of a profile cannot be used any more, such as a way out. */
  #check({ name, settings: own }: StoredProfile): void {
    const { settings } = this.#parts;
    for (const [key, value] of Object.entries(own) as [SettingKey, never][]) {
      try {
        settings.check({ key, value });
      } catch (error) {
        throw new UserError(text('profiles.cannotUse', { name, problem: messageOf(error) }));
      }
    }
  }

  #find(name: string): StoredProfile {
    const profile = this.#parts.settings.profiles.find((one) => one.name === name);
    if (profile === undefined) throw new UserError(text('profiles.noSuch', { name }));
    return profile;
  }

  /** A name that a profile can have. @throws {UserError} if it is none, or another one has it. */
  #checked(typed: string, others: readonly StoredProfile[]): string {
    const name = typed.trim();
    checkProfileName(name);
    const isTaken = others.some((one) => one.name.toLowerCase() === name.toLowerCase());
    if (isTaken) throw new UserError(text('profiles.taken', { name }));
    return name;
  }

  #next<T>(action: () => Promise<T>): Promise<T> {
    return this.#changes.run(action);
  }
}

/** @throws {UserError} if a text cannot be the name of a profile. */
export function checkProfileName(name: string): void {
  const isOne = name !== '' && name === name.trim() && name.length <= MAX_NAME;
  if (!isOne || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) {
    throw new UserError(text('profiles.badName'));
  }
}
