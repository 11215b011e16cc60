import { localAddresses } from '../outbound/interfaces.js';
import { formatIP } from '../protocol/ip.js';
import type { CommandName } from '../protocol/socks5.js';
import { aliasesOf } from './aliases.js';
import { isHostLocal, isHostLocalNetwork, isLoopback } from './network.js';
import type { AccessPolicy, AccessRequest, ClientContext, Denial } from './policy.js';
import {
  describeRule,
  matchNetwork,
  type NetworkRule,
  type RequestMatch,
  type RequestRule,
  RequestRules,
} from './rules.js';

/** The rules of one place: the global ones, or a group's section. */
export interface RuleSet {
  readonly network: readonly NetworkRule[];
  readonly request: readonly RequestRule[];
}

/** All rules that count for somebody, in their order. */
interface Chain {
  readonly network: readonly NetworkRule[];
  readonly request: RequestRules;
}

/** A section of rules for the users of a group. */
export interface GroupRules extends RuleSet {
  /** The group whose rules follow this one's; the global ones follow in any case. */
  readonly base: string | undefined;
}

/** Whether something is allowed, and what decides it, in a few words. */
export interface Decision {
  readonly allowed: boolean;
  readonly by: string;
  /** Whether it is refused only for want of a rule that allows it. */
  readonly byDefault: boolean;
}

/** The name of the section for anonymous users and users without a group. */
export const NO_GROUP = '*';

/**
 * The rules of `--network` and `--request`. The first rule that matches decides: a group's own
 * rules come first, then its base's, then the global ones. What matches none is refused if there
 * is any rule at all.
 *
 * A rule that refuses an address refuses whatever leads there as well: 0.0.0.0 to loopback, an IPv6
 * address to the IPv4 address inside it. A rule that allows one allows it and nothing else.
 *
 * A client that is not on loopback itself cannot reach the proxy host's own addresses (loopback,
 * unspecified, link-local, those of its network interfaces) unless a rule names them: a rule about
 * any address, or about a network that has others as well, does not.
 */
export class AccessRules implements AccessPolicy {
  readonly id = 'rules';
  readonly #global: Chain;
  readonly #groups: ReadonlyMap<string, Chain>;

  readonly #interfaces: () => ReadonlySet<string>;

  /**
   * @param groups sections by group; a base that is not among them is left out.
   * @param interfaces the addresses of the proxy host's network interfaces, in canonical form.
   */
  constructor(
    global: RuleSet,
    groups: ReadonlyMap<string, GroupRules> = new Map(),
    interfaces: () => ReadonlySet<string> = () => localAddresses().all,
  ) {
    this.#interfaces = interfaces;
    this.#global = chainOf([global]);
    this.#groups = new Map([...groups.keys()].map((name) => [name, flatten(name, groups, global)]));
  }

  onConnect(client: Uint8Array): Denial | undefined {
    return denyNetwork(this.#global.network, client);
  }

  onAuthenticated({ client, group }: ClientContext): Denial | undefined {
    return denyNetwork(this.#rulesOf(group).network, client);
  }

  onRequest({ group }: ClientContext, command: CommandName): Denial | undefined {
    // The address of a CONNECT is known before its reply: the rule that refuses it says more.
    if (command === 'connect') return undefined;
    const { request } = this.#rulesOf(group);
    if (request.length === 0 || request.mayAllow(command)) return undefined;
    return { by: `no rule allows ${command}` };
  }

  onAddress(request: AccessRequest): Denial | undefined {
    const { allowed, by, byDefault } = this.decide(request);
    return allowed ? undefined : { by, byDefault };
  }

  explain(request: AccessRequest): string {
    return this.decide(request).by;
  }

  /**
   * Says whether a request to one address is allowed, and what decides it. Where only a name is
   * known, that is up to the rules about names and about any destination.
   */
  decide(request: AccessRequest): Decision {
    const rules = this.#rulesOf(request.group).request;
    const { client, address } = request;
    const match = rules.match(request);
    if (match?.rule.allow === false) return refused(describeRule(match.rule));
    if (match === undefined && rules.length > 0) {
      return { allowed: false, by: 'no rule allows it', byDefault: true };
    }
    const alias = rules.length === 0 ? undefined : findDeniedAlias(rules, request);
    if (alias !== undefined) return refused(alias);
    const elsewhere = address !== undefined && !isLoopback(client);
    if (elsewhere && isHostLocal(address, this.#interfaces()) && !isNamed(match)) {
      return refused("the proxy host's own address, which no rule names");
    }
    const by = match === undefined ? 'there are no rules' : describeRule(match.rule);
    return { allowed: true, by, byDefault: false };
  }

  #rulesOf(group: string | undefined): Chain {
    return this.#groups.get(group ?? NO_GROUP) ?? this.#global;
  }
}

function refused(by: string): Decision {
  return { allowed: false, by, byDefault: false };
}

/** Refusals of all addresses do not count here: they are about those that nothing else allows. */
function findDeniedAlias(rules: RequestRules, request: AccessRequest): string | undefined {
  const aliases = request.address === undefined ? [] : aliasesOf(request.address);
  for (const address of aliases) {
    const match = rules.match({ ...request, address });
    if (match?.network === undefined || match.network.isAll || match.rule.allow) continue;
    return `${describeRule(match.rule)}, since it leads to ${formatIP(address)}`;
  }
  return undefined;
}

/** Whether an allowing rule names the proxy host's own addresses. */
function isNamed(match: RequestMatch | undefined): boolean {
  return match?.network !== undefined && isHostLocalNetwork(match.network);
}

function denyNetwork(rules: readonly NetworkRule[], client: Uint8Array): Denial | undefined {
  if (rules.length === 0) return undefined;
  const rule = matchNetwork(rules, client);
  if (rule === undefined) return { by: 'no network rule allows it' };
  return rule.allow ? undefined : { by: `network ${describeRule(rule)}` };
}

function flatten(name: string, groups: ReadonlyMap<string, GroupRules>, global: RuleSet): Chain {
  const chain: RuleSet[] = [];
  const seen = new Set<string>();
  for (let next: string | undefined = name; next !== undefined && !seen.has(next); ) {
    seen.add(next);
    const section = groups.get(next);
    if (section !== undefined) chain.push(section);
    next = section?.base;
  }
  return chainOf([...chain, global]);
}

function chainOf(sets: readonly RuleSet[]): Chain {
  return {
    network: sets.flatMap(({ network }) => network),
    request: new RequestRules(sets.flatMap(({ request }) => request)),
  };
}
