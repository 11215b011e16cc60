import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf, UserError } from '../../base/errors.js';
import { didYouMean } from '../../base/guess.js';
import { loadSettings } from '../../config/load.js';
import { ControlClient } from '../../control/client.js';

/** Where a server that is run as a service can be asked, unless it is said. */
export const SERVICE_PLACE = 'unix:/run/picosocks5/control.sock';

/** What stands on the command line of a command. */
export interface Given {
  readonly words: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
}

/** A command that asks a server, or tells it something. */
export interface ControlCommand {
  /** What follows its name in the usage. */
  readonly usage: string;
  readonly help: string;
  /** Its options beyond those that all have. */
  readonly options?: NonNullable<ParseArgsConfig['options']>;
  run(client: ControlClient, given: Given): Promise<void>;
}

const common = {
  control: { type: 'string' },
  'control-token': { type: 'string' },
  'tls-cert': { type: 'string' },
  config: { type: 'string', short: 'c', multiple: true },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What the usage says of the options that all commands have. */
export const COMMON_HELP = `      --control PLACE   where the server is asked: unix:PATH, 127.0.0.1:PORT or
                        tls:HOST:PORT
      --control-token FILE
                        what has to be known at a TCP port
      --tls-cert FILE   the certificate that it shows, where no authority that
                        is trusted vouches for it
  -c, --config FILE     the server's own file, which says all three
                        Without them PICOSOCKS5_CONTROL and
                        PICOSOCKS5_CONTROL_TOKEN of the environment say it, or
                        else it is ${SERVICE_PLACE}
`;

/**
 * Reads the command line of a command.
 *
 * @throws {UserError} for what it does not know.
 */
export function parseGiven(argv: readonly string[], { options = {} }: ControlCommand): Given {
  const all = { ...common, ...options };
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: all,
      allowPositionals: true,
    });
    return { words: positionals, flags: values as Given['flags'] };
  } catch (error) {
    const [, name] = /^Unknown option '([^']+)'/.exec(messageOf(error)) ?? [];
    if (name !== undefined) {
      const hint = didYouMean(name.replace(/^-+/, ''), Object.keys(all), (text) => `--${text}`);
      throw new UserError(`unknown option ${name}${hint || '; --help lists them'}`);
    }
    const [first = ''] = messageOf(error).split(/[.\n]/);
    throw new UserError(first.replace(/^Option '([^']+)'/, '$1'));
  }
}

/**
 * Finds the server that is meant.
 *
 * @throws {UserError} if what says so cannot be read, or makes no sense.
 */
export async function clientOf({ flags }: Given): Promise<ControlClient> {
  const files = (flags['config'] ?? []) as unknown as readonly string[];
  const { control, controlToken, tlsCert } = await loadSettings(
    files.map((file) => ({ kind: 'config', file })),
  );
  const { PICOSOCKS5_CONTROL, PICOSOCKS5_CONTROL_TOKEN } = process.env;
  const text = (name: string) => flags[name] as string | undefined;
  if (files.length > 0 && control === undefined && text('control') === undefined) {
    throw new UserError(`${files.join(', ')}: there is no "control = ..." that says where to ask`);
  }
  const place = text('control') ?? control ?? (PICOSOCKS5_CONTROL || SERVICE_PLACE);
  const token = text('control-token') ?? controlToken ?? (PICOSOCKS5_CONTROL_TOKEN || undefined);
  return new ControlClient(place, token, text('tls-cert') ?? tlsCert);
}

/** @throws {UserError} if something stands behind a command that takes options only. */
export function demandNoWords({ words }: Given): void {
  if (words.length > 0) throw new UserError('expected no argument; --help says more');
}

/** Words of the form NAME=VALUE. @throws {UserError} for another one, or an unknown NAME. */
export function pairsOf(
  words: readonly string[],
  names: readonly string[],
): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = {};
  for (const word of words) {
    const [, name = '', value = ''] = /^([a-z]+)=(.*)$/s.exec(word) ?? [];
    if (!names.includes(name) || value === '') {
      throw new UserError(`"${word}": expected ${names.map((one) => `${one}=...`).join(', ')}`);
    }
    if (pairs[name] !== undefined) throw new UserError(`"${word}": ${name} stands there twice`);
    pairs[name] = value;
  }
  return pairs;
}

/** Writes to stdout; whoever has closed it wants no more. */
export function print(text: string): boolean {
  return process.stdout.write(text);
}

export function printJson(value: unknown): void {
  print(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** A whole number of an option. @throws {UserError} */
export function numberOf(given: Given, name: string, usual: number, most: number): number {
  const text = given.flags[name];
  if (text === undefined) return usual;
  const number = /^\d{1,15}$/.test(String(text)) ? Number(text) : Number.NaN;
  if (!(number <= most)) {
    throw new UserError(`--${name}: expected a number from 0 to ${most}, not "${text}"`);
  }
  return number;
}
