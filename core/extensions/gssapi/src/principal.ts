/** A client's name, as Kerberos has it. */
export interface Principal {
  /** Whole, such as `alice@EXAMPLE.ORG`. */
  readonly name: string;
  /** Without the realm. */
  readonly local: string;
  readonly realm: string;
}

/** Octets of a user's name at most, as in RFC 1929. */
const MAX_NAME = 255;

/** Reads a principal, in whose parts a backslash takes a character's meaning from it (RFC 1964 2.1.1). */
export function parsePrincipal(name: string): Principal {
  let at = name.length;
  for (let i = 0; i < name.length; i++) {
    if (name[i] === '\\') i++;
    else if (name[i] === '@') at = i;
  }
  return { name, local: name.slice(0, at), realm: name.slice(at + 1) };
}

/** Why somebody is not let in who has proved who he is. */
export interface NotLetIn {
  readonly failure: string;
}

/**
 * Whose names count as users.
 *
 * @param realms of those who are let in: `EXAMPLE.ORG` is left out of the name, `@EXAMPLE.ORG` is not;
 *   all are let in if there are none.
 */
export function userOf(principal: Principal, realms: readonly string[]): string | NotLetIn {
  const { name, local, realm } = principal;
  const isStripped = realms.includes(realm);
  if (realms.length > 0 && !isStripped && !realms.includes(`@${realm}`)) {
    return { failure: `the realm ${realm} is none of gssapi.realms` };
  }
  const user = isStripped ? local : name;
  const length = Buffer.byteLength(user);
  if (length >= 1 && length <= MAX_NAME) return user;
  return { failure: `the principal's name has ${length} octets; expected 1 to ${MAX_NAME}` };
}
