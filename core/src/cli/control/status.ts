import type { StatusAnswer } from '../../control/answers.js';
import { formatEndpoint } from '../../protocol/address.js';
import { type ControlCommand, demandNoWords, print, printJson } from './command.js';
import { bytes, counted, list, localTime, span, visible } from './text.js';

/** `picosocks5 status`. */
export const status: ControlCommand = {
  usage: '[--json]',
  help: `Says how a running server is. The exit status is 3 if none answers.

      --json            as JSON
`,
  async run(client, given) {
    demandNoWords(given);
    const answer = await client.get<StatusAnswer>('/v1/status');
    if (given.flags['json']) printJson(answer);
    else print(textOf(answer));
  },
};

function textOf(answer: StatusAnswer): string {
  const { listeners, connections, since, reload } = answer;
  const places = listeners.flatMap(({ name, addresses }) =>
    addresses.map((address) => {
      const whose = listeners.length > 1 ? ` (${visible(name)})` : '';
      return `${formatEndpoint(address)}${whose}`;
    }),
  );
  const kinds = (['connect', 'bind', 'associate'] as const)
    .filter((kind) => connections[kind] > 0)
    .map((kind) => `${connections[kind]} ${kind}`);
  if (connections.handshakes > 0) kinds.push(`${connections.handshakes} on the way in`);
  const what = kinds.length === 0 ? '' : ` (${kinds.join(', ')})`;
  const processes = answer.workers === 0 ? '' : `, ${counted(answer.workers, 'worker')}`;
  const reloaded =
    reload === undefined
      ? []
      : [
          [
            'Reload',
            `${localTime(reload.time)}: ${reload.ok ? 'ok' : `nothing, ${reload.message}`}`,
          ] as const,
        ];
  return `PicoSOCKS5 ${answer.version}: ${answer.state}\n${list([
    ['Since', `${localTime(answer.started)}; ${span(answer.uptime)}`],
    ['Process', `${answer.pid}${processes}, ${bytes(answer.memory)} of memory`],
    ...places.map((place, i) => [i === 0 ? 'Listening' : '', place] as const),
    [
      'Connections',
      `${connections.total}${what}, ${counted(connections.users, 'user')}, ` +
        `${bytes(connections.up)} up, ${bytes(connections.down)} down`,
    ],
    [
      'So far',
      `${since.closed} closed, ${bytes(since.up)} up, ${bytes(since.down)} down; ` +
        `${since.rejected} refused, ${counted(since.failedLogins, 'failed login')}`,
    ],
    ...sharedLine(answer.sharedState),
    ...reloaded,
    ['Log level', answer.logLevel],
  ])}`;
}

/** One line of what it shares with other servers, if it does. */
function sharedLine(shared: StatusAnswer['sharedState']): (readonly [string, string])[] {
  if (shared === undefined) return [];
  const { id, state, seconds, trouble } = shared;
  const why = trouble === undefined ? '' : `: ${visible(trouble)}`;
  return [['Shared state', `${visible(id)}, ${state} for ${span(seconds)}${why}`]];
}
