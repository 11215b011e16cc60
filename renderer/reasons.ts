import type { Diagnosis } from '../main/ipc/contract.js';
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
  'tls-failed': 'no encrypted connection came about',
  'quota-exceeded': 'the allowance is used up',
  unsupported: 'not supported',
  shutdown: 'the server stopped',
};

const SET_SOCKS5 = 'set this program to SOCKS5';
const HTTP_OFF = `an HTTP request came: ${SET_SOCKS5}`;

/** What a first octet that is not SOCKS gives away. */
function speaks(octet: number): string {
  if (octet === 0x16) return `a TLS connection came: ${SET_SOCKS5}, not to an HTTPS proxy`;
  if (octet === 0x53) return 'an SSH client came: let it connect through a SOCKS5 ProxyCommand';
  const isLetter = octet >= 0x41 && octet <= 0x5a;
  return isLetter ? HTTP_OFF : `what came is not SOCKS: ${SET_SOCKS5}`;
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}

/** What the methods come to that a client offers (RFC 1928 section 3). */
function offers(methods: readonly number[]): string {
  if (methods.includes(2)) return 'this program insists on a password, and there are no users';
  if (methods.includes(0)) return 'this program does not log in: give it a user name and password';
  const list = methods.map(hex).join(' ') || 'none';
  return `this program logs in only in ways that are not offered here (${list})`;
}

/** What a client got wrong, for who uses the program. */
function advice(diagnosis: Diagnosis): string {
  switch (diagnosis.code) {
    case 'not-socks':
      return speaks(diagnosis.octet);
    case 'not-tls':
      return 'what came is not encrypted: set this program to use TLS, as an HTTPS proxy has it';
    case 'no-common-method':
      return offers(diagnosis.offered);
    case 'socks4-off':
      return `SOCKS 4 is switched off: ${SET_SOCKS5}`;
    case 'socks4-login':
      return `SOCKS 4 cannot log in: ${SET_SOCKS5}`;
    case 'http-off':
      return `HTTP is switched off: ${SET_SOCKS5}`;
    case 'http-origin':
      return 'a browser opened the proxy as a page: put its address into the proxy settings instead';
  }
}

/** A detail of a refusal, in words that say what to do where something can be done. */
export function explainDetail(detail: string, diagnosis: Diagnosis | undefined): string {
  return diagnosis === undefined ? detail : advice(diagnosis);
}

/** Why a connection ended or was refused, in such words. */
export function explain(reason: string, detail = '', diagnosis?: Diagnosis): string {
  if (diagnosis !== undefined) return advice(diagnosis);
  return [WORDS[reason] ?? words(reason), detail].filter(Boolean).join(': ');
}
