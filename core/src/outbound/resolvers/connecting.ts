import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { builtins } from '../../base/builtins.js';
import type { Address } from '../../protocol/address.js';
import { familyOf } from '../prefer.js';

/** A server of the DNS, and who knows the addresses of its host. */
export interface DnsServer extends Address {
  /** @throws if the host has no address now. */
  resolve(host: string): Promise<readonly string[]>;
}

/** How the other side of a connection over TLS is known. */
export interface TlsOptions {
  /** Whose certificate it has to have: a name, or an IP address. */
  readonly servername: string;
  /** Protocols that may be spoken over it (ALPN, RFC 7301). */
  readonly protocols: readonly string[];
  /** Certificates to trust in place of the system's, in PEM. */
  readonly ca?: string | undefined;
}

/** Looks a host up as a socket wants it: all addresses, for it to try one after the other. */
export function lookupBy(server: DnsServer): LookupFunction {
  return (host, options, callback) => {
    server.resolve(host).then(
      (found) => {
        const all = found.map((address) => ({
          address,
          family: familyOf(address) === 'ipv6' ? 6 : 4,
        }));
        const [first = { address: '', family: 0 }] = all;
        if (options.all === true) callback(null, all);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

/** Connects to a server over TCP. @param time how long that may take, ms. */
export function openTcp(server: DnsServer, time: number): Promise<Socket> {
  const { host, port } = server;
  const options = { host, port, lookup: lookupBy(server), autoSelectFamily: true, noDelay: true };
  return whenReady(connectTcp(options), 'connect', time);
}

/** Connects to a server over TLS, whose certificate has been checked. @param time ms. */
export function openTls(
  server: DnsServer,
  { servername, protocols, ca }: TlsOptions,
  time: number,
): Promise<TLSSocket> {
  const { host, port } = server;
  const socket = builtins.tls.connect({
    ...{ host, port, lookup: lookupBy(server), autoSelectFamily: true },
    // SNI is for names only (RFC 6066 section 3).
    servername: isIP(servername) === 0 ? servername : '',
    checkServerIdentity: (_, certificate) =>
      builtins.tls.checkServerIdentity(servername, certificate),
    ALPNProtocols: [...protocols],
    ...(ca === undefined ? {} : { ca }),
  });
  socket.setNoDelay(true);
  return whenReady(socket, 'secureConnect', time);
}

/** @returns the socket, once it is connected; it never throws its errors at nobody. */
function whenReady<T extends Socket>(socket: T, event: string, time: number): Promise<T> {
  socket.on('error', () => {});
  return new Promise((resolve, reject) => {
    const late = () => {
      socket.destroy();
      reject(new Error(`no connection in ${time / 1000} s`));
    };
    const timer = setTimeout(late, time);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    const closed = () => fail(new Error('the server closed the connection'));
    socket.once('error', fail);
    socket.once('close', closed);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.off('error', fail).off('close', closed);
      resolve(socket);
    });
  });
}
