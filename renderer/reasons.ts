import type { Diagnosis } from '../main/ipc/contract.js';
import { type PlainKey, TEXTS, text } from '../main/words/words.js';

/** The texts of the short names of reasons. */
function wordsOf(reason: string): string {
  const isKnown = Object.hasOwn(TEXTS.en['reasons'] ?? {}, reason);
  return isKnown ? text(`reasons.${reason}` as PlainKey) : reason.replaceAll('-', ' ');
}

/** What a first octet that is not SOCKS gives away. */
function speaks(octet: number): string {
  if (octet === 0x16) return text('reasons.tlsCame');
  if (octet === 0x53) return text('reasons.sshCame');
  const isLetter = octet >= 0x41 && octet <= 0x5a;
  return text(isLetter ? 'reasons.httpCame' : 'reasons.notSocks');
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}

/** What the methods come to that a client offers (RFC 1928 section 3). */
function offers(offered: readonly number[]): string {
  if (offered.includes(2)) return text('reasons.wantsPassword');
  if (offered.includes(0)) return text('reasons.wantsNoPassword');
  const methods = offered.map(hex).join(' ') || text('reasons.noMethods');
  return text('reasons.otherMethods', { methods });
}

/** What a client got wrong, for who uses the program. */
function advice(diagnosis: Diagnosis): string {
  switch (diagnosis.code) {
    case 'not-socks':
      return speaks(diagnosis.octet);
    case 'not-tls':
      return text('reasons.notTls');
    case 'no-common-method':
      return offers(diagnosis.offered);
    case 'socks4-off':
      return text('reasons.socks4Off');
    case 'socks4-login':
      return text('reasons.socks4Login');
    case 'http-off':
      return text('reasons.httpOff');
    case 'http-origin':
      return text('reasons.httpOrigin');
  }
}

/** A detail of a refusal, in words that say what to do where something can be done. */
export function explainDetail(detail: string, diagnosis: Diagnosis | undefined): string {
  return diagnosis === undefined ? detail : advice(diagnosis);
}

/**
 * Why a connection ended, was refused or has failed, in the words of who uses it, with the field's
 * term behind: `not allowed by a rule (not-allowed): rule 3`. Where it can be said what to do, that
 * is all.
 */
export function explain(reason: string, detail = '', diagnosis?: Diagnosis): string {
  if (diagnosis !== undefined) return advice(diagnosis);
  if (reason === '') return detail;
  const words = withTerm(wordsOf(reason), reason);
  return detail === '' ? words : text('reasons.withDetail', { words, detail });
}

/** The same with the term in any case, for where there is room. */
export function explainWhole(reason: string, detail = '', diagnosis?: Diagnosis): string {
  const words = explain(reason, detail, diagnosis);
  return diagnosis === undefined ? words : withTerm(words, reason);
}

function withTerm(words: string, term: string): string {
  return words === term ? words : text('reasons.withTerm', { words, term });
}
