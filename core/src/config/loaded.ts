import { AccessRules, type GroupRules, type RuleSet } from '../access/accessrules.js';
import { type ResolveName, RuleHosts } from '../access/rulehosts.js';
import {
  type NetworkRule,
  parseNetworkRule,
  parseRequestRule,
  type RuleHost,
} from '../access/rules.js';
import type { LockoutOptions } from '../auth/lockout.js';
import type { Users } from '../auth/users.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { UserError } from '../base/errors.js';
import type { Registries } from '../extensions/registries.js';
import type { AllowanceLimits, AllowanceTable } from '../limits/allowance.js';
import type { ConnectionLimits } from '../limits/limits.js';
import { type ListenerAddresses, resolveListenAddresses } from '../listening/listeningsocket.js';
import { type FamilyAddresses, resolveFamilies } from '../outbound/external.js';
import type { FromTable } from '../outbound/from.js';
import type { Outbound } from '../outbound/outbound.js';
import type { Resolver } from '../outbound/resolve.js';
import type { ResolverPool } from '../outbound/resolvers/pool.js';
import { type Address, formatAddress } from '../protocol/address.js';
import type { Layer } from '../session/layer.js';
import type { Routes } from '../session/routes.js';
import { balancerWarnings } from './balancers.js';
import { Froms } from './froms.js';
import { idleTlsOptions, Layers } from './layers.js';
import {
  DEFAULT_LISTENER,
  type DescribedListener,
  demandDistinct,
  describedListeners,
  idleOptions,
} from './listeners.js';
import { loadRoutes } from './loadroutes.js';
import { addressBeyond, socketAccessOf } from './reach.js';
import { idleSections } from './sections.js';
import type { CheckedOptions } from './settings.js';
import { Sources } from './sources.js';

/** What a listener's options say, ready for use. */
export interface LoadedListener extends DescribedListener, ListenerAddresses {
  readonly users: Users;
  readonly rules: AccessRules;
  /** Where connections leave from; as the routes say, if it is undefined. */
  readonly from: FromTable | undefined;
  /** Looks up the names that its clients name. */
  readonly resolver: Resolver;
  /** The layers that its addresses name, by their schemes. */
  readonly layers: ReadonlyMap<string, Layer>;
}

/** What the options say, ready for use: files read, names resolved. Disposed, it is over. */
export interface State extends Disposable {
  readonly options: CheckedOptions;
  /** Those of listeners that do not say whose else they are. */
  readonly users: Users;
  /** Keeps the addresses of hosts in rules; to be disposed. */
  readonly ruleHosts: RuleHosts;
  /** In the order in which they are described; the one named `default` has no section. */
  readonly listeners: readonly LoadedListener[];
  /** Which way out requests take. */
  readonly routes: Routes;
  readonly external: FamilyAddresses;
  readonly advertised: FamilyAddresses;
}

/** What loading needs to know of the process. */
export interface ProcessParts {
  /** Where the server listens at any moment. */
  listening(): readonly Address[];
  /** Ways out, as they are at any moment. */
  readonly outbounds: Iterable<Outbound>;
  /** Reads a file, where that is not up to this process alone. */
  readonly readFile?: ((file: string) => Promise<Buffer>) | undefined;
}

/**
 * Reads and resolves all that the options name. Nothing is changed by it.
 *
 * @param warn told what deserves a warning.
 * @param process what is to be known of the process.
 * @param before what was in force: hosts in rules that do not resolve now keep their addresses.
 * @throws {UserError} if anything cannot be used, or if the server would be open to everybody
 *   without `anonymous`.
 */
export async function loadState(
  options: CheckedOptions,
  registries: Registries,
  resolvers: ResolverPool,
  warn: (message: string) => void,
  process: ProcessParts,
  before?: State,
): Promise<State> {
  const opened = new DisposableStore();
  try {
    const described = describedListeners(options);
    const { system } = resolvers;
    const sources = new Sources(registries, warn, opened);
    const users = await sources.users(options.auth, 'all');
    const rules = new Rules(options);
    const froms = await Froms.load(options, warn);
    const layers = new Layers(registries, warn);
    const { resolvers: providers } = registries;
    const parts = { sources, rules, froms, resolvers, providers, layers, warn };
    const listeners: LoadedListener[] = [];
    for (const listener of described) {
      const loaded = await loadListener(listener, parts);
      listeners.push(loaded);
      for (const message of balancerWarnings(loaded)) warn(message);
    }
    demandDistinct(listeners);
    demandQuotaFile(options, sources.all());
    const external = await resolveFamilies('bind', options.bind, system, warn);
    const advertised = await resolveFamilies('advertise', options.advertise, system);
    const resolver = resolvers.of(options.resolver, registries.resolvers);
    const resolve: ResolveName = (name, limits) => resolver.resolve(name, limits);
    const ruleHosts = new RuleHosts(rules.hosts, resolve, warn, before?.ruleHosts);
    opened.add(ruleHosts);
    await ruleHosts.load();
    const routeParts = { registries, resolver, warn, ...process };
    const routes = await loadRoutes(options, listeners, routeParts);
    const dispose = () => opened.dispose();
    for (const message of idleOptions(options, described)) warn(message);
    for (const message of idleTlsOptions(options, listeners)) warn(message);
    if (knowsEveryMethod(registries)) {
      const byLayer = listeners.some(identifiesByLayer);
      for (const message of await idleSections(options, sources.all(), byLayer)) warn(message);
    }
    return { options, users, ruleHosts, listeners, routes, external, advertised, dispose };
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/** Whether a listener has a layer that knows by itself who clients are, as by their certificates. */
export function identifiesByLayer({ layers }: Pick<LoadedListener, 'layers'>): boolean {
  return [...layers.values()].some(({ identifies }) => identifies === true);
}

/** Whether users and groups come from sources only: other methods may have their own. */
function knowsEveryMethod({ authenticationMethods }: Registries): boolean {
  return authenticationMethods.ids.every((id) => ['none', 'userpass', 'chap'].includes(id));
}

/** What listeners are loaded with. */
interface ListenerParts {
  readonly sources: Sources;
  readonly rules: Rules;
  readonly froms: Froms;
  readonly resolvers: ResolverPool;
  readonly providers: Registries['resolvers'];
  readonly layers: Layers;
  readonly warn: (message: string) => void;
}

/** @throws {UserError} naming the listener, if it has a section. */
async function loadListener(
  listener: DescribedListener,
  { sources, rules, froms, resolvers, providers, layers, warn }: ListenerParts,
): Promise<LoadedListener> {
  const { name, own, options } = listener;
  try {
    const users = await sources.users(options.auth);
    const access = () => socketAccessOf(options);
    const addresses = await resolveListenAddresses(options.listen, resolvers.system, access);
    const from = await froms.tableFor(own.from ?? [], warn);
    const resolver = resolvers.of(options.resolver, providers);
    const outgoing = { from, resolver };
    const incoming = { addresses, users, layers: await layers.open(addresses, listener) };
    const loaded = { ...listener, ...incoming, rules: rules.of(listener), ...outgoing };
    demandProtection(loaded);
    return loaded;
  } catch (error) {
    throw name === DEFAULT_LISTENER ? error : UserError.at(`[listener:${name}]`, error);
  }
}

function demandProtection({ name, addresses, layers, users, options }: LoadedListener): void {
  if (users.configured || options.anonymous) return;
  const unidentified = addresses.filter(({ scheme = '' }) => !layers.get(scheme)?.identifies);
  const open = addressBeyond(unidentified);
  if (open === undefined) return;
  const remedy =
    name === DEFAULT_LISTENER
      ? 'name users with --auth FILE, or allow it with --anonymous'
      : 'name users with auth = FILE, or allow it with anonymous = yes';
  throw new UserError(
    `refusing to listen on ${formatAddress(open)} without users: everybody who can reach it ` +
      `could use the proxy; ${remedy}`,
    { code: 'open-proxy', subject: formatAddress(open) },
  );
}

/** The rules of options: those of groups come before the global ones, or those of a listener. */
class Rules {
  /** The hosts that they name, whose addresses are not known yet. */
  readonly hosts: RuleHost[] = [];
  readonly #global: RuleSet;
  readonly #groups = new Map<string, GroupRules>();
  readonly #common: AccessRules;

  constructor(options: CheckedOptions) {
    this.#global = this.#read(options);
    for (const [name, group] of Object.entries(options.groups)) {
      this.#groups.set(name, { ...this.#read(group, name), base: group.base });
    }
    this.#common = new AccessRules(this.#global, this.#groups);
  }

  /** Those for a listener's clients: of each kind its own, or else the global ones. */
  of({ name, own: { network, request } }: DescribedListener): AccessRules {
    if (network === undefined && request === undefined) return this.#common;
    const own = this.#read({ network, request }, `listener:${name}`);
    const rules = {
      network: network === undefined ? this.#global.network : own.network,
      request: request === undefined ? this.#global.request : own.request,
    };
    return new AccessRules(rules, this.#groups);
  }

  #read({ network = [], request = [] }: RuleTexts, section?: string): RuleSet {
    const place = <T extends NetworkRule>(rule: T): T => {
      if (rule.host !== undefined) this.hosts.push(rule.host);
      return section === undefined ? rule : { ...rule, section };
    };
    return {
      network: network.map((text) => place(parseNetworkRule(text))),
      request: request.map((text) => place(parseRequestRule(text))),
    };
  }
}

interface RuleTexts {
  readonly network?: readonly string[] | undefined;
  readonly request?: readonly string[] | undefined;
}

function demandQuotaFile(options: CheckedOptions, all: Users): void {
  if (options.quotaFile !== undefined) return;
  const [source] = all.withQuotas;
  if (source !== undefined) {
    throw new UserError(
      `quota-day and quota-month of users in ${source} need --quota-file FILE, to outlive a restart`,
    );
  }
  const { users, groups } = allowancesOf(options);
  for (const { perDay, perMonth } of [...users.values(), ...groups.values()]) {
    if (perDay !== undefined || perMonth !== undefined) {
      throw new UserError('quota-day and quota-month need --quota-file FILE, to outlive a restart');
    }
  }
}

/** How many connections the options allow. */
export function limitsOf(options: CheckedOptions): ConnectionLimits {
  return {
    total: options.maxconn,
    perAddress: options.maxconnPerAddress,
    associations: options.maxassoc,
  };
}

/** How the options answer failed logins. */
export function lockoutOf(options: CheckedOptions): LockoutOptions {
  return { failures: options.maxLoginFailures, time: options.lockoutTime * 1000 };
}

/** What users and groups may use, as the options say. */
export function allowancesOf({
  users,
  groups,
  maxconnPerUser: perUser,
}: CheckedOptions): AllowanceTable {
  const ofGroups = Object.entries(groups).map(
    ([name, { limits = {} }]): [string, AllowanceLimits] => [name, limits],
  );
  return { users: new Map(Object.entries(users)), groups: new Map(ofGroups), perUser };
}
