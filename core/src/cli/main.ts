import { UserError } from '../base/errors.js';
import { version } from '../base/version.js';
import { parseCommandLine } from '../config/commandline.js';
import { complain } from '../process/complain.js';
import { hideArguments } from '../process/title.js';
import { help } from './help.js';
import { demandAddresses, isControlCommand } from './words.js';

/** What may be a command of an extension: the name of one, as its package.json has it. */
const SUBCOMMAND = /^[a-z][a-z0-9-]{1,30}$/;

/**
 * The command `picosocks5`.
 *
 * @param argv without the program's name.
 */
export async function main(argv: readonly string[]): Promise<void> {
  hideArguments(argv);
  if (process.env['PICOSOCKS5_WORKER'] !== undefined) {
    const { runWorker } = await import('../process/worker.js');
    runWorker();
    return;
  }
  try {
    if (argv[0] === 'user') {
      const { userCommand } = await import('./user.js');
      await userCommand(argv.slice(1));
      return;
    }
    if (argv[0] === 'check') {
      const { checkCommand } = await import('./check.js');
      await checkCommand(argv.slice(1));
      return;
    }
    if (argv[0] === 'extension') {
      const { extensionCommand } = await import('./extension.js');
      await extensionCommand(argv.slice(1));
      return;
    }
    const command = argv[0] ?? '';
    if (isControlCommand(command)) {
      const { controlCommand } = await import('./control/main.js');
      await controlCommand(command, argv.slice(1));
      return;
    }
    if (argv[0] === 'help' || argv[0] === 'version') {
      process.stdout.write(argv[0] === 'help' ? help() : `picosocks5 ${version}\n`);
      return;
    }
    if (SUBCOMMAND.test(argv[0] ?? '')) {
      const { runSubcommand } = await import('./subcommand.js');
      if (await runSubcommand(argv)) return;
    }
    const args = parseCommandLine(argv);
    const lists = args.some(({ kind }) => kind === 'extensions');
    if (args.some(({ kind }) => kind === 'help')) {
      if (lists) {
        const { extensionsHelp } = await import('./extensionshelp.js');
        process.stdout.write(await extensionsHelp(args));
      } else process.stdout.write(help());
    } else if (lists) {
      throw new UserError(
        '--extensions goes with --help; to load an extension: --extension FOLDER|NAME',
      );
    } else if (args.some(({ kind }) => kind === 'version')) {
      process.stdout.write(`picosocks5 ${version}\n`);
    } else {
      await demandAddresses(args);
      const { serve } = await import('./serve.js');
      await serve(argv, args);
    }
  } catch (error) {
    complain('picosocks5', error);
  }
}
