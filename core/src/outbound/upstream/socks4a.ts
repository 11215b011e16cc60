import { parseIP } from '../../protocol/ip.js';
import { encodeRequest4, GRANTED, parseReply4, WRONG_USER } from '../../protocol/socks4client.js';
import { Command, Reply } from '../../protocol/socks5.js';
import type { Outbound } from '../outbound.js';
import { UpstreamError } from './error.js';
import { ask, demandUpstream, reach } from './reach.js';

/** SOCKS 4a through a server: connections to names and IPv4 addresses. */
export const socks4a: Outbound = {
  id: 'socks4a',
  schemes: ['socks4a'],
  resolves: true,

  async connect(request, given) {
    const upstream = demandUpstream(given);
    const { destination } = request;
    const { name, user = new Uint8Array() } = upstream;
    if (parseIP(destination.host)?.length === 16) {
      const reply = Reply.addressTypeNotSupported;
      throw new UpstreamError(name, 'failed', 'SOCKS 4a has no IPv6 addresses', { reply });
    }
    const handshake = await reach(upstream, request);
    await ask(upstream, handshake, async () => {
      handshake.write(encodeRequest4(Command.connect, destination, user));
      const { code } = await handshake.read(parseReply4);
      if (code === GRANTED) return;
      if (WRONG_USER.includes(code))
        throw new UpstreamError(name, 'unusable', 'it refuses our user');
      throw new UpstreamError(name, 'refused', `rejected or failed (${code})`);
    });
    return handshake.release();
  },
};
