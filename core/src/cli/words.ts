import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { UserError } from '../base/errors.js';
import { guess } from '../base/guess.js';
import type { Argument } from '../config/commandline.js';
import { parseDescriptor } from '../listening/inherited.js';
import { parseIP } from '../protocol/ip.js';

/** Words that people try where a command stands, and what they want. */
const synonyms: Readonly<Record<string, string>> = {
  adduser: 'user',
  useradd: 'user',
  passwd: 'user',
  password: 'user',
  htpasswd: 'user',
  pis5user: 'user',
  user: 'user',
  check: 'check',
  configtest: 'check',
  test: 'check',
  verify: 'check',
  extension: 'extension',
  extensions: 'extension',
  plugin: 'extension',
  plugins: 'extension',
  install: 'extension install',
  ...Object.fromEntries(
    ['status', 'connections', 'disconnect', 'reload', 'lockouts', 'log', 'loglevel', 'usage'].map(
      (word) => [word, word],
    ),
  ),
  kick: 'disconnect',
  kill: 'disconnect',
  hup: 'reload',
  unlock: 'lockouts lift',
  logs: 'log',
  tail: 'log --follow',
  quota: 'usage',
  help: 'help',
  version: 'version',
};
/** Words for what it does without a command. */
const nothing = new Set(['daemon', 'listen', 'restart', 'serve', 'server', 'start']);

/** Commands that ask a running server. */
export const CONTROL_COMMANDS = [
  'status',
  'connections',
  'top',
  'disconnect',
  'reload',
  'lockouts',
  'log',
  'loglevel',
  'usage',
  'run',
] as const;

const commands = ['user', 'check', 'extension', ...CONTROL_COMMANDS];

/** Whether a word is a command that asks a running server. */
export function isControlCommand(word: string): boolean {
  return (CONTROL_COMMANDS as readonly string[]).includes(word);
}

async function isHost(word: string): Promise<boolean> {
  return lookup(word).then(
    () => true,
    () => false,
  );
}

/** What somebody may have meant by a word that is no address, as the end of a sentence. */
function meaning(word: string): string {
  const lower = word.toLowerCase();
  const meant = guess(lower, Object.keys(synonyms));
  if (nothing.has(lower)) return 'no command: "picosocks5" alone serves';
  if (meant !== undefined) return `no command; did you mean "picosocks5 ${synonyms[meant]}"?`;
  return 'neither an address to listen at nor a command (user, check, extension, status, ...); --help says more';
}

/**
 * Looks at the words that would be addresses to listen at.
 *
 * @throws {UserError} if one is no address but a command that is misspelt, or the name of a file:
 *   with a guess at what was meant.
 */
export async function demandAddresses(args: readonly Argument[]): Promise<void> {
  for (const [index, arg] of args.entries()) {
    if (arg.kind !== 'option' || arg.option.key !== 'listen') continue;
    const word = arg.value;
    // A path may have a colon, as each on Windows has.
    if (/[\\/]/.test(word) && existsSync(word)) throw aFile(word);
    if (parseDescriptor(word) !== undefined) continue;
    if (!/^[^\s:[\]*]+$/.test(word) || parseIP(word) !== undefined || /^\d+$/.test(word)) continue;
    if (word === 'localhost' || word === hostname()) continue;
    // Where a command stands, one that is nearly one is not looked up first.
    const isCommand = index === 0 && guess(word, commands) !== undefined;
    if (isCommand) {
      throw new UserError(`"${word}" is ${meaning(word)} A host of that name is ${word}:1080`);
    }
    if (await isHost(word)) continue;
    if (existsSync(word)) throw aFile(word);
    if (!word.includes('.')) throw new UserError(`"${word}" is ${meaning(word)}`);
  }
}

function aFile(name: string): UserError {
  return new UserError(
    `"${name}" is a file, not an address to listen at; did you mean --auth ${name} (users) ` +
      `or --config ${name}?`,
  );
}
