import { text } from '../words/words.js';
import { COMMANDS, type CommandId } from './commands.js';

/**
 * Keys of commands that the user has changed, as the setting `keys` has them: `COMMAND=KEY`, or
 * `global COMMAND=KEY` for one that works wherever the user is. Without a key behind `=` the command
 * has none. A key is written as `Ctrl+Shift+Alt+P`; Ctrl is Cmd on macOS.
 */
export interface Binding {
  /** The command; those of extensions as `extension:ID`. */
  readonly id: string;
  readonly isGlobal: boolean;
  /** Empty: the command has none. */
  readonly key: string;
}

/** What can have a key that works wherever the user is: none of them has one at first. */
export const GLOBAL_COMMANDS = [
  ...(['server.toggle', 'app.open'] as const),
] as const satisfies readonly CommandId[];

const ENTRY = /^(global )?([\w.:@/-]+)=(.*)$/;
const KEY =
  /^(Ctrl\+)?(Shift\+)?(Alt\+)?(F([1-9]|1\d|2[0-4])|Arrow(Up|Down|Left|Right)|Home|End|PageUp|PageDown|Insert|Delete|Backspace|Enter|Space|Tab|Escape|[^\s\p{Cc}])$/u;

/** Keys that fields and the window's own menu need (macOS: with Cmd). */
const RESERVED: ReadonlySet<string> = new Set(
  ['A', 'C', 'V', 'X', 'Y', 'Z', 'Shift+Z', '0', '=', '+', '-', 'Tab', 'Backspace'].map(
    (key) => `Ctrl+${key}`,
  ),
);

/** An entry of the setting; undefined if it is none. */
export function parseBinding(entry: string): Binding | undefined {
  const [, scope, id, key] = ENTRY.exec(entry) ?? [];
  if (id === undefined || key === undefined) return undefined;
  return { id, isGlobal: scope !== undefined, key };
}

function formatBinding({ id, isGlobal, key }: Binding): string {
  return `${isGlobal ? 'global ' : ''}${id}=${key}`;
}

/** Why a key cannot be one of a command: what would take a typed letter is none. */
export function keyFault(key: string): 'form' | 'modifier' | 'reserved' | undefined {
  const parts = KEY.exec(key);
  if (parts === null) return 'form';
  const [, control, , alt, name = ''] = parts;
  if (control === undefined && alt === undefined && !/^F\d/.test(name)) return 'modifier';
  return RESERVED.has(key) ? 'reserved' : undefined;
}

/**
 * What is wrong with an entry of the setting, in a few words; undefined if nothing is.
 */
export function bindingFault(entry: string): string | undefined {
  const binding = parseBinding(entry);
  if (binding === undefined) return text('keys.noEntry', { entry });
  const { id, isGlobal, key } = binding;
  const isKnown = COMMANDS.some((command) => command.id === id) || id.startsWith('extension:');
  if (!isKnown) return text('keys.noCommand', { entry, id });
  if (isGlobal && !GLOBAL_COMMANDS.some((command) => command === id)) {
    const [first, second] = GLOBAL_COMMANDS;
    return text('keys.notGlobal', { entry, first, second });
  }
  switch (key === '' ? undefined : keyFault(key)) {
    case 'form':
      return text('keys.noKey', { entry });
    case 'modifier':
      return text('keys.noModifier', { entry });
    case 'reserved':
      return text('keys.isReserved', { entry });
    case undefined:
      return undefined;
  }
}

let lastEntries: readonly string[] = [];
let lastBindings: readonly Binding[] = [];

function bindingsOf(entries: readonly string[]): readonly Binding[] {
  if (entries !== lastEntries) {
    lastEntries = entries;
    lastBindings = entries.flatMap((entry) => parseBinding(entry) ?? []);
  }
  return lastBindings;
}

/** The key of a command. @param initial the one that it comes with. */
export function keyOf(
  id: string,
  initial: string | undefined,
  entries: readonly string[],
): string | undefined {
  const own = bindingsOf(entries).find((binding) => !binding.isGlobal && binding.id === id);
  return own === undefined ? initial : own.key || undefined;
}

/** The key of a command that works wherever the user is. */
export function globalKeyOf(id: string, entries: readonly string[]): string | undefined {
  const own = bindingsOf(entries).find((binding) => binding.isGlobal && binding.id === id);
  return own?.key || undefined;
}

/**
 * The setting with another key of a command.
 *
 * @param key undefined: the one that the command comes with.
 */
export function withKey(
  entries: readonly string[],
  { id, isGlobal }: Pick<Binding, 'id' | 'isGlobal'>,
  key: string | undefined,
): string[] {
  const others = entries.filter((entry) => {
    const binding = parseBinding(entry);
    return binding?.id !== id || binding.isGlobal !== isGlobal;
  });
  return key === undefined ? others : [...others, formatBinding({ id, isGlobal, key })];
}
