import { UserError } from '../../base/errors.js';
import type { LockoutsAnswer } from '../../control/answers.js';
import { type ControlCommand, pairsOf, print, printJson } from './command.js';
import { counted, span, table, visible } from './text.js';

/** `picosocks5 lockouts`. */
export const lockouts: ControlCommand = {
  usage: '[--json] [lift all|user=NAME|address=ADDRESS]',
  help: `Lists who is locked out after wrong passwords, and for how long; a user that is *
stands for all at that address. With lift, those who are meant may log in again.

      --json            as JSON
`,
  async run(client, { words, flags }) {
    const [verb, ...whom] = words;
    if (verb === undefined) {
      const answer = await client.get<LockoutsAnswer>('/v1/lockouts');
      if (flags['json']) printJson(answer);
      else print(textOf(answer));
      return;
    }
    if (verb !== 'lift' || whom.length === 0) {
      throw new UserError('expected lift all, lift user=NAME or lift address=ADDRESS');
    }
    const isAll = whom.length === 1 && whom[0] === 'all';
    const body = isAll ? { all: true } : pairsOf(whom, ['user', 'address']);
    const answer = await client.post<{ lifted: number }>('/v1/lockouts/lift', body);
    if (flags['json']) printJson(answer);
    else if (answer.lifted > 0) print(`${counted(answer.lifted, 'lockout')} lifted\n`);
    else process.stderr.write('picosocks5 lockouts: there is no such lockout\n');
    if (answer.lifted === 0 && !isAll) process.exitCode = 1;
  },
};

function textOf({ lockouts: all }: LockoutsAnswer): string {
  if (all.length === 0) return 'nobody is locked out\n';
  const rows = all.map(({ user, address, failures, seconds }) => [
    user === undefined ? '*' : visible(user),
    address,
    String(failures),
    span(seconds),
  ]);
  return table([['USER', 'ADDRESS', 'PASSWORDS', 'LEFT'], ...rows], [2, 3]);
}
