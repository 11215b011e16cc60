import { isIP } from 'node:net';
import { UserError } from 'picosocks5';
import type { RemoteSettings } from '../ipc/contract.js';
import { text } from '../words/words.js';
import { controlTarget } from './sshlink.js';
import { normalFingerprint } from './tlslink.js';

/** Characters of a name at most. */
const MAX_NAME = 100;
/** As servers have them: `--control-token`. */
const TOKEN = /^[\x21-\x7e]{16,2000}$/;

/** Settings as they are kept: without what the way has no use for. */
export function normalRemote(typed: RemoteSettings): RemoteSettings {
  const isSsh = typed.way === 'ssh';
  const fingerprint = typed.fingerprint.trim();
  return {
    way: typed.way,
    name: typed.name.trim(),
    host: typed.host.trim().replace(/^\[(.*)\]$/, '$1'),
    port: typed.port,
    user: isSsh ? typed.user.trim() : '',
    control: isSsh ? typed.control.trim() : '',
    fingerprint: isSsh ? '' : (normalFingerprint(fingerprint) ?? fingerprint),
    ca: isSsh ? '' : typed.ca,
  };
}

/**
 * Checks what was said of a server.
 *
 * @param token undefined: it is not known here.
 * @throws {UserError} naming what is wrong.
 */
export function checkRemote(settings: RemoteSettings, token: string | undefined): void {
  const { name, way, host, port, user, control, fingerprint } = settings;
  const isUsable = name !== '' && name.length <= MAX_NAME && !/\p{Cc}/u.test(name);
  if (!isUsable) throw new UserError(text('servers.wrongName', { max: MAX_NAME }));
  // What begins with a hyphen would be an option, and a shell may see a ProxyCommand's %h.
  const isHost = isIP(host) !== 0 || /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,254}$/u.test(host);
  if (!isHost) throw new UserError(text('servers.wrongHost', { host }));
  const least = way === 'ssh' ? 0 : 1;
  if (!Number.isInteger(port) || port < least || port > 65_535) {
    throw new UserError(text('servers.wrongPort'));
  }
  if (user !== '' && !/^[\p{L}\p{N}_][\p{L}\p{N}_.@\\-]{0,254}$/u.test(user)) {
    throw new UserError(text('servers.wrongUser', { user }));
  }
  const isSocket = way === 'ssh' && controlTarget(control).isSocket;
  if (fingerprint !== '' && normalFingerprint(fingerprint) === undefined) {
    throw new UserError(text('servers.wrongFingerprint'));
  }
  if (token === undefined) return;
  if (token === '' && !isSocket) throw new UserError(text('servers.noToken'));
  if (token !== '' && !TOKEN.test(token)) throw new UserError(text('servers.wrongTokenForm'));
}
