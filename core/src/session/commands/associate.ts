import type { DatagramEncapsulation } from '../../auth/method.js';
import { systemMessage } from '../../base/errors.js';
import { addressTowards, ofFamily } from '../../outbound/external.js';
import { isUnspecified } from '../../protocol/address.js';
import { Reply } from '../../protocol/socks5.js';
import { Association } from '../../relay/association.js';
import { Refusal, unreachable } from '../refusal.js';
import { cannot } from '../ways.js';
import type { CommandContext, CommandHandler } from './command.js';
import { DatagramWays } from './datagramways.js';

/**
 * UDP ASSOCIATE (RFC 1928 sections 4 and 7): a relay for the client's datagrams, which lives as
 * long as this connection.
 */
export const associate: CommandHandler = async (context) => {
  const { settings, datagrams } = context;
  // Where its datagrams go is known with each of them, if any way carries them at all.
  if (!settings.routes.mayCarry(context)) throw cannot('no way out carries datagrams');
  const counted = await context.countAssociation();
  try {
    const local = await localAddress(context);
    let relay: Association | undefined;
    const ways = new DatagramWays(context, (sender, data) => relay?.takeAnswer(sender, data));
    try {
      relay = await open(context, local, ways, datagrams);
      const host = ofFamily(settings.advertised, local) ?? local;
      return await context.associate({ host, port: relay.address.port }, relay.address);
    } finally {
      ways.close();
      relay?.close();
    }
  } finally {
    counted.dispose();
  }
};

/** Where the client reaches this host; by the route to it, where its connection does not tell. */
async function localAddress({ control, clientHost }: CommandContext): Promise<string> {
  if (!isUnspecified(control)) return control.host;
  return addressTowards(clientHost).catch((error: unknown) => {
    throw unreachable(error);
  });
}

/** @throws {Refusal} if there is no port for it. */
function open(
  context: CommandContext,
  host: string,
  ways: DatagramWays,
  encapsulation: DatagramEncapsulation | undefined,
): Promise<Association> {
  const { settings, from, destination, clientHost, traffic, throttles } = context;
  const ownPort = isUnspecified(destination) || destination.host === clientHost;
  return Association.open({
    client: clientHost,
    clientPort: ownPort && destination.port !== 0 ? destination.port : undefined,
    host,
    ports: settings.udpPorts,
    encapsulation,
    localFor: (address) => from?.(address) ?? ofFamily(settings.external, address),
    route: (address) => ways.find(address),
    refused: (address, error) => context.refuseDatagram(address, error),
    traffic,
    throttles,
  }).catch((cause: unknown) => {
    const detail = `cannot open a UDP port: ${systemMessage(cause)}`;
    throw new Refusal('unreachable', detail, { reply: Reply.generalFailure, cause });
  });
}
