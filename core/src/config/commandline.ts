import { parseArgs } from 'node:util';
import { UserError } from '../base/errors.js';
import { didYouMean } from '../base/guess.js';
import type { Option } from './option.js';
import { OPTIONS } from './optionlist.js';

/** One thing on the command line, in the order in which it stands there. */
export type Argument =
  | { readonly kind: 'help' | 'version' | 'fork' | 'extensions' }
  /** `--config FILE`. */
  | { readonly kind: 'config'; readonly file: string }
  /** `--set KEY=VALUE`, of an extension. */
  | { readonly kind: 'set'; readonly pair: string }
  /** An option of one command only. */
  | { readonly kind: 'own'; readonly name: string; readonly value: string }
  /** An option with its value; an address to listen at is the option `listen`. */
  | {
      readonly kind: 'option';
      readonly option: Option;
      /** As it was written, for messages. */
      readonly name: string;
      readonly value: string;
    };

const listen = OPTIONS.find(({ key }) => key === 'listen') as Option;
const named = OPTIONS.filter((option) => option !== listen);
const optionsByName = new Map(named.map((option) => [option.name, option]));

/** Whether an option is on by default, and has a form `--no-NAME`. */
export function isNegatable(option: Option): boolean {
  return option.default === true;
}

/** What has no counterpart among the options of the server. */
const special = {
  config: { type: 'string', short: 'c', multiple: true },
  extensions: { type: 'boolean' },
  fork: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  set: { type: 'string', multiple: true },
  version: { type: 'boolean', short: 'V' },
} as const;

/** Options that are on unless they are switched off: `--no-NAME`. */
const negated = new Map<string, Option>(
  named.filter(isNegatable).map((option) => [`no-${option.name}`, option]),
);

const parseOptions = {
  ...special,
  ...Object.fromEntries([...negated.keys()].map((name) => [name, { type: 'boolean' as const }])),
  ...Object.fromEntries(
    named.map(({ name, short, schema }) => [
      name,
      {
        type: schema.type === 'boolean' ? ('boolean' as const) : ('string' as const),
        multiple: true,
        ...(short === undefined ? {} : { short }),
      },
    ]),
  ),
};

/**
 * Reads the command line.
 *
 * @param argv without the program's name.
 * @param own names of options, each with a value, that only this command has.
 * @throws {UserError} for an unknown option, a missing value, or one that does not belong.
 */
export function parseCommandLine(argv: readonly string[], own: readonly string[] = []): Argument[] {
  const ownOptions = own.map((name) => [name, { type: 'string' as const }]);
  const all = { ...parseOptions, ...Object.fromEntries(ownOptions) };
  const { tokens } = parseArgs({
    args: [...argv],
    options: all,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.flatMap((token): Argument[] => {
    if (token.kind === 'option-terminator') return [];
    if (token.kind === 'positional') {
      return [{ kind: 'option', option: listen, name: 'listen address', value: token.value }];
    }
    const { name, rawName, value } = token;
    const switchedOff = negated.get(name);
    const option = switchedOff ?? optionsByName.get(name);
    const isOwn = own.includes(name);
    if (option === undefined && !isOwn && !Object.hasOwn(special, name)) {
      const known = Object.keys(all);
      const hint = rawName.startsWith('--') ? didYouMean(name, known, (text) => `--${text}`) : '';
      throw new UserError(`unknown option ${rawName}${hint || '; --help lists them'}`);
    }
    const takesValue = isOwn || name === 'config' || name === 'set';
    const flag = option === undefined ? !takesValue : option.schema.type === 'boolean';
    if (flag && value !== undefined) throw new UserError(`${rawName} takes no value`);
    if (!flag && value === undefined) throw new UserError(`${rawName} needs a value`);
    if (option !== undefined)
      return [
        { kind: 'option', option, name: rawName, value: value ?? (switchedOff ? 'no' : 'yes') },
      ];
    if (isOwn) return [{ kind: 'own', name, value: value ?? '' }];
    if (name === 'config') return [{ kind: 'config', file: value ?? '' }];
    if (name === 'set') return [{ kind: 'set', pair: value ?? '' }];
    return [{ kind: name as 'help' | 'version' | 'fork' | 'extensions' }];
  });
}
