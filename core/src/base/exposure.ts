import type { Stats } from 'node:fs';

/**
 * What is wrong with who may read a file with secrets, if anything: who can, and how to mend it, in
 * one sentence. (What Windows says of modes means nothing.)
 *
 * @param what the file is: `password file`, `key`.
 */
export function exposure(
  what: string,
  file: string,
  { uid, gid, mode }: Stats,
): string | undefined {
  // root may let the group of the account that serves read its file.
  const sharedByRoot = uid === 0 && gid !== 0;
  const tooMuch = mode & (sharedByRoot ? 0o027 : 0o066);
  if (tooMuch === 0) return undefined;
  const who = [tooMuch & 0o060 ? 'its group' : '', tooMuch & 0o006 ? 'everybody' : ''];
  const can = tooMuch & 0o022 ? (tooMuch & 0o044 ? 'read and change' : 'change') : 'read';
  return (
    `the ${what} "${file}" has mode ${(mode & 0o7777).toString(8).padStart(4, '0')}: ` +
    `${who.filter(Boolean).join(' and ')} can ${can} it; ` +
    `mend that with: chmod ${sharedByRoot ? '640' : '600'} ${quote(file)}`
  );
}

/** A word for a shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
