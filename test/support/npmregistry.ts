import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from './scope.js';

/** A package of a registry. */
export interface Published {
  readonly manifest: { readonly name: string; readonly version: string };
  readonly tarball: Buffer;
}

/** A registry of npm on 127.0.0.1, with some packages, and what it was asked for. */
export async function npmRegistry(
  t: Scope,
  packages: readonly Published[],
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    const path = decodeURIComponent(url);
    asked.push(path);
    const fetched = packages.find(({ manifest: { name, version } }) =>
      path.endsWith(`/${name}/-/${version}.tgz`),
    );
    if (fetched !== undefined) {
      response.end(fetched.tarball);
      return;
    }
    const name = path.slice(1);
    const all = packages.filter(({ manifest }) => manifest.name === name);
    if (all.length === 0) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}');
      return;
    }
    const versions = all.map(({ manifest, tarball }) => {
      const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
      const file = `http://${host}/${name}/-/${manifest.version}.tgz`;
      return [manifest.version, { ...manifest, dist: { tarball: file, integrity } }] as const;
    });
    const latest = versions.at(-1)?.[0];
    const told = { name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(told));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://${host}/`, asked };
}
