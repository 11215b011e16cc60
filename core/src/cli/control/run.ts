import type { ExtensionsAnswer } from '../../control/answers.js';
import { type ControlCommand, print, printJson } from './command.js';
import { table, visible } from './text.js';

/** `picosocks5 run`. */
export const run: ControlCommand = {
  usage: '[--json] [ID [ARGUMENT...]]',
  help: `Runs the command ID of an extension of a running server; without ID, lists them.
Arguments that begin with - stand behind --.

      --json            what it answers, as JSON
`,
  async run(client, { words, flags }) {
    const [id, ...args] = words;
    if (id === undefined) {
      const { extensions } = await client.get<ExtensionsAnswer>('/v1/extensions');
      const commands = extensions.flatMap(({ name, commands: own }) =>
        own.map((command) => ({ ...command, extension: name })),
      );
      if (flags['json']) printJson({ commands });
      else if (commands.length === 0) print('there are no commands of extensions\n');
      else {
        const rows = commands.map((one) => [one.id, visible(one.extension), one.title]);
        print(table([['ID', 'EXTENSION', 'WHAT IT DOES'], ...rows]));
      }
      return;
    }
    const path = `/v1/commands/${encodeURIComponent(id)}`;
    const { result } = await client.post<{ result: unknown }>(path, { args });
    if (flags['json']) printJson({ result });
    else if (typeof result === 'string') print(result.endsWith('\n') ? result : `${result}\n`);
    else if (result !== null) printJson(result);
  },
};
