import { AccessRules, type GroupRules, type RuleSet } from '../access/accessrules.js';
import { isLoopback } from '../access/network.js';
import { type ResolveName, RuleHosts } from '../access/rulehosts.js';
import {
  type NetworkRule,
  parseNetworkRule,
  parseRequestRule,
  type RuleHost,
} from '../access/rules.js';
import type { LockoutOptions } from '../auth/lockout.js';
import type { AuthenticationSource } from '../auth/source.js';
import { Users } from '../auth/users.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { UserError } from '../base/errors.js';
import type { Registries } from '../extensions/registries.js';
import type { AllowanceLimits, AllowanceTable } from '../limits/allowance.js';
import type { ConnectionLimits } from '../limits/limits.js';
import {
  type ListenAddress,
  type ListenerAddresses,
  resolveListenAddresses,
} from '../listening/listeningsocket.js';
import { type FamilyAddresses, resolveFamilies } from '../outbound/external.js';
import type { Resolver } from '../outbound/resolve.js';
import { formatAddress } from '../protocol/address.js';
import { parseIP } from '../protocol/ip.js';
import { idleSections } from './sections.js';
import type { CheckedOptions, GroupOptions } from './settings.js';

/** The name of the listener that the options describe. */
export const DEFAULT_LISTENER = 'default';

/** What the options say, ready for use: files read, names resolved. Disposed, it is over. */
export interface State extends Disposable {
  readonly options: CheckedOptions;
  readonly users: Users;
  readonly rules: AccessRules;
  /** Keeps the addresses of hosts in rules; to be disposed. */
  readonly ruleHosts: RuleHosts;
  /** In the order in which they are described; the options describe the one named `default`. */
  readonly listeners: readonly ListenerAddresses[];
  readonly external: FamilyAddresses;
  readonly advertised: FamilyAddresses;
}

/**
 * Reads and resolves all that the options name. Nothing is changed by it.
 *
 * @param warn told what deserves a warning.
 * @param before what was in force: hosts in rules that do not resolve now keep their addresses.
 * @throws {UserError} if anything cannot be used, or if the server would be open to everybody
 *   without `anonymous`.
 */
export async function loadState(
  options: CheckedOptions,
  registries: Registries,
  resolver: Resolver,
  warn: (message: string) => void,
  before?: State,
): Promise<State> {
  const opened = new DisposableStore();
  try {
    const users = new Users(await openSources(options.auth, registries, warn, opened));
    opened.add(users);
    const addresses = await resolveListenAddresses(options.listen, resolver);
    demandProtection(addresses, users, options);
    demandQuotaFile(options);
    const external = await resolveFamilies('bind', options.bind, resolver, warn);
    const advertised = await resolveFamilies('advertise', options.advertise, resolver);
    const { rules, hosts } = readRules(options);
    const resolve: ResolveName = (name, limits) => resolver.resolve(name, limits);
    const ruleHosts = new RuleHosts(hosts, resolve, warn, before?.ruleHosts);
    opened.add(ruleHosts);
    await ruleHosts.load();
    const dispose = () => opened.dispose();
    const listeners = [{ name: DEFAULT_LISTENER, addresses }];
    const loaded = { options, users, rules, ruleHosts, listeners, external, advertised };
    if (knowsEveryMethod(registries)) {
      for (const message of await idleSections(options, users)) warn(message);
    }
    return { ...loaded, dispose };
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/** Whether users and groups come from sources only: other methods may have their own. */
function knowsEveryMethod({ authenticationMethods }: Registries): boolean {
  return authenticationMethods.ids.every((id) => ['none', 'userpass', 'chap'].includes(id));
}

/** Takes `[FORMAT:]FILE` apart; without a format it is a password file. */
export function parseSource(text: string): { readonly id: string; readonly argument: string } {
  const [, id = 'password', argument = ''] = /^(?:(\w{2,}):)?(.+)$/s.exec(text) ?? [];
  return { id, argument };
}

/** @param opened takes what has to be closed again, should anything fail. */
async function openSources(
  auth: readonly string[],
  { authenticationSources: formats }: Registries,
  warn: (message: string) => void,
  opened: DisposableStore,
): Promise<AuthenticationSource[]> {
  const sources: AuthenticationSource[] = [];
  for (const text of auth) {
    const { id, argument } = parseSource(text);
    const format = formats.get(id);
    if (format === undefined) {
      throw new UserError(
        `auth: "${text}": unknown format "${id}"; expected one of ${formats.ids.join(', ')}`,
      );
    }
    const source = await format.open(argument, warn);
    opened.add({ dispose: () => source.dispose?.() });
    sources.push(source);
  }
  return sources;
}

function demandProtection(
  addresses: readonly ListenAddress[],
  users: Users,
  { anonymous }: CheckedOptions,
): void {
  if (users.configured || anonymous) return;
  const open = addresses.find(({ host }) => !isLoopback(parseIP(host) ?? new Uint8Array()));
  if (open === undefined) return;
  throw new UserError(
    `refusing to listen on ${formatAddress(open)} without users: everybody who can reach it ` +
      'could use the proxy; name users with --auth FILE, or allow it with --anonymous',
    { code: 'open-proxy', subject: formatAddress(open) },
  );
}

/** @returns the rules, and the hosts that they name, whose addresses are not known yet. */
function readRules(options: CheckedOptions): { rules: AccessRules; hosts: RuleHost[] } {
  const hosts: RuleHost[] = [];
  const place = <T extends NetworkRule>(rule: T, section?: string): T => {
    if (rule.host !== undefined) hosts.push(rule.host);
    return section === undefined ? rule : { ...rule, section };
  };
  const read = ({ network = [], request = [] }: GroupOptions, section?: string): RuleSet => ({
    network: network.map((text) => place(parseNetworkRule(text), section)),
    request: request.map((text) => place(parseRequestRule(text), section)),
  });
  const groups = new Map<string, GroupRules>();
  for (const [name, group] of Object.entries(options.groups)) {
    groups.set(name, { ...read(group, name), base: group.base });
  }
  return { rules: new AccessRules(read(options), groups), hosts };
}

function demandQuotaFile(options: CheckedOptions): void {
  if (options.quotaFile !== undefined) return;
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
