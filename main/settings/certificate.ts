import { createPrivateKey, X509Certificate } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { systemMessage, UserError } from 'picosocks5';
import type { CertificateFacts, FileSettingKey } from '../ipc/contract.js';
import { text as words } from '../words/words.js';

/** No chain of certificates is larger, bytes. */
const MAX_SIZE = 1024 * 1024;

const CERTIFICATE = '-----BEGIN CERTIFICATE-----';

/**
 * Looks whether a file can be what a setting needs; whether a key is that of a certificate is seen
 * when both are used. No file at all is not wrong.
 *
 * @throws {UserError} naming the file, with what would be right.
 */
export function checkPemFile(key: FileSettingKey, file: string): void {
  if (file === '') return;
  if (key === 'lanCertificate') readCertificate(file);
  else readKey(file);
}

/**
 * What clients have to know of the certificate in a PEM file: of the first one, for those behind it
 * are its issuers'.
 *
 * @throws {UserError} naming the file, if it has none.
 */
export function readCertificate(file: string): CertificateFacts {
  const text = readText(file);
  if (!text.includes(CERTIFICATE)) throw noCertificate(file);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(text);
  } catch {
    throw noCertificate(file);
  }
  return {
    names: namesOf(certificate),
    selfSigned: certificate.issuer === certificate.subject,
    file,
    expires: Date.parse(certificate.validTo),
  };
}

/** The names and addresses that a certificate is for, as RFC 6125 has them: in subjectAltName. */
function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  return Array.from(
    subjectAltName.matchAll(/(?:^|, )(?:DNS|IP Address):([^,"\s]+)/g),
    ([, name = '']) => normalAddress(name),
  );
}

/** An IPv6 address as Node writes it of a certificate has all its zeros: as interfaces have it. */
function normalAddress(name: string): string {
  const url = `http://[${name}]`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : name.toLowerCase();
}

function readKey(file: string): void {
  const text = readText(file);
  try {
    createPrivateKey(text);
  } catch {
    throw new UserError(
      text.includes('ENCRYPTED')
        ? words('settingcheck.lockedKey', { file })
        : words('settingcheck.noKey', { file }),
    );
  }
}

function noCertificate(file: string): UserError {
  return new UserError(words('settingcheck.noCertificate', { file }));
}

/** @throws {UserError} naming the file, if it cannot be read, or is no file of this kind. */
function readText(file: string): string {
  let descriptor: number | undefined;
  try {
    // A pipe that nobody writes to would keep the app waiting; Windows has no such thing.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new Error(words('settingcheck.notRegular'));
    if (stats.size > MAX_SIZE) throw new Error(words('settingcheck.tooLarge'));
    return readFileSync(descriptor, 'latin1');
  } catch (error) {
    throw new UserError(words('settingcheck.notRead', { file, problem: systemMessage(error) }));
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
