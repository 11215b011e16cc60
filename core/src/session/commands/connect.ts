import { connectThrough } from '../../outbound/connector.js';
import type { Transport } from '../../transport/transport.js';
import { ClientLeft } from '../conversation.js';
import { unreachable } from '../refusal.js';
import type { CommandContext, CommandHandler } from './command.js';

/** CONNECT (RFC 1928 section 4): a connection to the destination, and its bytes both ways. */
export const connect: CommandHandler = async (context) => {
  const remote = await reach(context, await context.allowedAddresses());
  if (context.cancellation.cancelled) {
    remote.abort();
    throw new ClientLeft();
  }
  return context.relay(remote, remote.local);
};

/** @throws {Refusal} if no address answers. */
async function reach(
  { settings, cancellation, destination, user }: CommandContext,
  addresses: readonly string[],
): Promise<Transport> {
  const target = { destination, addresses, user };
  try {
    const connector = [...settings.connectors].findLast((one) => one.serves?.(target) ?? true);
    if (connector === undefined) throw new Error('no connector serves it');
    const { connectTimeout: timeout } = settings;
    return await connectThrough(connector, { ...target, timeout }, cancellation);
  } catch (error) {
    throw unreachable(error);
  }
}
