/**
 * What window and main process say to each other of the system's proxy: a part of the contract.
 */

/** How programs of this computer are told of the proxy. */
export const SYSTEM_PROXY_KINDS = ['pac', 'fixed'] as const;
export type SystemProxyKind = (typeof SYSTEM_PROXY_KINDS)[number];

/** How it is with the system's proxy settings. */
export type SystemProxyPhase =
  /** They are as they were. */
  | 'off'
  /** They lead to the proxy. */
  | 'on'
  /** They will, as soon as the server runs. */
  | 'waiting'
  /** They do not: programs would have to log in to a SOCKS proxy, which they cannot. */
  | 'login'
  /** They did, and something else has changed them since: they are left alone. */
  | 'changed'
  /** They could not be read or written. */
  | 'failed'
  /** This desktop has none that the app knows. */
  | 'unavailable';

export interface SystemProxyState {
  /** Whether the user wants this computer to use the proxy. */
  readonly wanted: boolean;
  readonly phase: SystemProxyPhase;
  /** Why it failed, in a sentence. */
  readonly problem?: string;
}

/** What the window is told of it. */
export interface SystemProxySubscriptions {
  systemProxy: SystemProxyState;
}
