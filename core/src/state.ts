import { AccessRules, type GroupRules, type RuleSet } from './access/accessrules.js';
import type { AllowanceLimits, AllowanceTable } from './access/allowance.js';
import type { ConnectionLimits } from './access/limits.js';
import { isLoopback } from './access/network.js';
import { parseNetworkRule, parseRequestRule, resolveRule } from './access/rules.js';
import type { LockoutOptions } from './auth/lockout.js';
import type { AuthenticationSource } from './auth/source.js';
import { Users } from './auth/users.js';
import { idleSections } from './config/sections.js';
import type { CheckedOptions, GroupOptions } from './config/settings.js';
import { type Disposable, DisposableStore } from './disposable.js';
import { UserError } from './errors.js';
import type { Registries } from './extensions/registries.js';
import { type FamilyAddresses, resolveFamilies } from './net/external.js';
import { type ListenAddress, resolveListenAddresses } from './net/listener.js';
import type { Resolver } from './net/resolve.js';
import { formatAddress } from './protocol/address.js';
import { parseIP } from './protocol/ip.js';

/** What the options say, ready for use: files read, names resolved. Disposed, it is over. */
export interface State extends Disposable {
  readonly options: CheckedOptions;
  readonly users: Users;
  readonly rules: AccessRules;
  readonly addresses: readonly ListenAddress[];
  readonly external: FamilyAddresses;
  readonly advertised: FamilyAddresses;
}

/**
 * Reads and resolves all that the options name. Nothing is changed by it.
 *
 * @param warn told what deserves a warning.
 * @throws {UserError} if anything cannot be used, or if the server would be open to everybody
 *   without `anonymous`.
 */
export async function loadState(
  options: CheckedOptions,
  registries: Registries,
  resolver: Resolver,
  warn: (message: string) => void,
): Promise<State> {
  const opened = new DisposableStore();
  try {
    const users = new Users(await openSources(options.auth, registries, warn, opened));
    const addresses = await resolveListenAddresses(options.listen, resolver);
    demandProtection(addresses, users, options);
    demandQuotaFile(options);
    const state = {
      options,
      users,
      rules: await loadRules(options, resolver),
      addresses,
      external: await resolveFamilies('bind', options.bind, resolver, warn),
      advertised: await resolveFamilies('advertise', options.advertise, resolver),
      dispose: () => opened.dispose(),
    };
    if (knowsEveryMethod(registries)) {
      for (const message of idleSections(options, users)) warn(message);
    }
    return state;
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
  );
}

async function loadRules(options: CheckedOptions, resolver: Resolver): Promise<AccessRules> {
  const resolve = (name: string) => resolver.resolve(name);
  const load = async (
    { network = [], request = [] }: GroupOptions,
    section?: string,
  ): Promise<RuleSet> => {
    const place = section === undefined ? {} : { section };
    const networks = network.map((text) => ({ ...parseNetworkRule(text), ...place }));
    const requests = request.map((text) => ({ ...parseRequestRule(text), ...place }));
    return {
      network: await Promise.all(networks.map((rule) => resolveRule(rule, resolve))),
      request: await Promise.all(requests.map((rule) => resolveRule(rule, resolve))),
    };
  };
  const groups = new Map<string, GroupRules>();
  for (const [name, group] of Object.entries(options.groups)) {
    groups.set(name, { ...(await load(group, name)), base: group.base });
  }
  return new AccessRules(await load(options), groups);
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
    perUser: options.maxconnPerUser,
    associations: options.maxassoc,
  };
}

/** How the options answer failed logins. */
export function lockoutOf(options: CheckedOptions): LockoutOptions {
  return { failures: options.maxLoginFailures, time: options.lockoutTime * 1000 };
}

/** What users and groups may use, as the options say. */
export function allowancesOf({ users, groups }: CheckedOptions): AllowanceTable {
  const ofGroups = Object.entries(groups).map(
    ([name, { limits = {} }]): [string, AllowanceLimits] => [name, limits],
  );
  return { users: new Map(Object.entries(users)), groups: new Map(ofGroups) };
}
