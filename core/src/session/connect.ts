import type { Socket } from 'node:net';
import { connectThrough } from '../net/connector.js';
import { relay } from '../net/relay.js';
import { localAddress } from '../net/socketaddress.js';
import { Reply } from '../protocol/socks5.js';
import { ClientLeft } from './clientstream.js';
import type { CommandHandler } from './command.js';
import { unreachable } from './refusal.js';

/** CONNECT (RFC 1928 section 4): a connection to the destination, and its bytes both ways. */
export const connectCommand: CommandHandler = async (context) => {
  const { settings, cancellation } = context;
  const addresses = await context.allowedAddresses();
  const target = { destination: context.destination, addresses, user: context.identity.user };
  const connector = [...settings.connectors].findLast((one) => one.serves?.(target) ?? true);
  let remote: Socket;
  try {
    if (connector === undefined) throw new Error('no connector serves it');
    const { connectTimeout: timeout } = settings;
    remote = await connectThrough(connector, { ...target, timeout }, cancellation);
  } catch (error) {
    throw unreachable(error);
  }
  if (cancellation.cancelled) {
    remote.destroy();
    throw new ClientLeft();
  }
  const bound = localAddress(remote);
  context.established(bound, remote);
  context.reply(Reply.succeeded, bound);
  const { client, early } = context.release();
  return relay(client, remote, early, context.traffic, context.throttles);
};
