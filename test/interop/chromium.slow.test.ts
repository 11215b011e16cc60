import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run, unless } from '../support/programs.js';

const IMAGES = 40;
const image = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>';

test('slow: Chromium loads a page and its images', { skip: unless('chromium') }, async (t) => {
  const sources = Array.from({ length: IMAGES }, (_, i) => `<img src="/image?${i}">`).join('');
  const count = '[...document.images].filter((i) => i.naturalWidth === 7).length';
  const script = `<script>onload = () => { document.title = ${count}; }</script>`;
  const images = Object.fromEntries(
    Array.from({ length: IMAGES }, (_, i) => [`/image?${i}`, image] as const),
  );
  const { url } = await webServer(
    t,
    { '/': `<!doctype html><title>none</title>${sources}${script}`, ...images },
    '127.0.0.1',
    'image/svg+xml',
  );
  const command = new Command(t, ['127.0.0.1:0']);
  const proxy = await command.port();
  const { stdout, stderr } = await run(t, 'chromium', [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    `--user-data-dir=${temporaryDirectory(t)}`,
    `--proxy-server=socks5://127.0.0.1:${proxy}`,
    '--proxy-bypass-list=<-loopback>',
    '--virtual-time-budget=10000',
    '--dump-dom',
    `${url}/`,
  ]);
  assert.match(stdout, new RegExp(`<title>${IMAGES}</title>`), stderr);
  await command.line(/closed .*command=connect .*reason=finished/);
});
