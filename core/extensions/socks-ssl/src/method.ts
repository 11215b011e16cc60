import { setImmediate } from 'node:timers/promises';
import {
  type Authenticated,
  type AuthenticationFailure,
  type AuthenticationMethod,
  type Exchange,
  messageOf,
} from 'picosocks5';
import { FramedStream } from './framedstream.js';
import { type Credentials, FramedTls } from './tls.js';

/** METHOD of the draft, and the one that IANA gave it later, and how strong they are among others. */
const methods = [
  { id: 'socks-ssl', code: 0x86, strength: 24 },
  { id: 'socks-ssl-iana', code: 0x06, strength: 25 },
] as const;

/**
 * TLS in the frames of draft-ietf-aft-socks-ssl-00.
 *
 * @param warn told, in a line, of a connection that is ended since something is wrong with it.
 */
export function socksSsl(
  credentials: Credentials,
  warn: (message: string) => void,
): AuthenticationMethod[] {
  return methods.map((method) => ({
    ...method,
    // Who shows no certificate is anonymous.
    available: ({ anonymous }) => credentials.asksClients || anonymous,
    authenticate: (exchange) => authenticate(exchange, credentials, warn),
  }));
}

async function authenticate(
  exchange: Exchange,
  credentials: Credentials,
  warn: (message: string) => void,
): Promise<Authenticated | AuthenticationFailure> {
  const frames = new FramedStream(exchange);
  const tls = new FramedTls(frames, credentials);
  const giveUp = (error: unknown) => tls.destroy(error as Error);
  frames.failed = giveUp;
  // It reads on until the connection takes over; what is wrong then is told by that.
  let unread: { readonly error: unknown } | undefined;
  frames.readMessages().catch((error: unknown) => {
    unread = { error };
    giveUp(error);
  });
  let user: string | undefined;
  try {
    user = await tls.secured();
  } catch (error) {
    tls.on('error', () => {});
    // What the client is told of it is on its way.
    await setImmediate();
    tls.destroy();
    if (unread !== undefined) throw unread.error;
    return { user: undefined, failure: wordsOf(error) };
  }
  const group = user === undefined ? undefined : (await exchange.users.identify(user))?.group;
  const whose = `${user ?? 'a client'} from ${exchange.client}`;
  tls.on('error', () => {});
  const end = (error: Error) => {
    warn(`the connection of ${whose} is ended: ${wordsOf(error)}`);
    tls.destroy(Object.assign(new Error(error.message), { code: 'EPROTO' }));
  };
  frames.failed = (error) => {
    // What the system says of a connection it says to all.
    if ('code' in error) tls.destroy(error);
    else end(error);
  };
  tls.on('_tlsError', end);
  return {
    ...{ user, group },
    encapsulation: {
      async wrap(transport) {
        // A message that was read at last is taken before what follows it.
        await setImmediate();
        frames.continueOn(transport);
        return tls;
      },
      dispose: () => void tls.destroy(),
    },
  };
}

/** What is wrong, in OpenSSL's words where it is that which says so. */
function wordsOf(error: unknown): string {
  const { reason } = error as { readonly reason?: unknown };
  return typeof reason === 'string' ? reason : messageOf(error);
}
