import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { systemMessage, UserError } from '../base/errors.js';
import { MIN_VERSION, TICKET_KEYS, TlsCredentials } from '../transport/tlscredentials.js';

export type HttpServer = Server | TlsServer;

/** The files of a certificate and its key, as the options of listeners name them. */
export interface ControlCertificate {
  readonly tlsCert?: string;
  /** Left out, it is in the file of the certificate. */
  readonly tlsKey?: string;
}

/** What a control interface shows to those who come by TLS. */
export class ControlTls {
  readonly options: {
    readonly cert: Buffer;
    readonly key: Buffer;
    readonly minVersion: typeof MIN_VERSION;
  };
  /** What deserves a warning about the certificate. */
  readonly warnings: readonly string[];

  private constructor(cert: Buffer, key: Buffer, warnings: readonly string[]) {
    this.options = { cert, key, minVersion: MIN_VERSION };
    this.warnings = warnings;
  }

  /** @throws {UserError} naming the file that cannot be read or used. */
  static async read({ tlsCert, tlsKey = tlsCert }: ControlCertificate): Promise<ControlTls> {
    if (tlsCert === undefined || tlsKey === undefined) {
      throw new UserError(
        '--control tls: needs --tls-cert FILE: the certificate that the server shows, in PEM',
      );
    }
    const read = async (name: string) => {
      try {
        return { name, octets: await readFile(name) };
      } catch (error) {
        throw new UserError(`--control: cannot read "${name}": ${systemMessage(error)}`);
      }
    };
    const [certificate, key] = await Promise.all([read(tlsCert), read(tlsKey)]);
    const credentials = new TlsCredentials({ certificate, key }, randomBytes(TICKET_KEYS));
    return new ControlTls(certificate.octets, key.octets, credentials.warnings(Date.now()));
  }

  /** Has a server show it to whoever comes from now on. */
  renew(server: HttpServer): void {
    if ('setSecureContext' in server) server.setSecureContext(this.options);
  }
}
