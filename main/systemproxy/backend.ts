import type { Disposable } from 'picosocks5';

/**
 * Settings of a system by their names, as the system writes them; null: not there, or as it comes.
 * Those that belong together are written in their order.
 */
export type Values = Readonly<Record<string, string | null>>;

/** What a system's settings are to say. */
export type WantedProxy =
  | { readonly kind: 'pac'; readonly url: string }
  | {
      readonly kind: 'fixed';
      /** An IP address, without brackets. */
      readonly host: string;
      readonly port: number;
      readonly socks: boolean;
      readonly http: boolean;
      /** Destinations that programs reach without the proxy. */
      readonly bypass: readonly string[];
    };

/** The proxy settings of one kind of system. */
export interface Backend {
  readonly id: BackendId;
  /** Whether the system may keep a value in other words than it was given. */
  readonly rewords?: true;
  /** All settings that it may change, as they are. @throws {UserError} */
  read(): Promise<Values>;
  /**
   * What some of them have to be, for programs to use a proxy; in the form in which they are read.
   *
   * @param present all of them, as they are.
   * @throws {UserError} if what is there could not be given back afterwards.
   */
  wanted(proxy: WantedProxy, present: Values): Values;
  /** Changes some of them, and tells the programs that run. @throws {UserError} */
  write(values: Values): Promise<void>;
  /** Tells when they may have changed, where the system says so. */
  watch?(changed: () => void): Disposable;
}

export const BACKENDS = ['gnome', 'kde', 'macos', 'windows'] as const;
export type BackendId = (typeof BACKENDS)[number];

/** `HOST:PORT`, an IPv6 address in brackets. */
export function hostPort(host: string, port: number): string {
  return `${bracketed(host)}:${port}`;
}

/** A host as URLs have it. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
