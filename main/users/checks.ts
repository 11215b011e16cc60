import { checkField, UserError } from 'picosocks5';
import { text } from '../words/words.js';

/** What nobody sees, or what looks like something else: a name must not depend on it. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\S ]| {2}/u;

/** RFC 1929 has one octet for the length of a password. */
const MAX_PASSWORD = 255;

/** What two names have in common that look the same: Unicode writes some letters in two ways. */
export function lookOf(name: string): string {
  return name.normalize();
}

/**
 * @throws {UserError} if a text cannot be a user's name: one that looks like another's, or that
 *   RFC 1929 or a password file cannot carry.
 */
export function checkName(name: string): void {
  if (name.trim() === '') throw new UserError(text('accounts.needsName'));
  if (name !== name.trim()) {
    throw new UserError(text('accounts.edgeSpaces', { name }));
  }
  checkField('user name', name);
  if (INVISIBLE.test(name)) {
    throw new UserError(text('accounts.invisibleName'));
  }
}

/** @throws {UserError} if a text cannot be a group's name. */
export function checkGroup(group: string): void {
  checkField('group', group);
  if (INVISIBLE.test(group)) throw new UserError(text('accounts.invisibleGroup'));
}

/** @throws {UserError} for what RFC 1929 cannot carry, or the keychain would not keep as it is. */
export function checkPassword(password: string): void {
  if (password === '') throw new UserError(text('accounts.needsPassword'));
  if (Buffer.byteLength(password) > MAX_PASSWORD) {
    throw new UserError(text('accounts.longPassword', { bytes: MAX_PASSWORD }));
  }
  if (password.includes('\0')) {
    throw new UserError(text('accounts.nulPassword'));
  }
  if (Buffer.from(password).toString() !== password) {
    throw new UserError(text('accounts.halfCharacter'));
  }
}

/** A password of a file as the keychain takes it: text. @throws {UserError} if it is none. */
export function passwordText(password: Uint8Array): string {
  let decoded: string;
  try {
    decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(password);
  } catch {
    throw new UserError(text('accounts.notUtf8'));
  }
  checkPassword(decoded);
  return decoded;
}
