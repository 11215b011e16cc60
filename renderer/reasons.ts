import { words } from './format.js';

/** What the short names of reasons do not say to who has not read the RFC. */
const WORDS: Readonly<Record<string, string | undefined>> = {
  'client-reset': 'the program broke the connection off',
  'remote-reset': 'the destination broke the connection off',
  'client-left': 'the program left before it was served',
  'idle-timeout': 'nothing moved for too long',
  'handshake-timeout': 'the program did not say in time what it wants',
  'protocol-error': 'what came is not SOCKS',
  'no-acceptable-method': 'no way to log in that both know',
  'authentication-failed': 'login failed',
  'quota-exceeded': 'the allowance is used up',
  unsupported: 'not supported',
  shutdown: 'the server stopped',
};

const SET_SOCKS5 = 'set this program to SOCKS5';

/** What a first octet that is not SOCKS gives away. */
function speaks(octet: number): string {
  if (octet === 0x16) return `a TLS connection came: ${SET_SOCKS5}, not to an HTTPS proxy`;
  if (octet === 0x53) return 'an SSH client came: let it connect through a SOCKS5 ProxyCommand';
  const isLetter = octet >= 0x41 && octet <= 0x5a;
  return isLetter ? `an HTTP request came: ${SET_SOCKS5}` : `what came is not SOCKS: ${SET_SOCKS5}`;
}

/** What a client's list of methods (RFC 1928 section 3) comes to. */
function offers(detail: string): string | undefined {
  if (/^SOCKS 4/.test(detail)) return `SOCKS 4 cannot log in: ${SET_SOCKS5}`;
  const [, list] = /^the client offers (.*)$/.exec(detail) ?? [];
  if (list === undefined) return undefined;
  const methods = list.split(' ');
  if (methods.includes('0x02')) return 'this program insists on a password, and there are no users';
  return methods.includes('0x00')
    ? 'this program does not log in: give it a user name and password'
    : `this program logs in only in ways that are not offered here (${list})`;
}

/** What a detail means for who uses the program, where it has words of its own. */
function advice(reason: string, detail: string): string | undefined {
  if (reason === 'protocol-error') {
    const [, octet] = /first octet is (0x[0-9a-f]+|\d+)/i.exec(detail) ?? [];
    return octet === undefined ? undefined : speaks(Number(octet));
  }
  if (reason === 'no-acceptable-method') return offers(detail);
  const isOff = reason === 'unsupported' && /switched off/.test(detail);
  return isOff ? `${detail}: ${SET_SOCKS5}` : undefined;
}

/** A detail of a reason, in words that say what to do where something can be done. */
export function explainDetail(reason: string, detail: string): string {
  return advice(reason, detail) ?? detail;
}

/** Why a connection ended or was refused, in such words. */
export function explain(reason: string, detail: string): string {
  const sentence = advice(reason, detail);
  return sentence ?? [WORDS[reason] ?? words(reason), detail].filter(Boolean).join(': ');
}
