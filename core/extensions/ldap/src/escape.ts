import { Buffer } from 'node:buffer';

/**
 * A value as it stands in a filter, whatever is in it (RFC 4515 section 3). What is not ASCII stands
 * there as it is: ldapts takes each octet that is escaped for a character.
 */
export function escapeFilter(value: string): string {
  let escaped = '';
  for (const character of value) {
    const isPlain = /[A-Za-z0-9]/.test(character) || character > '\x7f';
    escaped += isPlain
      ? character
      : `\\${(character.codePointAt(0) as number).toString(16).padStart(2, '0')}`;
  }
  return escaped;
}

/** A filter in which what is not ASCII stands as it is, and is not escaped octet by octet. */
export function plainFilter(filter: string): string {
  return filter.replace(/(?:\\[89a-fA-F][0-9a-fA-F])+/g, (escaped) =>
    Buffer.from(escaped.replaceAll('\\', ''), 'hex').toString(),
  );
}

/** A value as it stands in a DN, whatever is in it (RFC 4514 section 2.4). */
export function escapeDn(value: string): string {
  return value
    .replace(/[\\"+,;<>=]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}

/** The value of the first attribute of a DN; a text that is no DN as it is. */
export function firstValue(dn: string): string {
  const match = /^\s*[A-Za-z0-9.-]+\s*=\s*((?:\\.|[^\\,+;])*)/s.exec(dn);
  if (match === null) return dn;
  const value = (match[1] as string).replace(/(?<!\\)\s+$/, '');
  if (!value.includes('\\')) return value;
  const octets: number[] = [];
  const source = Buffer.from(value);
  for (let i = 0; i < source.length; i++) {
    if (source[i] !== 0x5c) {
      octets.push(source[i] as number);
      continue;
    }
    const hex = source.toString('latin1', i + 1, i + 3);
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      octets.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      octets.push(source[i + 1] as number);
      i++;
    }
  }
  return Buffer.from(octets).toString();
}
