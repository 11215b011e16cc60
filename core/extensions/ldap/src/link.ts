import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Client, type Entry, ResultCodeError, type SearchOptions } from 'ldapts';

/** How servers are connected to. */
export interface LinkOptions {
  readonly startTls: boolean;
  /** Certificates in PEM, in the place of the usual. */
  readonly ca: string | undefined;
  /** How long a server has to connect, and for each answer, ms. */
  readonly timeout: number;
}

/** A connection to a server of the directory that is used by one at a time. */
export class Link {
  readonly server: string;
  readonly #client: Client;
  readonly #timeout: number;
  #socket: Socket | undefined;

  private constructor(server: string, { startTls, ca, timeout }: LinkOptions) {
    this.server = server;
    this.#timeout = timeout;
    const isSecure = server.startsWith('ldaps:');
    // Never a second one: what was said on the first, such as StartTLS or who asks, would be forgotten.
    const once = <T extends Socket>(make: (...args: never[]) => T) =>
      ((...args: never[]) => {
        if (this.#socket !== undefined) throw new Error('the connection was lost');
        const socket = make(...args);
        this.#socket = socket;
        return socket;
      }) as never;
    this.#client = new Client({
      url: server,
      timeout,
      connectTimeout: timeout,
      strictDN: false,
      ...(isSecure
        ? {
            tlsOptions: tlsOptions(server, ca),
            createSecureConnection: once(connectTls as (...args: never[]) => Socket),
          }
        : { createConnection: once(connect as (...args: never[]) => Socket) }),
    });
    this.#startTls =
      startTls && !isSecure ? () => this.#client.startTLS(tlsOptions(server, ca)) : undefined;
  }

  readonly #startTls: (() => Promise<void>) | undefined;

  /** Connects, with TLS where that is wanted. @throws {Error} if it fails, or takes too long. */
  static async open(server: string, options: LinkOptions): Promise<Link> {
    const link = new Link(server, options);
    if (link.#startTls !== undefined) await link.#inTime(link.#startTls());
    return link;
  }

  /** Whether it can be used again. */
  get isOpen(): boolean {
    return this.#socket?.destroyed === false && this.#client.isConnected;
  }

  bind(dn: string, password: string): Promise<void> {
    return this.#inTime(this.#client.bind(dn, password));
  }

  async search(base: string, options: SearchOptions): Promise<Entry[]> {
    const { searchEntries } = await this.#inTime(this.#client.search(base, options));
    return searchEntries;
  }

  close(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    void this.#client.unbind().catch(() => {});
    socket.destroySoon();
    setTimeout(() => socket.destroy(), 1000).unref();
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no answer within ${this.#timeout / 1000} s`));
        this.#socket?.destroy();
      }, this.#timeout);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
      answer.catch(() => {});
    }
  }
}

function tlsOptions(server: string, ca: string | undefined) {
  const { hostname } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
  };
}

/** Results that say something of the server, not of what it was asked: busy, unavailable, ... */
const OF_SERVER = new Set([1, 3, 11, 51, 52, 80]);

/** Whether another server may answer what one answered with an error. */
export function isOfServer(error: unknown): boolean {
  return !(error instanceof ResultCodeError) || OF_SERVER.has(error.code);
}
