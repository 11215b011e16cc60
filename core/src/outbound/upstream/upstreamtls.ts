import type { SecureContext } from 'node:tls';
import { builtins } from '../../base/builtins.js';
import type { CancellationToken } from '../../base/cancellation.js';
import { connectTls } from '../../transport/tls.js';
import { MIN_VERSION } from '../../transport/tlscredentials.js';
import type { Transport } from '../../transport/transport.js';

/** Whether a scheme is spoken over TLS. */
export function isOverTls(scheme: string): boolean {
  return scheme === 'https' || scheme.endsWith('+tls');
}

/** TLS with an upstream, for any number of connections. */
export class UpstreamTls {
  readonly #servername: string;
  readonly #context: SecureContext;

  /**
   * @param servername the name or IP address that its certificate has to be for.
   * @param authorities PEM of those that its certificate has to be signed by; the usual ones, if
   *   left out.
   */
  constructor(servername: string, authorities: readonly string[] | undefined) {
    this.#servername = servername;
    const ca = authorities === undefined ? {} : { ca: [...authorities] };
    this.#context = builtins.tls.createSecureContext({ ...ca, minVersion: MIN_VERSION });
  }

  /**
   * Has TLS with it.
   *
   * @param transport connected; it is closed if there is no TLS.
   * @throws {TlsError} that says why there is none.
   */
  wrap(transport: Transport, cancellation: CancellationToken): Promise<Transport> {
    return connectTls(transport, {
      servername: this.#servername,
      context: this.#context,
      cancellation,
    });
  }
}
