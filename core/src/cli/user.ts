import { isUtf8 } from 'node:buffer';
import { fstatSync, readlinkSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makeHash } from '../auth/crypt/formats.js';
import { replaceUser, type UserBefore } from '../auth/passwordedit.js';
import {
  checkField,
  formatPasswordLine,
  plainSecret,
  readPasswordFile,
} from '../auth/passwordfile.js';
import { messageOf, UserError } from '../base/errors.js';
import { exposure } from '../base/exposure.js';
import { changeFile } from '../base/replacefile.js';
import { complain } from '../process/complain.js';
import { askPassword } from './askpassword.js';

interface Method {
  readonly make: (password: Uint8Array) => string;
  /** What is stored, for a sentence. */
  readonly stored: string;
}

/** Secrets that can be made, by the authentication method that needs them; in their order. */
const methods: Readonly<Record<string, Method>> = {
  basic: { make: makeHash, stored: 'a hash of the password (SHA-512), for username/password' },
  chap: {
    make: plainSecret,
    stored: 'the password itself (Base64), for CHAP: who reads the file has it',
  },
};

/** The methods if none are named; the original's program makes both. */
const DEFAULT = 'basic';
const DEFAULT_OF_ORIGINAL = 'basic,chap';

function usage(program: string): string {
  const makes = program === 'pis5user' ? DEFAULT_OF_ORIGINAL : DEFAULT;
  return `Usage: ${program} [OPTION]... NAME

Asks for a password twice and prints the lines for user NAME of a password file,
or writes them to one. An empty NAME makes the server's own secret, for clients
that ask the server to authenticate itself (CHAP).

  -f, --file FILE       write to FILE: in the place of NAME's lines, if it has any
  -D, --delete          remove NAME's lines from FILE, without asking anything
  -m, --method METHODS  for which methods, with commas between: basic (a hash),
                        chap (the password itself, in Base64) [${makes}]
  -g, --group GROUP     the user's group; in FILE it stays as it is if left out
  -l, --list            list the methods and exit
  -h, --help            print this help and exit
`;
}

/**
 * The command `picosocks5 user`, the original's `pis5user`.
 *
 * @param argv without the names of the program and the command.
 * @param program as it was called, for messages and the default of --method.
 */
export async function userCommand(
  argv: readonly string[],
  program: 'picosocks5 user' | 'pis5user' = 'picosocks5 user',
): Promise<void> {
  try {
    process.stdout.write(await run(argv, program));
  } catch (error) {
    complain(program, error);
  }
}

/** @returns what is to be printed. */
async function run(argv: readonly string[], program: string): Promise<string> {
  const { values, positionals } = parseUserArgs(argv);
  if (values.help) return usage(program);
  if (values.list) return `${Object.keys(methods).join('\n')}\n`;
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) {
    throw new UserError('expected one user name; --help says more');
  }
  const { file, group } = values;
  checkName('user name', name);
  if (values.delete) {
    if (file === undefined) throw new UserError('--delete needs --file FILE');
    if (group !== undefined || values.method !== undefined) {
      throw new UserError('--delete takes neither --group nor --method');
    }
    await remove(file, name);
    return '';
  }
  checkName('group', group ?? '');
  const chosen = chosenMethods(values.method, program);
  const say = (message: string) => process.stderr.write(`${program}: ${message}\n`);
  say(`${file === undefined ? 'makes' : 'stores'} ${chosen.map((each) => each.stored).join('; ')}`);
  if (program === 'pis5user' && values.method === undefined) {
    say('makes both, as the original does; -m basic makes the hash alone');
  }
  const whose = name === '' ? 'the server itself' : name;
  const password = await askPassword(`Password for ${whose}`);
  const secrets = secretsOf(password, chosen);
  if (!isUtf8(password)) {
    say('the password is not UTF-8: only clients that send the same octets get in');
  }
  password.fill(0);
  const linesFor = ({ group: before, account }: Partial<UserBefore> = {}) =>
    secrets.map((secret) => formatPasswordLine(name, group ?? before ?? '', secret, account));
  if (file !== undefined) {
    say(await store(file, name, linesFor));
    return '';
  }
  await warnOfEarlier(name, say);
  return linesFor()
    .map((line) => `${line}\n`)
    .join('');
}

function parseUserArgs(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        file: { type: 'string', short: 'f' },
        delete: { type: 'boolean', short: 'D' },
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

/** Node replaces what is no UTF-8 in arguments: a name that has lost something is none. */
function checkName(what: string, name: string): void {
  if (name.includes('\ufffd')) throw new UserError(`the ${what} is not UTF-8`);
  checkField(what, name);
}

/** The hash comes first, whatever the order: behind a plain secret it would never count. */
function chosenMethods(option: string | undefined, program: string): Method[] {
  const ids = option ?? (program === 'pis5user' ? DEFAULT_OF_ORIGINAL : DEFAULT);
  const wanted = new Set(ids.split(','));
  for (const id of wanted) {
    if (Object.hasOwn(methods, id)) continue;
    const known = Object.keys(methods).join(', ');
    throw new UserError(`--method: expected some of ${known}, not "${id}"`);
  }
  return Object.entries(methods).flatMap(([id, method]) => (wanted.has(id) ? [method] : []));
}

function secretsOf(password: Uint8Array, chosen: readonly Method[]): string[] {
  try {
    return chosen.map(({ make }) => make(password));
  } catch (error) {
    throw error instanceof RangeError ? new UserError(error.message) : error;
  }
}

/** @returns what was done, for the person who did it. */
async function store(
  file: string,
  name: string,
  linesFor: (before: UserBefore) => string[],
): Promise<string> {
  let replaced = 0;
  const isNew = await changeFile(file, (octets = Buffer.alloc(0)) => {
    const edited = replaceUser(octets, file, name, linesFor);
    replaced = edited.before;
    return edited.octets;
  });
  const exposed =
    process.platform === 'win32' ? undefined : exposure('password file', file, statSync(file));
  const whose = name === '' ? "the server's own secret" : `user ${name}`;
  const done = replaced > 0 ? 'replaced' : 'added';
  return (
    `${whose} ${done} in ${isNew ? 'the new file ' : ''}${file}; a running server takes it on ` +
    `SIGHUP${exposed === undefined ? '' : `; warning: ${exposed}`}`
  );
}

async function remove(file: string, name: string): Promise<void> {
  await changeFile(file, (octets) => {
    const edited = octets && replaceUser(octets, file, name, () => []);
    if (edited === undefined) throw new UserError(`there is no file "${file}"`);
    if (edited.before === 0) throw new UserError(`there is no user "${name}" in "${file}"`);
    return edited.octets;
  });
}

/** Says so if lines are appended to a file where the user's earlier ones go on counting. */
async function warnOfEarlier(name: string, say: (message: string) => void): Promise<void> {
  try {
    if (!fstatSync(1).isFile()) return;
    const file = readlinkSync('/proc/self/fd/1');
    const earlier = (await readPasswordFile(file)).find(({ user }) => user === name);
    if (earlier === undefined) return;
    say(
      `warning: line ${earlier.line} of ${file} has a secret of this user already, which goes on ` +
        `counting; -f ${file} would replace it`,
    );
  } catch {
    // What is printed to, if it is a file at all, cannot be told or is no password file.
  }
}
