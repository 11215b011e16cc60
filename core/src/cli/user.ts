import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { makeHash } from '../auth/crypt/formats.js';
import { checkField, formatPasswordLine, plainSecret } from '../auth/passwordfile.js';
import { messageOf, UserError } from '../errors.js';
import { complain } from './complain.js';

/** Secrets that can be made, by the authentication method that needs them. */
const methods: Readonly<Record<string, (password: string) => string | Promise<string>>> = {
  basic: makeHash,
  chap: plainSecret,
};

const usage = `Usage: picosocks5 user [OPTION]... NAME

Asks for a password twice and prints the lines for user NAME of a password file.
An empty NAME makes the server's own secret, for clients that ask the server to
authenticate itself (CHAP).

  -m, --method METHODS  for which methods, with commas between: basic (a hash),
                        chap (the password itself, in Base64) [basic,chap]
  -g, --group GROUP     the user's group
  -l, --list            list the methods and exit
  -h, --help            print this help and exit
`;

/**
 * The command `picosocks5 user`, the original's `pis5user`.
 *
 * @param argv without the names of the program and the command.
 */
export async function userCommand(argv: readonly string[]): Promise<void> {
  try {
    process.stdout.write(await run(argv));
  } catch (error) {
    complain('picosocks5 user', error);
  }
}

async function run(argv: readonly string[]): Promise<string> {
  const { values, positionals } = parseUserArgs(argv);
  if (values.help) return usage;
  if (values.list) return `${Object.keys(methods).join('\n')}\n`;
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) {
    throw new UserError('expected one user name; --help says more');
  }
  const group = values.group ?? '';
  checkField('user name', name);
  checkField('group', group);
  const makers = (values.method ?? 'basic,chap').split(',').map((id) => {
    const maker = Object.hasOwn(methods, id) ? methods[id] : undefined;
    if (maker !== undefined) return maker;
    const known = Object.keys(methods).join(', ');
    throw new UserError(`--method: expected some of ${known}, not "${id}"`);
  });
  const password = await askPassword();
  const secrets = await Promise.all(makers.map((make) => make(password)));
  return secrets.map((secret) => `${formatPasswordLine(name, group, secret)}\n`).join('');
}

function parseUserArgs(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        method: { type: 'string', short: 'm' },
        group: { type: 'string', short: 'g' },
        list: { type: 'boolean', short: 'l' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UserError(`${messageOf(error)}; --help lists the options`);
  }
}

/** Asks twice; on a terminal without echo. Without a terminal the second time is optional. */
async function askPassword(): Promise<string> {
  const { isTTY } = process.stdin;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const input = createInterface({ input: process.stdin, output: silent, terminal: isTTY === true });
  const lines = input[Symbol.asyncIterator]();
  const ask = async (prompt: string) => {
    process.stderr.write(prompt);
    const line = await lines.next();
    if (isTTY) process.stderr.write('\n');
    return line.done ? undefined : line.value;
  };
  try {
    input.once('SIGINT', () => process.exit(130));
    const password = await ask('Enter password: ');
    if (password === undefined || password === '') throw new UserError('no password was given');
    if (Buffer.byteLength(password) > 255) {
      throw new UserError('the password is longer than 255 bytes');
    }
    const again = await ask('Enter password (again): ');
    if (again === undefined ? isTTY : again !== password) {
      throw new UserError('the passwords differ');
    }
    return password;
  } finally {
    input.close();
  }
}
