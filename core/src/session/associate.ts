import { systemMessage } from '../errors.js';
import { ofFamily } from '../net/external.js';
import { inletOf } from '../net/inlet.js';
import { UdpRelay } from '../net/udprelay.js';
import { isUnspecified } from '../protocol/address.js';
import { Reply } from '../protocol/socks5.js';
import type { CommandHandler } from './command.js';
import { Refusal } from './refusal.js';

/** After how long without a word a client is asked whether it is still there, at most and least, ms. */
const MAX_KEEP_ALIVE = 60_000;
const MIN_KEEP_ALIVE = 1000;
/** How long Node has the system wait for answers, ms: ten probes, one a second. */
const PROBE_TIME = 10_000;

/**
 * When to ask a client whether it lives: so that it is known well before its association would end as
 * idle, of which answers that go nowhere would keep it.
 *
 * @param idle how long the association may be idle, ms; 0: for ever.
 */
function keepAliveDelay(idle: number): number {
  if (idle === 0) return MAX_KEEP_ALIVE;
  return Math.min(Math.max((idle - PROBE_TIME) / 2, MIN_KEEP_ALIVE), MAX_KEEP_ALIVE);
}

/**
 * UDP ASSOCIATE (RFC 1928 sections 4 and 7): a relay for the client's datagrams, which lives as
 * long as this connection.
 */
export const associateCommand: CommandHandler = async (context) => {
  const { settings, destination, clientHost, traffic } = context;
  const control = context.control();
  const ownPort = isUnspecified(destination) || destination.host === clientHost;
  const counted = await context.countAssociation();
  try {
    const relay = await UdpRelay.open({
      client: clientHost,
      clientPort: ownPort && destination.port !== 0 ? destination.port : undefined,
      host: control.host,
      ports: settings.udpPorts,
      external: settings.external,
      route: (address) => context.allowedAddresses(address),
      refused: (address, error) => context.refuseDatagram(address, error),
      traffic,
      throttles: context.throttles,
    }).catch((error: unknown) => {
      const detail = `cannot open a UDP port: ${systemMessage(error)}`;
      throw new Refusal(Reply.generalFailure, 'unreachable', detail, error);
    });
    try {
      const host = ofFamily(settings.advertised, control.host) ?? control.host;
      context.established(relay.address);
      context.reply(Reply.succeeded, { host, port: relay.address.port });
      const { client } = context.release(settings.udpTimeout);
      client.setKeepAlive(true, keepAliveDelay(settings.udpTimeout));
      await new Promise((resolve) => {
        client.once('end', resolve).once('close', resolve);
        if (client.destroyed || client.readableEnded) resolve(undefined);
        const inlet = inletOf(client);
        inlet.readTo(() => true);
        inlet.resume();
      });
      return 'finished';
    } finally {
      relay.close();
    }
  } finally {
    counted.dispose();
  }
};
