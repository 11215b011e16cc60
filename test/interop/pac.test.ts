import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { makePac } from '#main/systemproxy/pac.js';
import { PacServer } from '#main/systemproxy/pacserver.js';
import { temporaryDirectory } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run, unless } from '../support/programs.js';
import { startServer } from '../support/server.js';

/** How Chromium is told to be alone, and where it finds a PAC file. */
function options(folder: string, pac: string): string[] {
  return [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    `--user-data-dir=${folder}`,
    `--proxy-pac-url=${pac}`,
  ];
}

test('Chromium goes through the proxy as a PAC file says, and past it', {
  skip: unless('chromium'),
}, async (t) => {
  const page =
    '<!doctype html><title>none</title><img src="http://past.example/image">' +
    '<script>onload = () => { document.title = document.images[0].naturalWidth; }</script>';
  const pages = {
    '/': page,
    '/image': '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>',
  };
  const { port: web } = await webServer(t, pages, '127.0.0.1', 'image/svg+xml');
  // Wherever the proxy is to lead, it leads to the test's own pages.
  const { port, events } = await startServer(t, {}, ({ outbounds }) => {
    outbounds.register({
      id: 'here',
      resolves: true,
      connect: async () => connect({ host: '127.0.0.1', port: web, allowHalfOpen: true }),
    });
  });
  const via = ['past.example=direct'];
  const folder = temporaryDirectory(t);
  const proxy = { host: '127.0.0.1', port, socks: true, http: false };
  const pac = new PacServer(join(folder, 'pac.json'), () =>
    makePac({ proxy, bypass: [], via, request: [] }),
  );
  t.after(() => pac.dispose());
  const own = options(join(folder, 'profile'), await pac.start());
  const resolved = `--host-resolver-rules=MAP past.example 127.0.0.1:${web}`;
  const args = [...own, resolved, '--virtual-time-budget=10000', '--dump-dom', 'http://a.example/'];
  const { stdout, stderr } = await run(t, 'chromium', args);
  assert.match(stdout, /<title>7<\/title>/, stderr);
  const hosts = events.flatMap((one) => (one.type === 'request' ? [one.destination.host] : []));
  assert.ok(hosts.includes('a.example'), stderr);
  assert.ok(!hosts.includes('past.example'));
});
