import { checkField, UserError } from 'picosocks5';

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
  if (name.trim() === '') throw new UserError('A user needs a name.');
  if (name !== name.trim()) {
    throw new UserError(`The user name "${name}" must not begin or end with a space.`);
  }
  checkField('user name', name);
  if (INVISIBLE.test(name)) {
    throw new UserError(
      'The user name must have no invisible characters, and no more than one space in a row.',
    );
  }
}

/** @throws {UserError} if a text cannot be a group's name. */
export function checkGroup(group: string): void {
  checkField('group', group);
  if (INVISIBLE.test(group)) throw new UserError('The group must have no invisible characters.');
}

/** @throws {UserError} for what RFC 1929 cannot carry, or the keychain would not keep as it is. */
export function checkPassword(password: string): void {
  if (password === '') throw new UserError('A user needs a password.');
  if (Buffer.byteLength(password) > MAX_PASSWORD) {
    throw new UserError(`The password is longer than ${MAX_PASSWORD} bytes.`);
  }
  if (password.includes('\0')) {
    throw new UserError('The password must have no NUL character: keychains cut it off there.');
  }
  if (Buffer.from(password).toString() !== password) {
    throw new UserError('The password has half a character (a lone surrogate): type it again.');
  }
}

/** A password of a file as the keychain takes it: text. @throws {UserError} if it is none. */
export function passwordText(password: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(password);
  } catch {
    throw new UserError('The password is not UTF-8 text, as the keychain needs it.');
  }
  checkPassword(text);
  return text;
}
