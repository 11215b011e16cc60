import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate, setTimeout } from 'node:timers/promises';

/** How long a datagram to this machine itself may take, ms. */
const LOOP_TIME = 500;

/** Whether this machine can send from an IP address, be it an interface's or not. */
export async function canSendFrom(address: string): Promise<boolean> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    const listening = once(socket, 'listening');
    socket.bind(0, address);
    await listening;
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

/** Whether what is sent to an IP address comes to this machine, as answers would have to. */
export async function reachesItself(address: string): Promise<boolean> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const end = new AbortController();
  try {
    const listening = once(socket, 'listening');
    socket.bind(0, address);
    await listening;
    const arrived = once(socket, 'message').then(() => true);
    socket.send('', socket.address().port, address);
    return await Promise.race([arrived, isLate(end.signal)]);
  } catch {
    return false;
  } finally {
    end.abort();
    socket.close();
  }
}

/** Waits until a datagram that is not there by then will not come. */
async function isLate(signal: AbortSignal): Promise<false> {
  await setTimeout(LOOP_TIME, undefined, { signal });
  // What came while this process stood still is read in the turn after its timers.
  await setImmediate();
  return false;
}
