import { NoServer } from '../../control/client.js';
import { complain } from '../../process/complain.js';
import { COMMON_HELP, type ControlCommand, clientOf, parseGiven, print } from './command.js';
import { connections, disconnect } from './connections.js';
import { lockouts } from './lockouts.js';
import { log, loglevel } from './log.js';
import { reload } from './reload.js';
import { run } from './run.js';
import { status } from './status.js';
import { top } from './top/top.js';
import { usage } from './usage.js';

const commands: Readonly<Record<string, ControlCommand>> = {
  status,
  connections,
  top,
  disconnect,
  reload,
  lockouts,
  log,
  loglevel,
  usage,
  run,
};

/** Exit status of systemctl(1) and of LSB for a service that does not run. */
const NOT_RUNNING = 3;

/**
 * A command that asks a running server.
 *
 * @param name of one of the commands.
 * @param argv what follows it.
 */
export async function controlCommand(name: string, argv: readonly string[]): Promise<void> {
  const command = commands[name] as ControlCommand;
  // Whoever reads no more, such as head(1), has what it wanted.
  process.stdout.on('error', () => process.exit());
  try {
    const given = parseGiven(argv, command);
    if (given.flags['help']) {
      print(
        `Usage: picosocks5 ${name} [OPTION]... ${command.usage}\n\n${command.help}${COMMON_HELP}`,
      );
      return;
    }
    await command.run(await clientOf(given), given);
  } catch (error) {
    complain(`picosocks5 ${name}`, error);
    if (name === 'status' && error instanceof NoServer) process.exitCode = NOT_RUNNING;
  }
}
