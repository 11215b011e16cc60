import { isIP } from 'node:net';
import type { ExtensionContext } from 'picosocks5';
import { readSettings } from './settings.js';
import { RedisState } from './state.js';

/** Called by the server; with other settings once more, before what was before ends. */
export async function activate(context: ExtensionContext): Promise<void> {
  const settings = await readSettings(context);
  if (settings === undefined) {
    context.log.warn('nothing is shared, since redis.url is not set');
    return;
  }
  const { places, password, tls } = settings;
  const isFar = places.some(({ host }) => !isLoopback(host));
  if (isFar && tls === undefined && password !== undefined) {
    context.log.warn('the password goes to Redis in clear text; expected rediss://');
  }
  context.registries.sharedStates.register(new RedisState(settings));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
