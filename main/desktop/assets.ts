import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { protocol } from 'electron';

/** The scheme and host of the window's own pages. Nothing else can be loaded. */
export const ORIGIN = 'app://picosocks5';

const ROOT = join(import.meta.dirname, '../../../renderer/dist');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ttf': 'font/ttf',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Has to be called before the app is ready. */
export function registerScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, codeCache: true };
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges }]);
}

/** Serves the window's files, and nothing else, under {@link ORIGIN}. */
export function serveAssets(): void {
  protocol.handle('app', async ({ url }) => {
    const { host, pathname } = new URL(url);
    const type = TYPES[extname(pathname)];
    if (host !== 'picosocks5' || type === undefined || !/^\/[\w.-]+$/.test(pathname)) {
      return new Response('Not found', { status: 404 });
    }
    try {
      const headers = {
        'content-type': type,
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      };
      return new Response(await readFile(join(ROOT, pathname)), { headers });
    } catch {
      return new Response('Not found', { status: 404 });
    }
  });
}
