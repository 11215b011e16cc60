import { checkServerOptions, createRegistries, type ServerOptions, UserError } from 'picosocks5';
import { isOverTls, type UpstreamSettings } from '../ipc/contract.js';

type UpstreamOptions = NonNullable<ServerOptions['upstreams']>[string];

/** RFC 1929 has one octet for the length of a user name and a password. */
const MAX_FIELD = 255;

/** An upstream as the server has it, of one of the desktop. */
export function optionsOf(
  { scheme, host, port, user, through, tlsCa }: UpstreamSettings,
  password: string | undefined,
): UpstreamOptions {
  return {
    url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(user !== '' && { user }),
    ...(user !== '' && scheme !== 'socks4a' && password !== undefined && { password }),
    ...(through !== '' && { through }),
    ...(tlsCa !== '' && isOverTls(scheme) && { tlsCa }),
  };
}

/** A host may be typed with the brackets that a URL needs. */
export function trimmed(settings: UpstreamSettings): UpstreamSettings {
  const { name, host, user, through } = settings;
  return {
    ...settings,
    name: name.trim(),
    host: host.trim().replace(/^\[(.*)\]$/, '$1'),
    user: user.trim(),
    through: through.trim(),
  };
}

/**
 * Checks an upstream together with all others, as the server does.
 *
 * @param all with this one.
 * @throws {UserError} with one sentence that says what would be right.
 */
export function checkUpstream(own: UpstreamSettings, all: readonly UpstreamSettings[]): void {
  const { name, host } = own;
  if (name === '') throw new UserError('An upstream server needs a name.');
  if (!/^[\w.-]+$/.test(name)) {
    throw new UserError(`The name "${name}" may have only letters, digits, "_", "-" and ".".`);
  }
  if (name === 'direct' || name === 'block' || createRegistries().outbounds.get(name)) {
    throw new UserError(`The name "${name}" has a meaning of its own: choose another.`);
  }
  if (host === '') throw new UserError('An upstream server needs a host: an address or a name.');
  checkThrough(own, all);
  const entries = all.map((each) => [each.name, optionsOf(each, undefined)]);
  try {
    checkServerOptions({ upstreams: Object.fromEntries(entries) });
  } catch (error) {
    throw error instanceof UserError ? new UserError(`Upstream server: ${error.problem}`) : error;
  }
}

function checkThrough(own: UpstreamSettings, all: readonly UpstreamSettings[]): void {
  const chain = [own.name];
  for (let { through } = own; through !== ''; ) {
    const next = all.find(({ name }) => name === through);
    if (next === undefined) throw new UserError(`There is no upstream server "${through}".`);
    if (chain.includes(through)) {
      const loop = [...chain, through].join(' through ');
      throw new UserError(`"${own.name}" would go through itself: ${loop}.`);
    }
    chain.push(through);
    through = next.through;
  }
}

/** @throws {UserError} if a password cannot be that of an upstream, or would not be used. */
export function checkUpstreamPassword({ scheme, user }: UpstreamSettings, password: string): void {
  if (password === '') return;
  if (user === '') throw new UserError('A password needs a user name.');
  if (scheme === 'socks4a') throw new UserError('SOCKS 4a has no passwords.');
  if (Buffer.byteLength(password) > MAX_FIELD) {
    throw new UserError(`The password is longer than ${MAX_FIELD} bytes.`);
  }
  if (password.includes('\0') || Buffer.from(password).toString() !== password) {
    throw new UserError('The password has a character that cannot be sent: type it again.');
  }
}
