import { UserError } from '../../base/errors.js';
import type { UsageAnswer, UsageEntry } from '../../control/answers.js';
import { type ControlCommand, demandNoWords, numberOf, print, printJson } from './command.js';
import { bytes, table, visible } from './text.js';

/** `picosocks5 usage`. */
export const usage: ControlCommand = {
  usage: '[--days N] [--json]',
  help: `Says what users and groups use: connections of this moment, their bytes, and of
those who have limits the bytes of this day and this month, and their quotas.

      --days N          what each user has moved on the last N days, up to 400, of a
                        server with --usage-file
      --json            as JSON
`,
  options: { days: { type: 'string' } },
  async run(client, given) {
    demandNoWords(given);
    const days = numberOf(given, 'days', 0, 400);
    const answer = await client.get<UsageAnswer>('/v1/usage', { days });
    if (days > 0 && answer.days === undefined) {
      throw new UserError('the server keeps no days; one does that is started with --usage-file');
    }
    if (given.flags['json']) printJson(answer);
    else if (days > 0) print(daysOf(answer));
    else print(textOf(answer));
  },
};

const HEAD = ['WHO', 'CONNECTIONS', 'UP', 'DOWN', 'DAY', 'QUOTA', 'MONTH', 'QUOTA'];

function textOf({ users, groups }: UsageAnswer): string {
  const rows = [
    ...users.map((entry) => rowOf(visible(entry.name), entry)),
    ...groups.map((entry) => rowOf(`[${visible(entry.name)}]`, entry)),
  ];
  return rows.length === 0
    ? 'nobody has used anything\n'
    : table([HEAD, ...rows], [1, 2, 3, 4, 5, 6, 7]);
}

function rowOf(name: string, entry: UsageEntry): string[] {
  const { connections, up, down, dayBytes, monthBytes, limits } = entry;
  const count = (value: number | undefined) => (value === undefined ? '-' : bytes(value));
  return [
    name,
    limits.connections === undefined ? `${connections}` : `${connections}/${limits.connections}`,
    bytes(up),
    bytes(down),
    count(dayBytes),
    count(limits.perDay),
    count(monthBytes),
    count(limits.perMonth),
  ];
}

/** What users have moved, by day: who has moved most stands first. */
function daysOf({ days = [] }: UsageAnswer): string {
  const rows = days.flatMap(({ day, users }) =>
    [...users]
      .sort((a, b) => b.up + b.down - a.up - a.down)
      .map(({ name, connections, up, down }) => [
        day,
        visible(name),
        String(connections),
        bytes(up),
        bytes(down),
      ]),
  );
  if (rows.length === 0) return 'nobody has moved anything\n';
  return table([['DAY', 'USER', 'CONNECTIONS', 'UP', 'DOWN'], ...rows], [2, 3, 4]);
}
