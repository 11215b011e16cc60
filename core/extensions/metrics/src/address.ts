/** Where HTTP is listened to. */
export type Listen =
  | { readonly path: string }
  /** `host` is an IP address, or a name of this host. */
  | { readonly host: string; readonly port: number };

/**
 * Reads `ADDRESS:PORT` or `unix:PATH`.
 *
 * @throws {Error} if it is something else.
 */
export function parseListen(text: string): Listen {
  const [, path] = /^unix:(.+)$/.exec(text) ?? [];
  if (path !== undefined) return { path };
  const [, ipv6, name = ipv6, digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (name !== undefined && port <= 65535) return { host: name, port };
  throw new Error(
    `metrics.listen: expected ADDRESS:PORT with a port of at most 65535, or unix:PATH, not "${text}"`,
  );
}

/** Whether only programs of this host get there. */
export function isLocal(listen: Listen): boolean {
  if ('path' in listen) return true;
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(listen.host);
}

export function formatListen(listen: Listen): string {
  if ('path' in listen) return `unix:${listen.path}`;
  return `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`;
}
