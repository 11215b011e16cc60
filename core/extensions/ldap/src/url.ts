import { UserError } from 'picosocks5';
import { plainFilter } from './escape.js';

/** What an LDAP URL says (RFC 4516), as far as it is about users. */
export interface DirectoryUrl {
  /** `ldap://HOST[:PORT]`, or `ldaps`. */
  readonly server: string;
  /** Where users are searched for. */
  readonly base: string;
  /** The attribute that has the user's name. */
  readonly attribute: string;
  readonly scope: 'base' | 'one' | 'sub';
  /** What users fit besides. */
  readonly filter: string;
}

const URL_SHAPE =
  /^(ldaps?):\/\/([^/?#@\s]*)(?:\/([^?#]*))?(?:\?([^?#]*))?(?:\?([^?#]*))?(?:\?([^?#]*))?(?:\?([^#]*))?$/i;
const ATTRIBUTE = /^[A-Za-z][A-Za-z0-9;.-]*$/;

/**
 * Reads what stands behind `ldap:` in `--auth`.
 *
 * @throws {UserError} saying what is wrong, and what would be right.
 */
export function parseDirectoryUrl(text: string): DirectoryUrl {
  // --auth ldap://HOST/... means the same as --auth ldap:ldap://HOST/...
  const whole = text.startsWith('//') ? `ldap:${text}` : text;
  const fail = (problem: string): never => {
    throw new UserError(
      `"ldap:${text}": ${problem}; expected ldap[s]://HOST[:PORT]/BASE[?ATTRIBUTE[?SCOPE[?FILTER]]]`,
    );
  };
  const match = URL_SHAPE.exec(whole);
  if (match === null) return fail('it is no LDAP URL');
  const [, scheme = '', authority = '', ...parts] = match;
  const [base, attributes, scope, filter, extensions] = parts.map((part) => decode(part, fail));
  if (authority === '') return fail('it names no host');
  const server = `${scheme.toLowerCase()}://${authority}`;
  if (!URL.canParse(server)) return fail(`"${authority}" is no host and port`);
  const attribute = attributes || 'uid';
  if (!ATTRIBUTE.test(attribute)) return fail(`"${attribute}" is not one attribute`);
  const depth = (scope || 'sub').toLowerCase();
  if (depth !== 'base' && depth !== 'one' && depth !== 'sub') {
    return fail(`the scope "${scope}" is not base, one or sub`);
  }
  if (filter && !/^\(.*\)$/s.test(filter)) return fail('the filter is not in parentheses');
  const critical = extensions?.split(',').find((one) => one.startsWith('!'));
  if (critical !== undefined) return fail(`the extension "${critical}" is not known`);
  return {
    server,
    base: base ?? '',
    attribute,
    scope: depth,
    filter: plainFilter(filter || '(objectClass=*)'),
  };
}

function decode(part: string | undefined, fail: (problem: string) => never): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    return fail(`"${part}" has a % that no two hexadecimal digits follow`);
  }
}
