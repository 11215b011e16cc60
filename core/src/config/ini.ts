import { UserError } from '../base/errors.js';

/** A parameter of an INI file, and where it stands. */
export interface IniParameter {
  /** undefined before the first section header. */
  readonly section: string | undefined;
  readonly name: string;
  readonly value: string;
  /** Counts from 1. */
  readonly line: number;
}

/**
 * Reads an INI file as the original daemon did: `NAME = VALUE` lines and `[SECTION]` headers.
 * White space around names and values does not count, nothing is quoted or escaped; empty lines,
 * and lines that start with `#` or `;`, are skipped.
 *
 * @param file the file's name, for messages.
 * @param onSection told of each section header: a section may be empty.
 * @throws {UserError} naming the line that is wrong.
 */
export function* parseIni(
  text: string,
  file: string,
  onSection?: (section: string, line: number) => void,
): Generator<IniParameter> {
  let section: string | undefined;
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const content = raw.trim();
    const line = i + 1;
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    if (content.startsWith('[')) {
      section = /^\[(.+)\]$/.exec(content)?.[1]?.trim();
      if (!section) {
        throw new UserError(`${file}:${line}: expected a section header such as [group]`);
      }
      onSection?.(section, line);
      continue;
    }
    const equals = content.indexOf('=');
    if (equals < 1) throw new UserError(`${file}:${line}: expected NAME = VALUE`);
    const name = content.slice(0, equals).trim();
    yield { section, name, value: content.slice(equals + 1).trim(), line };
  }
}
