import type { Socket } from 'node:net';
import { AccessRules, type GroupRules, type RuleSet } from './access/accessrules.js';
import { ConnectionCounter, type ConnectionLimits } from './access/limits.js';
import { isLoopback } from './access/network.js';
import { firstDenial } from './access/policy.js';
import { parseNetworkRule, parseRequestRule, resolveRule } from './access/rules.js';
import { CryptPool } from './auth/crypt/pool.js';
import { Lockout } from './auth/lockout.js';
import type { Authentication } from './auth/method.js';
import { passwordFileFormat } from './auth/passwordfile.js';
import { PasswordChecker } from './auth/passwords.js';
import type { AuthenticationSource } from './auth/source.js';
import { Users } from './auth/users.js';
import {
  type CheckedOptions,
  checkServerOptions,
  type GroupOptions,
  type ServerOptions,
} from './config/options.js';
import type { Disposable } from './disposable.js';
import { codeOf, UserError } from './errors.js';
import { type CloseReason, type ConnectionInfo, EventStream, type ServerEvent } from './events.js';
import { createRegistries, type Registries } from './extensions/registries.js';
import { resolveFamilies } from './net/external.js';
import {
  type ListenAddress,
  Listener,
  resolveListenAddresses,
  sameAddress,
} from './net/listener.js';
import { ANY_PORT, type PortRange, parsePortRange } from './net/ports.js';
import { Resolver } from './net/resolve.js';
import { remoteAddress } from './net/socketaddress.js';
import { type Address, formatAddress } from './protocol/address.js';
import { parseIP } from './protocol/ip.js';
import { Session, type SessionHost } from './session/session.js';

/** How often idle connections are looked for, ms. */
const CLOCK = 1000;

/** What the options say, ready for use. It is replaced as a whole when they are read again. */
interface State {
  readonly users: Users;
  readonly rules: AccessRules;
  readonly limits: ConnectionLimits;
  readonly addresses: readonly ListenAddress[];
  readonly host: SessionHost;
}

/** A SOCKS server. */
export class Server {
  /** What it can do: register more before `listen()` or while it runs. */
  readonly registries: Registries;
  readonly #events: EventStream;
  readonly #resolver = new Resolver();
  readonly #pool = new CryptPool();
  readonly #counter: ConnectionCounter;
  readonly #lockout: Lockout;
  readonly #passwords: PasswordChecker;
  readonly #sessions = new Map<number, Session>();
  #options: CheckedOptions;
  #state: State | undefined;
  #listeners: readonly Listener[] = [];
  #clock: NodeJS.Timeout | undefined;
  #lastId = 0;
  #lastListener = 0;
  /** Called when the last session is over. */
  #onEmpty: (() => void) | undefined;

  /** @throws {UserError} naming the option that is wrong. */
  constructor(options: ServerOptions = {}, registries: Registries = createRegistries()) {
    this.#options = checkServerOptions(options);
    this.registries = registries;
    this.#events = new EventStream(registries.eventSinks);
    this.#counter = new ConnectionCounter(limitsOf(this.#options));
    this.#lockout = new Lockout(lockoutOf(this.#options));
    this.#passwords = new PasswordChecker(new Users([]), this.#lockout, this.#pool);
    registries.authenticationSources.register(passwordFileFormat(this.#pool));
    registries.accessPolicies.register({
      id: 'rules',
      accept: (client) => this.#state?.rules.accept(client),
      admit: (client) => this.#state?.rules.admit(client),
      permit: (client, command) => this.#state?.rules.permit(client, command),
      judge: (request) => this.#state?.rules.judge(request),
    });
  }

  /** Where it listens. */
  get addresses(): readonly Address[] {
    return this.#listeners.map(({ address }) => address);
  }

  /**
   * Reads users and rules, and listens.
   *
   * @throws {UserError} if an option, a file or an address cannot be used, or if it would be open
   *   to everybody without `anonymous`.
   */
  async listen(): Promise<readonly Address[]> {
    if (this.#state !== undefined) throw new UserError('the server listens already');
    const state = await this.#load(this.#options);
    const listeners = await this.#open(state.addresses);
    this.#use(this.#options, state);
    this.#listeners = listeners;
    for (const { address } of listeners) this.#tellAddress('listening', address);
    this.#clock = setInterval(() => this.#checkIdle(), CLOCK).unref();
    return this.addresses;
  }

  /**
   * Takes new options, and reads users and rules again. Connections go on: those that are made
   * from now on are judged anew. If anything is wrong, nothing changes.
   *
   * @param options what is new; without it, the files of the present options are read again.
   * @throws as `listen()` does.
   */
  async reload(options: ServerOptions = this.#options): Promise<void> {
    if (this.#state === undefined) throw new UserError('the server does not listen');
    const checked = checkServerOptions(options);
    const state = await this.#load(checked);
    await this.#moveTo(state.addresses);
    this.#use(checked, state);
    this.#events.emit({ type: 'reloaded', time: Date.now() });
  }

  /**
   * Stops: accepts nobody any more, and lets connections finish.
   *
   * @param grace how long connections have to finish, seconds; then they are closed.
   */
  async close(grace = 0): Promise<void> {
    for (const listener of this.#listeners) this.#closeListener(listener);
    this.#listeners = [];
    if (this.#sessions.size > 0) {
      const empty = new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
      const timer = setTimeout(() => {
        for (const session of this.#sessions.values()) session.end('shutdown');
      }, grace * 1000);
      await empty;
      clearTimeout(timer);
    }
    clearInterval(this.#clock);
    this.#state?.users.dispose();
    this.#state = undefined;
    await this.#passwords.close();
  }

  /** The connections of this moment. */
  connections(): ConnectionInfo[] {
    return [...this.#sessions.values()].map((session) => session.info());
  }

  /** Ends a connection. @returns false if there is none of that id. */
  disconnect(id: number): boolean {
    const session = this.#sessions.get(id);
    session?.end('disconnected');
    return session !== undefined;
  }

  /** Reads the events of this server until the result is disposed. */
  onEvent(listener: (event: ServerEvent) => void): Disposable {
    this.#lastListener++;
    const id = `listener ${this.#lastListener}`;
    return this.registries.eventSinks.register({ id, handle: listener });
  }

  async #load(options: CheckedOptions): Promise<State> {
    const users = new Users(await this.#openSources(options.auth));
    const rules = await this.#loadRules(options);
    const addresses = await resolveListenAddresses(options.listen, this.#resolver);
    const open = addresses.find(({ host }) => !isLoopback(parseIP(host) ?? new Uint8Array()));
    if (open !== undefined && !users.configured && !options.anonymous) {
      throw new UserError(
        `refusing to listen on ${formatAddress(open)} without users: everybody who can reach it ` +
          'could use the proxy; name users with --auth FILE, or allow it with --anonymous',
      );
    }
    const authentication: Authentication = {
      anonymous: options.anonymous || !users.configured,
      users,
      passwords: this.#passwords,
    };
    const host: SessionHost = {
      methods: this.registries.authenticationMethods,
      policies: this.registries.accessPolicies,
      authentication,
      socks4: options.socks4,
      resolver: this.#resolver,
      handshakeTimeout: options.handshakeTimeout * 1000,
      idleTimeout: options.timeout * 1000,
      commands: {
        connectors: this.registries.connectors,
        connectTimeout: options.connectTimeout * 1000,
        bindTimeout: options.bindTimeout * 1000,
        udpTimeout: options.udpTimeout * 1000,
        external: await resolveFamilies('bind', options.bind, this.#resolver),
        advertised: await resolveFamilies('advertise', options.advertise, this.#resolver),
        bindPorts: portsOf(options.bindPorts),
        udpPorts: portsOf(options.udpPorts),
      },
      counter: this.#counter,
      events: this.#events,
    };
    return { users, rules, limits: limitsOf(options), addresses, host };
  }

  async #openSources(auth: readonly string[]): Promise<AuthenticationSource[]> {
    const formats = this.registries.authenticationSources;
    const sources: AuthenticationSource[] = [];
    for (const text of auth) {
      const [, id = 'password', file = ''] = /^(?:(\w{2,}):)?(.+)$/s.exec(text) ?? [];
      const format = formats.get(id);
      if (format === undefined) {
        throw new UserError(
          `auth: "${text}": unknown format "${id}"; expected one of ${formats.ids.join(', ')}`,
        );
      }
      sources.push(await format.open(file, (message) => this.#events.warn(message)));
    }
    return sources;
  }

  async #loadRules(options: CheckedOptions): Promise<AccessRules> {
    const resolve = (name: string) => this.#resolver.resolve(name);
    const load = async ({ network = [], request = [] }: GroupOptions): Promise<RuleSet> => ({
      network: await Promise.all(
        network.map((text) => resolveRule(parseNetworkRule(text), resolve)),
      ),
      request: await Promise.all(
        request.map((text) => resolveRule(parseRequestRule(text), resolve)),
      ),
    });
    const groups = new Map<string, GroupRules>();
    for (const [name, group] of Object.entries(options.groups)) {
      groups.set(name, { ...(await load(group)), base: group.base });
    }
    return new AccessRules(await load(options), groups);
  }

  #use(options: CheckedOptions, state: State): void {
    this.#state?.users.dispose();
    this.#options = options;
    this.#state = state;
    this.#counter.limits = state.limits;
    this.#lockout.options = lockoutOf(options);
    this.#passwords.setUsers(state.users);
  }

  /** Listens at all of some addresses, or at none. */
  async #open(addresses: readonly ListenAddress[]): Promise<Listener[]> {
    const opened: Listener[] = [];
    try {
      for (const address of addresses) {
        const listener = await Listener.open(address, (socket) => this.#accept(socket));
        if (listener !== undefined) opened.push(listener);
      }
    } catch (error) {
      for (const listener of opened) listener.close();
      throw error;
    }
    return opened;
  }

  /** Listens at new addresses and no more at the others. */
  async #moveTo(addresses: readonly ListenAddress[]): Promise<void> {
    const isListened = (address: Address) =>
      this.#listeners.some(({ requested }) => sameAddress(requested, address));
    const isWanted = ({ requested }: Listener) =>
      addresses.some((address) => sameAddress(requested, address));
    const fresh = addresses.filter((address) => !isListened(address));
    const kept = this.#listeners.filter(isWanted);
    const obsolete = this.#listeners.filter((listener) => !isWanted(listener));

    let opened: Listener[];
    try {
      opened = await this.#open(fresh);
    } catch (error) {
      // A wildcard and an address of its own cannot share a port: the old one has to go first.
      if (codeOf(error) !== 'EADDRINUSE' || obsolete.length === 0) throw error;
      for (const listener of obsolete) listener.close();
      try {
        opened = await this.#open(fresh);
      } catch (again) {
        const back = obsolete.map(({ requested }) => ({ ...requested, optional: false }));
        this.#listeners = [...kept, ...(await this.#open(back))];
        throw again;
      }
    }
    this.#listeners = [...kept, ...opened];
    for (const listener of obsolete) this.#closeListener(listener);
    for (const { address } of opened) this.#tellAddress('listening', address);
  }

  #closeListener(listener: Listener): void {
    listener.close();
    this.#tellAddress('stopped', listener.address);
  }

  #tellAddress(type: 'listening' | 'stopped', address: Address): void {
    this.#events.emit({ type, time: Date.now(), address });
  }

  #accept(socket: Socket): void {
    const client = remoteAddress(socket);
    const ip = parseIP(client.host);
    const state = this.#state;
    if (ip === undefined || state === undefined) {
      socket.destroy();
      return;
    }
    const id = ++this.#lastId;
    const turnAway = (reason: CloseReason, detail: string) => {
      socket.on('error', () => {});
      socket.resetAndDestroy();
      const nothing = { user: undefined, command: undefined, destination: undefined };
      const event = { type: 'rejected', id, time: Date.now(), client, reason, detail } as const;
      this.#events.emit({ ...event, ...nothing });
    };
    const denial = firstDenial(this.registries.accessPolicies, (policy) => policy.accept?.(ip));
    if (denial !== undefined) {
      turnAway('not-allowed', denial.by);
      return;
    }
    const counted = this.#counter.addClient(client.host);
    if (typeof counted === 'string') {
      turnAway('too-many-connections', counted === 'total' ? 'in all' : 'from this address');
      return;
    }
    const session = new Session(id, socket, client, ip, state.host);
    this.#sessions.set(id, session);
    void session.run().finally(() => {
      this.#sessions.delete(id);
      counted.dispose();
      if (this.#sessions.size === 0) this.#onEmpty?.();
    });
  }

  #checkIdle(): void {
    const now = Date.now();
    for (const session of this.#sessions.values()) session.checkIdle(now);
  }
}

function limitsOf(options: CheckedOptions): ConnectionLimits {
  return {
    total: options.maxconn,
    perAddress: options.maxconnPerAddress,
    perUser: options.maxconnPerUser,
    associations: options.maxassoc,
  };
}

function portsOf(text: string | undefined): PortRange {
  return text === undefined ? ANY_PORT : parsePortRange(text);
}

function lockoutOf(options: CheckedOptions) {
  return { failures: options.maxLoginFailures, time: options.lockoutTime * 1000 };
}

/**
 * Makes a SOCKS server; `listen()` starts it.
 *
 * @throws {UserError} naming the option that is wrong.
 */
export function createServer(options: ServerOptions = {}): Server {
  return new Server(options);
}
