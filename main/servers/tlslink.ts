import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { systemMessage, UserError } from 'picosocks5';
import type { RemoteSettings } from '../ipc/contract.js';
import { text } from '../words/words.js';
import { type Link, RefusedError } from './link.js';

/** How long a handshake may take, ms. */
const HANDSHAKE_TIME = 15_000;
/** No chain of certificates is larger, bytes. */
const MAX_FILE = 1024 * 1024;

/** A fingerprint as certificates are compared by: octets in hexadecimal, with colons. */
export function normalFingerprint(typed: string): string | undefined {
  const digits = typed.replace(/^sha-?256[\s:]*(fingerprint)?[\s=:]*/i, '').replace(/[\s:]/g, '');
  if (!/^[0-9a-f]{64}$/i.test(digits)) return undefined;
  return (digits.toUpperCase().match(/../g) ?? []).join(':');
}

/**
 * A link by TLS: each connection shows the token to nobody but who has the right certificate.
 *
 * @throws {UserError} if the file of trusted certificates cannot be read.
 */
export async function tlsLink(settings: RemoteSettings): Promise<Link> {
  const { host, port, fingerprint, ca } = settings;
  const authorities = ca === '' ? undefined : await certificatesIn(ca);
  const open = new Set<Socket>();
  let lose: (reason: string) => void = () => {};
  const lost = new Promise<string>((resolve) => {
    lose = resolve;
  });
  const connect = async (): Promise<Socket> => {
    const socket = connectTls({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(authorities === undefined ? {} : { ca: authorities }),
      // Whether it is trusted is looked at before anything is written.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    });
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.setTimeout(HANDSHAKE_TIME, () => socket.destroy(new Error(text('servers.noAnswer'))));
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', resolve);
        socket.once('error', reject);
        socket.once('close', () => reject(new Error(text('servers.ended'))));
      });
    } catch (error) {
      throw new Error(systemMessage(error));
    }
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    const shown = socket.getPeerX509Certificate()?.fingerprint256 ?? '';
    const isRight = fingerprint === '' ? socket.authorized : shown === fingerprint;
    if (isRight) return socket;
    socket.destroy();
    if (fingerprint !== '') {
      throw new RefusedError(text('servers.otherCertificate', { fingerprint: shown }));
    }
    const reason = String(socket.authorizationError);
    throw new RefusedError(text('servers.untrusted', { reason, fingerprint: shown }));
  };
  return {
    connect,
    host: `${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
    lost,
    close() {
      for (const socket of open) socket.destroy();
      lose(text('servers.ended'));
    },
  };
}

/** @throws {UserError} */
async function certificatesIn(file: string): Promise<string> {
  try {
    const content = await readFile(file, 'latin1');
    if (content.length > MAX_FILE) throw new Error(text('servers.tooLong'));
    new X509Certificate(content);
    return content;
  } catch (error) {
    throw new UserError(text('servers.noCertificates', { file, reason: systemMessage(error) }));
  }
}
