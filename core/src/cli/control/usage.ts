import type { UsageAnswer, UsageEntry } from '../../control/answers.js';
import { type ControlCommand, print, printJson } from './command.js';
import { bytes, table, visible } from './text.js';

/** `picosocks5 usage`. */
export const usage: ControlCommand = {
  usage: '[--json]',
  help: `Says what users and groups use: connections of this moment, their bytes, and of
those who have limits the bytes of this day and this month, and their quotas.

      --json            as JSON
`,
  async run(client, { flags }) {
    const answer = await client.get<UsageAnswer>('/v1/usage');
    if (flags['json']) printJson(answer);
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
