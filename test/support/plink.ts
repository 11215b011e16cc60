import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './files.js';
import { type Output, run } from './programs.js';
import type { Scope } from './scope.js';

/** A raw connection that PuTTY's plink makes through a SOCKS proxy. */
export interface PlinkConnection {
  readonly proxy: number;
  /** A port of 127.0.0.1. */
  readonly target: number;
  readonly user: string;
  readonly password: string;
}

/** Runs plink, which authenticates by CHAP, until the destination ends the connection. */
export function plink(
  t: Scope,
  { proxy, target, user, password }: PlinkConnection,
): Promise<Output> {
  const home = temporaryDirectory(t);
  const sessions = join(home, '.putty', 'sessions');
  mkdirSync(sessions, { recursive: true });
  const lines = {
    HostName: '127.0.0.1',
    PortNumber: target,
    Protocol: 'raw',
    ProxyMethod: 2,
    ProxyHost: '127.0.0.1',
    ProxyPort: proxy,
    ProxyUsername: user,
    ProxyPassword: password,
    ProxyLocalhost: 1,
    ProxyDNS: 1,
  };
  const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(sessions, 'session'), text.join(''));
  const env = { ...process.env, HOME: home };
  return run(t, 'plink', ['-batch', '-load', 'session'], { env });
}
