import { checkServerOptions, createRegistries, type ServerOptions, UserError } from 'picosocks5';
import { isOverTls, type UpstreamSettings } from '../ipc/contract.js';
import { text } from '../words/words.js';

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
  if (name === '') throw new UserError(text('server.upstreamNeedsName'));
  if (!/^[\w.-]+$/.test(name)) {
    throw new UserError(text('server.upstreamNameLetters', { name }));
  }
  if (name === 'direct' || name === 'block' || createRegistries().outbounds.get(name)) {
    throw new UserError(text('server.upstreamNameTaken', { name }));
  }
  if (host === '') throw new UserError(text('server.upstreamNeedsHost'));
  checkThrough(own, all);
  const entries = all.map((each) => [each.name, optionsOf(each, undefined)]);
  try {
    checkServerOptions({ upstreams: Object.fromEntries(entries) });
  } catch (error) {
    throw error instanceof UserError
      ? new UserError(text('server.upstream', { problem: error.problem }))
      : error;
  }
}

function checkThrough(own: UpstreamSettings, all: readonly UpstreamSettings[]): void {
  const chain = [own.name];
  for (let { through } = own; through !== ''; ) {
    const next = all.find(({ name }) => name === through);
    if (next === undefined) throw new UserError(text('server.upstreamUnknown', { name: through }));
    if (chain.includes(through)) {
      const loop = [...chain, through].join(text('server.loopThrough'));
      throw new UserError(text('server.upstreamLoop', { name: own.name, loop }));
    }
    chain.push(through);
    through = next.through;
  }
}

/** @throws {UserError} if a password cannot be that of an upstream, or would not be used. */
export function checkUpstreamPassword({ scheme, user }: UpstreamSettings, password: string): void {
  if (password === '') return;
  if (user === '') throw new UserError(text('server.passwordNeedsUser'));
  if (scheme === 'socks4a') throw new UserError(text('server.socks4Password'));
  if (Buffer.byteLength(password) > MAX_FIELD) {
    throw new UserError(text('accounts.longPassword', { bytes: MAX_FIELD }));
  }
  if (password.includes('\0') || Buffer.from(password).toString() !== password) {
    throw new UserError(text('server.unsendablePassword'));
  }
}
