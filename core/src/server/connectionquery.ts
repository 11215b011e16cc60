import { Network } from '../access/network.js';
import { UserError } from '../base/errors.js';
import type { ConnectionInfo } from '../log/events.js';
import { parseIP } from '../protocol/ip.js';
import type { CommandName } from '../protocol/socks5.js';

/** Which connections are meant: those that have all of it. What is left out says nothing. */
export interface ConnectionFilter {
  readonly id?: number;
  /** `-`: of anonymous clients, and those that have not logged in. */
  readonly user?: string;
  /** `ADDRESS` or `ADDRESS/BITS`. */
  readonly client?: string;
  readonly listener?: string;
  readonly command?: CommandName;
  /** A part of the destination, as the client named it. */
  readonly destination?: string;
}

/** A part of the connections that are meant, by their ids. */
export interface ConnectionQuery extends ConnectionFilter {
  /** Only those whose ids are above this one. */
  readonly after?: number;
  /** How many at most. */
  readonly limit: number;
}

/** What a query finds. */
export interface ConnectionPage {
  /** How many connections there are. */
  readonly total: number;
  /** How many of them the filter lets through, on all pages. */
  readonly matching: number;
  /** By their ids. */
  readonly connections: readonly ConnectionInfo[];
  /** Whether there are more behind them. */
  readonly more: boolean;
}

/** What a filter looks at. */
type Filtered = Pick<
  ConnectionInfo,
  'id' | 'user' | 'client' | 'listener' | 'command' | 'destination'
>;

/**
 * Makes a test of a filter.
 *
 * @throws {UserError} if `client` is no address or network.
 */
export function connectionTest(filter: ConnectionFilter): (one: Filtered) => boolean {
  const { id, user, client, listener, command, destination } = filter;
  const network = client === undefined ? undefined : Network.parse(client);
  if (client !== undefined && network === undefined) {
    throw new UserError(`client: expected ADDRESS or ADDRESS/BITS, not "${client}"`);
  }
  const part = destination?.toLowerCase();
  const isFrom = (host: string) => {
    const ip = parseIP(host);
    return ip !== undefined && (network?.contains(ip) ?? true);
  };
  return (one) =>
    (id === undefined || one.id === id) &&
    (user === undefined || (one.user ?? '-') === user) &&
    (network === undefined || isFrom(one.client.host)) &&
    (listener === undefined || (one.listener ?? 'default') === listener) &&
    (command === undefined || one.command === command) &&
    (part === undefined ||
      `${one.destination?.host}:${one.destination?.port}`.toLowerCase().includes(part));
}

/**
 * Finds connections.
 *
 * @throws as {@link connectionTest} does.
 */
export function findConnections(
  all: readonly ConnectionInfo[],
  query: ConnectionQuery,
): ConnectionPage {
  const matching = all.filter(connectionTest(query));
  const { after = 0, limit } = query;
  const behind = matching.filter(({ id }) => id > after).sort((a, b) => a.id - b.id);
  return {
    total: all.length,
    matching: matching.length,
    connections: behind.slice(0, limit),
    more: behind.length > limit,
  };
}

/** Puts together what several processes find. */
export function joinPages(pages: readonly ConnectionPage[], limit: number): ConnectionPage {
  const connections = pages.flatMap((page) => page.connections).sort((a, b) => a.id - b.id);
  return {
    total: pages.reduce((sum, { total }) => sum + total, 0),
    matching: pages.reduce((sum, { matching }) => sum + matching, 0),
    connections: connections.slice(0, limit),
    more: connections.length > limit || pages.some(({ more }) => more),
  };
}
