import { UserError } from '../../base/errors.js';
import type { ConnectionAnswer, ConnectionsAnswer } from '../../control/answers.js';
import { formatAddress } from '../../protocol/address.js';
import { type ControlCommand, numberOf, pairsOf, print, printJson } from './command.js';
import { bytes, counted, span, table, visible } from './text.js';

/** What connections can be told apart by. */
export const FILTERS = ['id', 'user', 'client', 'listener', 'command', 'destination'] as const;

const FILTER_HELP = `FILTER is ID, user=NAME (- is for those without one), client=ADDRESS[/BITS],
listener=NAME, command=connect|bind|associate or destination=PART; of several, all
have to be right.`;

/** A filter as the control interface takes it. @throws {UserError} */
export function filterOf(words: readonly string[]): Readonly<Record<string, string | number>> {
  const pairs = pairsOf(
    words.map((word) => (/^\d+$/.test(word) ? `id=${word}` : word)),
    FILTERS,
  );
  const { id, ...others } = pairs;
  if (id === undefined) return others;
  if (!/^[1-9]\d{0,15}$/.test(id)) throw new UserError(`"${id}" is not the id of a connection`);
  return { ...others, id: Number(id) };
}

/** `picosocks5 connections`. */
export const connections: ControlCommand = {
  usage: '[--json] [--limit N] [FILTER...]',
  help: `Lists the connections of this moment.

      --json            as JSON
      --limit N         how many at most; 1000 if left out

${FILTER_HELP}
`,
  options: { limit: { type: 'string' } },
  async run(client, given) {
    const filter = filterOf(given.words);
    const most = numberOf(given, 'limit', 1000, 1_000_000);
    const found: ConnectionAnswer[] = [];
    let page: ConnectionsAnswer | undefined;
    do {
      const limit = Math.min(10_000, Math.max(1, most - found.length));
      const query: Record<string, string | number> = { ...filter, limit };
      if (page?.next !== undefined) query['after'] = page.next;
      page = await client.get<ConnectionsAnswer>('/v1/connections', query);
      found.push(...page.connections);
    } while (page.next !== undefined && found.length < most);
    const shown = found.slice(0, most);
    const { total, matching } = page;
    if (given.flags['json']) printJson({ total, matching, connections: shown });
    else {
      print(table([HEAD, ...shown.map(rowOf)], RIGHT));
      if (shown.length < matching) print(`${matching - shown.length} more; --limit N shows them\n`);
    }
  },
};

const HEAD = ['ID', 'USER', 'CLIENT', 'COMMAND', 'DESTINATION', 'VIA', 'UP', 'DOWN', 'AGE'];
const RIGHT = [0, 6, 7, 8];

function rowOf(one: ConnectionAnswer): string[] {
  const age = Math.max(0, Date.now() - Date.parse(one.since)) / 1000;
  return [
    String(one.id),
    visible(one.user ?? '-'),
    formatAddress(one.client),
    one.command ?? '-',
    one.destination === undefined ? '-' : visible(formatAddress(one.destination)),
    visible(one.via ?? '-'),
    bytes(one.up),
    bytes(one.down),
    span(age),
  ];
}

/** `picosocks5 disconnect`. */
export const disconnect: ControlCommand = {
  usage: 'FILTER...',
  help: `Ends connections. The exit status is 1 if there is none of those.

${FILTER_HELP}
`,
  async run(client, { words, flags }) {
    if (words.length === 0) {
      throw new UserError('expected ID, user=NAME or client=ADDRESS; --help says more');
    }
    const answer = await client.post<{ disconnected: number }>('/v1/disconnect', filterOf(words));
    if (flags['json']) printJson(answer);
    else if (answer.disconnected > 0) {
      print(`${counted(answer.disconnected, 'connection')} ended\n`);
    } else process.stderr.write('picosocks5 disconnect: there is no such connection\n');
    if (answer.disconnected === 0) process.exitCode = 1;
  },
};
