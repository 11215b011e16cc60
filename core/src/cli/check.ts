import { UserError } from '../base/errors.js';
import { type Argument, parseCommandLine } from '../config/commandline.js';
import { loadSettings } from '../config/load.js';
import { pickServerOptions } from '../config/options.js';
import type { ServerOptions } from '../config/settings.js';
import { parseEndpoint } from '../listening/endpoint.js';
import { complain } from '../process/complain.js';
import { formatAddress } from '../protocol/address.js';
import type { CommandName } from '../protocol/socks5.js';
import { createServer } from '../server/server.js';

const usage = `Usage: picosocks5 check [OPTION]... USER COMMAND HOST:PORT [CLIENT]

Says which rule decides a request, without starting the server. OPTIONs are those
of the server, such as --config FILE, and --listener NAME: the section
[listener:NAME] by which the client comes, where there are several. USER is - for
an anonymous client; COMMAND is connect, bind or associate; CLIENT is the IP
address that the client comes from, 127.0.0.1 if left out. The exit status is 0
if the request is allowed, 1 if it is not, and 2 if that cannot be said.
`;

const commands: Readonly<Record<string, CommandName | undefined>> = {
  connect: 'connect',
  bind: 'bind',
  assoc: 'associate',
  associate: 'associate',
};

/**
 * The command `picosocks5 check`.
 *
 * @param argv without the names of the program and the command.
 */
export async function checkCommand(argv: readonly string[]): Promise<void> {
  try {
    const args = parseCommandLine(argv, ['listener']);
    if (args.some(({ kind }) => kind === 'help')) process.stdout.write(usage);
    else await check(args);
  } catch (error) {
    complain('picosocks5 check', error);
    process.exitCode = 2;
  }
}

function warn(message: string): void {
  process.stderr.write(`picosocks5 check: warning: ${message}\n`);
}

function isPositional(arg: Argument): boolean {
  return arg.kind === 'option' && arg.option.key === 'listen';
}

async function check(args: readonly Argument[]): Promise<void> {
  const words = args.filter(isPositional).map((arg) => (arg.kind === 'option' ? arg.value : ''));
  const [user, commandName = '', target, client] = words;
  const command = commands[commandName];
  if (user === undefined || target === undefined || words.length > 4) {
    throw new UserError('expected USER COMMAND HOST:PORT [CLIENT]; --help says more');
  }
  if (command === undefined) {
    throw new UserError(`"${commandName}" is not connect, bind or associate`);
  }
  const { host, port } = parseEndpoint(target);
  if (host === undefined) throw new UserError(`"${target}": expected HOST:PORT`);
  if (!/:[^\]:]+$/.test(target)) {
    throw new UserError(
      `"${target}" has no port; expected HOST:PORT, such as ${target.replace(/:$/, '')}:443`,
    );
  }
  const options = args.filter((arg) => !isPositional(arg));
  const settings = await loadSettings(options, warn);
  const server = createServer(onLoopback(pickServerOptions(settings)));
  server.onEvent((event) => {
    if (event.type === 'warning') warn(event.message);
  });
  try {
    const destination = { host, port };
    const name = user === '-' ? undefined : user;
    const listener = args.flatMap((arg) => (arg.kind === 'own' ? arg.value : [])).at(-1);
    const result = await server.check(name, command, destination, client, listener);
    const { allowed, by, group, addresses, via, resolver } = result;
    const who = name === undefined ? 'an anonymous client' : `user ${name}`;
    const way = listener === undefined ? '' : ` by listener ${listener}`;
    const whose = group === undefined ? '' : ` of group ${group}`;
    process.stdout.write(
      `${allowed ? 'allowed' : 'refused'}: ${command} to ${formatAddress(destination)} ` +
        `for ${who}${whose}${way}${by === undefined ? '' : `: ${by}`}\n`,
    );
    if (via !== undefined) process.stdout.write(`  by ${via.way}: ${via.by}\n`);
    for (const { address, allowed: fine, by: rule, via: own } of addresses) {
      const elsewhere = own === undefined ? '' : `; by ${own.way}: ${own.by}`;
      process.stdout.write(`  ${address}  ${fine ? 'allowed' : 'refused'}: ${rule}${elsewhere}\n`);
    }
    if (resolver !== undefined) process.stdout.write(`  ${host} is resolved by ${resolver}\n`);
    process.exitCode = allowed ? 0 : 1;
  } finally {
    await server.close();
  }
}

/** Options of a server that would refuse nothing for where it listens: it is not going to. */
function onLoopback({ listen, listeners = {}, ...options }: ServerOptions): ServerOptions {
  const loopback = ['127.0.0.1:0'];
  const own = Object.entries(listeners).map(([name, listener]) => [
    name,
    { ...listener, listen: listener.listen && loopback },
  ]);
  const there = listen === undefined ? {} : { listen: loopback };
  return { ...options, ...there, listeners: Object.fromEntries(own) };
}
