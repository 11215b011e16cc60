/** What the window and the main process say to each other of other servers. */

/** How a server's control interface is reached: through SSH, or by TLS with a token. */
export type ServerWay = 'ssh' | 'tls';

/** Where a server listens for those who control it, as Debian's package has it. */
export const USUAL_CONTROL = '/run/picosocks5/control.sock';

/** A server whose control interface can be reached, without its token. */
export interface RemoteSettings {
  readonly name: string;
  readonly way: ServerWay;
  /** With SSH, what `ssh` is given: a host, or a name of its configuration. */
  readonly host: string;
  /** With SSH, 0 is what its configuration says. */
  readonly port: number;
  /** SSH: empty is what its configuration says. */
  readonly user: string;
  /** SSH: the path of the UNIX socket there, or an address and port of its loopback. */
  readonly control: string;
  /** TLS: the SHA-256 fingerprint of its certificate; empty: an authority vouches for it. */
  readonly fingerprint: string;
  /** TLS: a file of certificates that are trusted; empty: those of the system. */
  readonly ca: string;
}

export interface NewRemote extends RemoteSettings {
  /** Empty: none. */
  readonly token: string;
}

export interface RemoteChange {
  readonly id: string;
  readonly settings: RemoteSettings;
  /** A new one; left out: as it is. */
  readonly token?: string;
}

/**
 * `off`: nobody wants it; `waiting`: the link is lost, and made anew after a while; `failed`: it cannot
 * be made before something is changed.
 */
export type LinkState = 'off' | 'connecting' | 'connected' | 'waiting' | 'failed';

/** A server in the list. */
export interface RemoteItem extends RemoteSettings {
  readonly id: string;
  readonly link: LinkState;
  /** Why there is no link, in a sentence; or what is wrong with the server. */
  readonly problem: string | undefined;
  /** When the link is made anew: an instant. */
  readonly retry: number | undefined;
  readonly hasToken: boolean;
  /** What it says of itself; left out until it has. */
  readonly facts?: RemoteFacts;
}

export interface RemoteFacts {
  readonly version: string;
  readonly connections: number;
  readonly users: number;
  /** The instant at which it started. */
  readonly since: number;
  /** Bytes a second at present. */
  readonly rateUp: number;
  readonly rateDown: number;
}

export interface ServersState {
  readonly servers: readonly RemoteItem[];
  /** The id of the one that the window shows; empty: the one of this computer. */
  readonly shown: string;
}

/** Rules and ways out of a server that is elsewhere: they are changed there. */
export interface RemoteRouting {
  readonly network: readonly string[];
  readonly request: readonly string[];
  readonly via: readonly string[];
  /** Each as `SCHEME://HOST:PORT`. */
  readonly upstreams: readonly { readonly name: string; readonly place: string }[];
}

/** What the window shows of a server that is elsewhere, besides what it shows of any. */
export interface RemoteState {
  readonly name: string;
  readonly link: LinkState;
  readonly routing: RemoteRouting;
}

/** Somebody who may not log in for a while, after wrong passwords. */
export interface LockedOut {
  /** Left out: everybody at the address. */
  readonly user?: string;
  readonly address: string;
  /** ms since 1970. */
  readonly until: number;
}

export type LockoutChoice = Pick<LockedOut, 'user' | 'address'>;

/** What the window is told of servers when it asks for its state. */
export interface ServersPart {
  readonly servers: ServersState;
  /** Of the server that is shown, if it is elsewhere. */
  readonly remote: RemoteState | undefined;
  readonly lockouts: readonly LockedOut[];
}

export interface ServersRequests {
  'servers.add'(server: NewRemote): void;
  'servers.update'(change: RemoteChange): void;
  /** Removes one with its token; it can be restored until some time passes. */
  'servers.remove'(id: string): void;
  'servers.restore'(id: string): void;
  /** Makes the link to one, and makes it anew when it is lost; returns before there is one. */
  'servers.connect'(id: string): void;
  'servers.disconnect'(id: string): void;
  /** Has the window show another server, an empty id that of this computer: its page is loaded anew. */
  'servers.show'(id: string): void;
  /** Has one read its configuration again. @returns what it warns of. */
  'servers.reload'(id: string): readonly string[];
  /** Lets the user choose a file of certificates to trust. @returns undefined if none is chosen. */
  'servers.choose'(): string | undefined;
  /** Lets somebody log in again at the server that is shown. */
  'lockouts.lift'(whom: LockoutChoice): void;
}

export interface ServersSubscriptions {
  servers: ServersState;
  remote: RemoteState | undefined;
  lockouts: readonly LockedOut[];
}

/** Of what extensions do, this is asked of servers elsewhere as well. */
const ASKED = new Set([
  'extensions.look',
  'extensions.readme',
  'extensions.view',
  'extensions.run',
]);
const LOOKS = new Set(['server.copy', 'server.system-proxy', 'users.refresh']);

/**
 * Whether a request or a command is about the server of this computer alone: it cannot be done while the
 * window shows another one.
 */
export function isOnlyLocal(name: string): boolean {
  if (ASKED.has(name) || LOOKS.has(name)) return false;
  const isFile = name === 'log.open';
  const isRule = name === 'connections.route' || name === 'connections.deny';
  const isRouting = name.startsWith('routing.') && name !== 'routing.check';
  return isFile || isRule || isRouting || /^(server|users|upstreams|extensions)\./.test(name);
}
