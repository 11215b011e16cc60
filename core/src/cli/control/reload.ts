import { UserError } from '../../base/errors.js';
import type { ReloadAnswer } from '../../control/answers.js';
import { type ControlCommand, demandNoWords, print, printJson } from './command.js';
import { counted, visible } from './text.js';

/** `picosocks5 reload`. */
export const reload: ControlCommand = {
  usage: '[--dry-run|--binary] [--json]',
  help: `Has a running server read its configuration, users and rules again, waits until
it has, and says what has changed. If anything is wrong, nothing changes, and the
exit status is 1.

      --dry-run         says what would change, and whether it could
      --binary          starts the program once more, which may be of a new version by
                        now, hands it the listening sockets, and ends the old
                        process when its connections have finished, or --grace is
                        over: nobody is refused meanwhile
      --json            as JSON
`,
  options: { 'dry-run': { type: 'boolean' }, binary: { type: 'boolean' } },
  async run(client, given) {
    demandNoWords(given);
    const { flags } = given;
    const dryRun = flags['dry-run'] === true;
    if (flags['binary']) {
      if (dryRun) throw new UserError('expected --dry-run or --binary, not both');
      const { pid } = await client.post<{ pid: number }>('/v1/replace');
      if (flags['json']) printJson({ pid });
      else print(`process ${pid} serves from now on\n`);
      return;
    }
    const answer = await client
      .post<ReloadAnswer>('/v1/reload', { dryRun })
      .catch((error: unknown) => {
        if (!(error instanceof UserError) || error.constructor !== UserError) throw error;
        throw new UserError(`nothing ${dryRun ? 'would be' : 'was'} reloaded: ${error.message}`);
      });
    if (flags['json']) printJson(answer);
    else print(textOf(answer));
  },
};

function textOf({ reloaded, changes, files, warnings }: ReloadAnswer): string {
  const lines = changes.map(({ section, option, before, after, secret, restart }) => {
    const place = section === undefined ? '' : `[${visible(section)}] `;
    const value = (text: string | undefined) => (text === undefined ? 'not set' : visible(text));
    const what = secret
      ? 'another value, which is not shown'
      : `${value(before)} -> ${value(after)}`;
    const later = restart ? ' (in force only after a restart)' : '';
    return `  ${place}${option}: ${what}${later}\n`;
  });
  const read = files.length === 0 ? '' : `, and ${counted(files.length, 'file')} read again`;
  const state = reloaded ? 'reloaded' : 'would be reloaded';
  const count = changes.length === 0 ? 'no option changes' : counted(changes.length, 'change');
  const said = warnings.map((warning) => `  warning: ${warning}\n`);
  return `${state}: ${count}${read}\n${lines.join('')}${said.join('')}`;
}
