import { NO_GROUP } from '../access/accessrules.js';
import { describeRule, type RequestRule, RequestRules } from '../access/rules.js';
import {
  behind,
  carries,
  type Outbound,
  type OutboundRequest,
  routeOf,
} from '../outbound/outbound.js';
import { parseIP } from '../protocol/ip.js';

/** A rule of `--via`: which way requests to its destinations take. */
export interface ViaRule extends RequestRule {
  /** What is tried, one after the other; none: such requests are refused. */
  readonly ways: readonly Outbound[];
}

/** The rules of one place. */
export type ViaRules = readonly ViaRule[];

/** The rules of all places. */
export interface ViaRuleTable {
  readonly users: ReadonlyMap<string, ViaRules>;
  /** Of groups, with those of their bases behind them. */
  readonly groups: ReadonlyMap<string, ViaRules>;
  /** By the names of listeners. */
  readonly listeners: ReadonlyMap<string, ViaRules>;
  readonly global: ViaRules;
}

/** Which way a request takes. */
export interface Route {
  /** What is tried, one after the other; none: the rule refuses it. */
  readonly ways: readonly Outbound[];
  /** The rule that says so; undefined if there is none. */
  readonly rule: ViaRule | undefined;
}

/** How a rule of `--via` is called in messages. */
export function describeVia(rule: ViaRule): string {
  return describeRule(rule).replace('rule', 'via');
}

/** What a way out is called where it is told; undefined for the direct one. */
export function nameOf({ id }: Outbound): string | undefined {
  return id === 'direct' ? undefined : id;
}

/** The rules of one place, ready for matching. */
class RuleList {
  readonly rules: ViaRules;
  readonly compiled: RequestRules<ViaRule>;

  constructor(rules: ViaRules) {
    this.rules = rules;
    this.compiled = new RequestRules(rules);
  }
}

type RuleLists = ReadonlyMap<string, RuleList>;

/**
 * Chooses ways out: by the first rule that is about a request, of its user, its group and that
 * one's bases, its listener, and all; without one, the last outbound registered that serves it.
 *
 * Rules come before names are resolved: those about names are about what the client says, those
 * about networks about addresses that it says, and about those of a name once it is resolved here.
 */
export class Routes {
  /** Whether there are rules about networks. */
  readonly hasNetworks: boolean;
  readonly #isEmpty: boolean;
  readonly #users: RuleLists;
  readonly #groups: RuleLists;
  readonly #listeners: RuleLists;
  readonly #global: RuleList;
  readonly #outbounds: Iterable<Outbound>;
  /** Those that have names, whether rules lead to them or not. */
  readonly upstreams: ReadonlyMap<string, Outbound>;

  /** @param outbounds asked anew each time. */
  constructor(
    table: ViaRuleTable,
    outbounds: Iterable<Outbound>,
    upstreams: ReadonlyMap<string, Outbound> = new Map(),
  ) {
    this.upstreams = upstreams;
    this.#users = listsOf(table.users);
    this.#groups = listsOf(table.groups);
    this.#listeners = listsOf(table.listeners);
    this.#global = new RuleList(table.global);
    this.#outbounds = outbounds;
    const { users, groups, listeners, global } = table;
    const all = [users, groups, listeners].flatMap((map) => [...map.values()].flat());
    const rules = [...all, ...global];
    this.#isEmpty = rules.length === 0;
    this.hasNetworks = rules.some(
      ({ addresses, domain }) => addresses !== undefined && domain === undefined,
    );
  }

  /**
   * The way of a request.
   *
   * @param address an IP address of its destination, where one is known beyond what the client says.
   * @throws an error if there is none.
   */
  find(request: OutboundRequest, address = request.destination.host): Route {
    const rule = this.#match(request, address);
    return { rule, ways: rule?.ways ?? [routeOf(this.#outbounds, request)] };
  }

  /** A way for a request, with all those before it that serve the request. */
  whole(way: Outbound, request: OutboundRequest): Outbound {
    let whole = way;
    for (const one of this.#outbounds) {
      if (one.before === true && (one.serves?.(request) ?? true)) whole = behind(one, whole);
    }
    return whole;
  }

  /** Whether some destination's way carries a request's command, whichever destination it will be. */
  mayCarry(request: OutboundRequest): boolean {
    const { command } = request;
    for (const { rules } of this.#chain(request)) {
      for (const { ways, addresses, ports } of rules) {
        if (ways.some((way) => carries(way, command))) return true;
        const isAll = addresses === undefined && ports[0] === 0 && ports[1] === 65535;
        if (isAll) return false;
      }
    }
    try {
      return carries(routeOf(this.#outbounds, request), command);
    } catch {
      return false;
    }
  }

  #match(request: OutboundRequest, address: string): ViaRule | undefined {
    if (this.#isEmpty) return undefined;
    const { command, destination } = request;
    const asked = { command, destination, address: parseIP(address) };
    for (const { compiled } of this.#chain(request)) {
      const match = compiled.match(asked);
      if (match !== undefined) return match.rule;
    }
    return undefined;
  }

  #chain({ user, group, listener }: OutboundRequest): RuleList[] {
    const own = user === undefined ? undefined : this.#users.get(user);
    const groups = this.#groups.get(group ?? NO_GROUP);
    return [own, groups, this.#listeners.get(listener), this.#global].filter(
      (list) => list !== undefined,
    );
  }
}

function listsOf(table: ReadonlyMap<string, ViaRules>): RuleLists {
  return new Map([...table].map(([name, rules]) => [name, new RuleList(rules)]));
}
