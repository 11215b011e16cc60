import { AccessCheck } from '../access/accesscheck.js';
import { Balancers } from '../access/balancers.js';
import type { AccessPolicy } from '../access/policy.js';
import type { CredentialChecker } from '../auth/method.js';
import type { PasswordChecker } from '../auth/passwords.js';
import type { Users } from '../auth/users.js';
import { UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import { DEFAULT_LISTENER } from '../config/listeners.js';
import type { LoadedListener, State } from '../config/loaded.js';
import type { Registries } from '../extensions/registries.js';
import { startupLimit } from '../limits/startups.js';
import type { EventStream } from '../log/events.js';
import type { Listener, ListenerLimit } from '../session/listener.js';
import type { SessionSettings } from '../session/settings.js';
import type { Limits } from '../session/usage.js';
import { ANY_PORT, type PortRange, parsePortRange } from '../transport/ports.js';

/** What all listeners of a server have in common. */
export interface ListenerParts extends Limits {
  readonly registries: Registries;
  readonly passwords: PasswordChecker;
  readonly events: EventStream;
  /** How many processes serve. */
  readonly processes: number;
  /** Told of the system's errors behind refusals. */
  trouble(error: unknown): void;
}

/** Who decides about a listener's clients: by what is in force, whenever they have come. */
class Doorkeeper {
  readonly access: AccessCheck;
  readonly passwords: CredentialChecker;
  #users: Users;

  constructor({ registries, passwords, events }: ListenerParts, { users }: LoadedListener) {
    this.access = new AccessCheck(registries.accessPolicies, (message) => events.warn(message));
    this.passwords = passwords.of(() => this.#users);
    this.#users = users;
  }

  update({ rules, users }: { readonly rules: AccessPolicy; readonly users: Users }): void {
    this.access.rules = rules;
    this.#users = users;
  }
}

/** The listeners of a server. */
export class Listeners {
  readonly #parts: ListenerParts;
  #doorkeepers: ReadonlyMap<string, Doorkeeper> = new Map();

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  /** Those that options describe, each with how it serves. What they say is in force from now on. */
  use(state: State): Listener[] {
    const before = this.#doorkeepers;
    const doorkeepers = new Map<string, Doorkeeper>();
    const tellsListener = state.listeners.length > 1;
    const listeners = state.listeners.map((listener): Listener => {
      const { name, options } = listener;
      const doorkeeper = before.get(name) ?? new Doorkeeper(this.#parts, listener);
      doorkeeper.update(listener);
      doorkeepers.set(name, doorkeeper);
      const settings = settingsOf(listener, state, this.#parts, doorkeeper);
      const counted = name === DEFAULT_LISTENER ? {} : { limit: this.#limitOf(listener) };
      const balancers = new Balancers(options.proxyProtocol);
      const { layers } = listener;
      const served = {
        settings: { ...settings, listener: name, tellsListener, layers },
        balancers,
      };
      return { name, ...served, ...counted };
    });
    this.#doorkeepers = doorkeepers;
    return listeners;
  }

  /** Who is asked what clients of a listener may do, which is in use. */
  accessOf(name: string): AccessCheck {
    return (this.#doorkeepers.get(name) as Doorkeeper).access;
  }

  /** Its clients are counted without a limit as well: there may be one after a reload. */
  #limitOf({
    name,
    own: { maxconn = 0 },
    options: { maxStartups },
  }: LoadedListener): ListenerLimit {
    const { counter, processes } = this.#parts;
    const startups = startupLimit(maxStartups, maxconn, processes);
    return { wanted: counter.ofListener(name, maxconn), startups };
  }
}

/**
 * Finds a listener by its name.
 *
 * @param name the one without a section, or the only one, if left out.
 * @throws {UserError} if there is no such listener.
 */
export function findListener({ listeners }: State, name: string | undefined): LoadedListener {
  const [only, another] = listeners;
  if (name === undefined && only !== undefined && another === undefined) return only;
  const wanted = name ?? DEFAULT_LISTENER;
  const found = listeners.find((listener) => listener.name === wanted);
  if (found !== undefined) return found;
  const names = listeners.map((listener) => listener.name);
  const what = name === undefined ? 'no listener is named' : `there is no listener "${name}"`;
  const hint = name === undefined ? '' : didYouMean(name, names);
  throw new UserError(`${what}; expected one of ${names.join(', ')}${hint}`);
}

function settingsOf(
  { options, users, from, resolver }: LoadedListener,
  { external, advertised, routes }: State,
  { registries, passwords: _, processes: __, ...parts }: ListenerParts,
  { access, passwords }: Doorkeeper,
): Omit<SessionSettings, 'listener' | 'tellsListener' | 'layers'> {
  return {
    ...parts,
    access,
    resolver,
    dialects: registries.dialects,
    methods: registries.authenticationMethods,
    authentication: { anonymous: options.anonymous || !users.configured, users, passwords },
    socks4: options.socks4,
    http: options.http,
    handshakeTimeout: shorter(options.handshakeTimeout, options.timeout) * 1000,
    idleTimeout: options.timeout * 1000,
    commands: {
      routes,
      from,
      prefer: options.prefer,
      warn: (message) => parts.events.warn(message),
      connectTimeout: options.connectTimeout * 1000,
      bindTimeout: options.bindTimeout * 1000,
      udpTimeout: options.udpTimeout * 1000,
      external,
      advertised,
      bindPorts: portsOf(options.bindPorts),
      udpPorts: portsOf(options.udpPorts),
    },
  };
}

/** The shorter of two times; 0 is no limit. */
function shorter(a: number, b: number): number {
  return a === 0 || b === 0 ? Math.max(a, b) : Math.min(a, b);
}

function portsOf(text: string | undefined): PortRange {
  return text === undefined ? ANY_PORT : parsePortRange(text);
}
