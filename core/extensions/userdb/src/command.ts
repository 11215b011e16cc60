import { existsSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  type Account,
  checkField,
  formatAccount,
  formatExpiry,
  makeHash,
  messageOf,
  monotonic,
  parseAccount,
  parsePasswordFile,
  plainSecret,
  type SubcommandTools,
  secretsOf,
  UserError,
} from 'picosocks5';
import { kindOf, UserDatabase } from './database.js';
import { linesOf, storedOf, type UserLine } from './format.js';
import { importUsers } from './import.js';

const usage = `Usage: picosocks5 userdb FILE COMMAND

Makes, changes and shows the database of users in FILE, for --auth userdb:FILE.
Servers that have it open know of a change at once.

  import PASSWORDFILE   add all users of a password file, in the place of those
                        of the same names; FILE is made if it is not there
  export                print all users, as lines of a password file
  add NAME              ask for a password, and add or replace the user:
      -g, --group GROUP     the user's group; if left out it stays as it is
      -m, --method METHODS  basic (a hash), chap (the password itself) [basic]
      -A, --account ACCOUNT such as expires=2027-01-31,devices=2, as in a password
                            file; if left out it stays as it is
  remove NAME           remove the user
  disable NAME          let the user not log in any more
  enable NAME           let the user log in again
  show NAME             print what is known of the user, without secrets
  count                 print how many users there are
`;

/** Users that are printed before it waits until they are taken. */
const PRINT = 1000;

/** The command `picosocks5 userdb`. */
export async function run(args: readonly string[], tools: SubcommandTools): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    await tools.print(usage);
    return;
  }
  const [file, command, name, ...rest] = positionals;
  if (file === undefined || command === undefined || !Object.hasOwn(commands, command)) {
    const expected = `expected FILE and one of ${Object.keys(commands).join(', ')}`;
    throw new UserError(
      `${expected}${command === undefined ? '' : `, not "${command}"`}; --help says more`,
    );
  }
  const { takes, mode, act } = commands[command] as Command;
  if (rest.length > 0 || (takes === undefined) !== (name === undefined)) {
    const what = takes === undefined ? 'nothing' : takes;
    throw new UserError(`${command}: expected ${what} behind it; --help says more`);
  }
  if (command !== 'add' && Object.keys(values).length > 0) {
    throw new UserError(`--${Object.keys(values)[0]} goes with add only`);
  }
  if (takes === 'NAME') checkField('user name', name ?? '');
  const isNew = !existsSync(file);
  const database = await UserDatabase.open(file, mode);
  let isLeftEmpty = false;
  try {
    await act(database, name ?? '', values, tools);
  } catch (error) {
    isLeftEmpty = isNew && database.count === 0;
    throw error;
  } finally {
    await database.close();
    if (isLeftEmpty) for (const each of [file, `${file}-lock`]) rmSync(each, { force: true });
  }
}

interface Values {
  readonly group?: string;
  readonly method?: string;
  readonly account?: string;
  readonly help?: boolean;
}

interface Command {
  readonly takes: 'NAME' | 'PASSWORDFILE' | undefined;
  readonly mode: 'read' | 'change' | 'create';
  act(
    database: UserDatabase,
    name: string,
    values: Values,
    tools: SubcommandTools,
  ): Promise<void> | void;
}

const commands: Readonly<Record<string, Command>> = {
  import: { takes: 'PASSWORDFILE', mode: 'create', act: importFile },
  export: { takes: undefined, mode: 'read', act: exportAll },
  add: { takes: 'NAME', mode: 'create', act: add },
  remove: { takes: 'NAME', mode: 'change', act: remove },
  disable: {
    takes: 'NAME',
    mode: 'change',
    act: (database, name) => setDisabled(database, name, true),
  },
  enable: {
    takes: 'NAME',
    mode: 'change',
    act: (database, name) => setDisabled(database, name, false),
  },
  show: { takes: 'NAME', mode: 'read', act: show },
  count: {
    takes: undefined,
    mode: 'read',
    act: async ({ count: users }, _name, _values, { print }) => void (await print(`${users}\n`)),
  },
};

function parse(args: readonly string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        group: { type: 'string', short: 'g' },
        method: { type: 'string', short: 'm' },
        account: { type: 'string', short: 'A' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UserError(`${messageOf(error)}; --help lists the options`);
  }
}

async function importFile(database: UserDatabase, file: string): Promise<void> {
  const began = monotonic();
  const { isTTY } = process.stderr;
  let told = began;
  const line = (text: string) => (isTTY ? `\r${text}\u001b[K` : `${text}\n`);
  const users = await importUsers(database, file, (stage, done, all) => {
    const now = monotonic();
    if (now - told < (isTTY ? 100 : 1000)) return;
    told = now;
    const of = all === undefined ? '' : ` of ${count(all)}`;
    const rate = count(Math.round(done / Math.max(0.001, (now - began) / 1000)));
    const what = stage === 'check' ? 'lines read' : 'users imported';
    process.stderr.write(line(`${count(done)}${of} ${what}, ${rate} a second`));
  });
  const seconds = (monotonic() - began) / 1000;
  const rate = count(Math.round(users / Math.max(0.001, seconds)));
  const done = `${count(users)} users imported in ${seconds.toFixed(1)} s, ${rate} a second`;
  process.stderr.write(isTTY ? `${line(done)}\n` : `${done}\n`);
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

async function exportAll(
  database: UserDatabase,
  _name: string,
  _values: Values,
  { print }: SubcommandTools,
): Promise<void> {
  let lines: string[] = [];
  for (const { user, value } of database.all()) {
    for (const line of value.split('\n')) lines.push(`${user}:${line}\n`);
    if (lines.length < PRINT) continue;
    if (!(await print(lines.join('')))) return;
    lines = [];
  }
  await print(lines.join(''));
}

async function add(
  database: UserDatabase,
  name: string,
  { group, method = 'basic', account }: Values,
  { askPassword }: SubcommandTools,
): Promise<void> {
  checkField('group', group ?? '');
  const methods = new Set(method.split(','));
  for (const one of methods) {
    if (one !== 'basic' && one !== 'chap') {
      throw new UserError(`--method: expected some of basic, chap, not "${one}"`);
    }
  }
  const given = account === undefined ? undefined : formatAccount(accountIn(account));
  const password = await askPassword(`Password for ${name === '' ? 'the server itself' : name}`);
  const secrets: string[] = [];
  try {
    if (methods.has('basic')) secrets.push(makeHash(password));
  } catch (error) {
    throw new UserError(messageOf(error));
  }
  if (methods.has('chap')) secrets.push(plainSecret(password));
  password.fill(0);
  const isNew = database.change(() => {
    const stored = database.find(name);
    const before = stored === undefined ? [] : linesOf(stored);
    const kept = {
      group: group ?? before[0]?.group ?? '',
      account: given ?? formatAccount(accountOf(name, stored)),
    };
    database.put(
      name,
      secrets.map((secret) => ({ ...kept, secret })),
    );
    return stored === undefined;
  });
  process.stderr.write(`user ${name} ${isNew ? 'added' : 'replaced'}\n`);
}

function accountIn(text: string): Account {
  try {
    return parseAccount(text);
  } catch (error) {
    throw new UserError(`--account: ${messageOf(error).replace(/^the fourth field: /, '')}`);
  }
}

/** What all lines of a user say together. */
function accountOf(name: string, stored: string | undefined): Account {
  if (stored === undefined) return {};
  const text = linesOf(stored)
    .map((line) => `user:${storedOf([line])}`)
    .join('\n');
  return secretsOf(parsePasswordFile(text, name))[0]?.account ?? {};
}

function remove(database: UserDatabase, name: string): void {
  if (!database.remove(name)) throw unknown(database, name);
}

function setDisabled(database: UserDatabase, name: string, disabled: boolean): void {
  database.change(() => {
    const stored = database.find(name);
    if (stored === undefined) throw unknown(database, name);
    const { disabled: _, ...others } = accountOf(name, stored);
    const account = formatAccount(disabled ? { ...others, disabled } : others);
    const lines = linesOf(stored).map((line): UserLine => ({ ...line, account }));
    database.put(name, lines);
  });
}

async function show(
  database: UserDatabase,
  name: string,
  _values: Values,
  { print }: SubcommandTools,
): Promise<void> {
  const stored = database.find(name);
  if (stored === undefined) throw unknown(database, name);
  const lines = linesOf(stored);
  const account = accountOf(name, stored);
  const { disabled, expires, ...limits } = account;
  const secrets = lines.map(({ secret }) =>
    kindOf(secret) === 'plain'
      ? 'the password itself'
      : `a ${secret.slice(0, secret.indexOf('$', 1) + 1)} hash`,
  );
  const rows = [
    ['user', name],
    ['group', lines[0]?.group ?? ''],
    ['secrets', secrets.join(', ')],
    ['disabled', disabled === true ? 'yes' : 'no'],
    ['expires', expires === undefined ? '' : formatExpiry(expires)],
    ['limits', formatAccount(limits)],
  ];
  await print(rows.map(([key, value]) => `${key}: ${value}\n`).join(''));
}

function unknown({ file }: UserDatabase, name: string): UserError {
  return new UserError(`there is no user "${name}" in "${file}"`);
}
