import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryDirectory } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run, unless } from '../support/programs.js';
import { HASH_OF_SECRET, passwordFile } from '../support/users.js';

const IMAGES = 40;
const image = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>';
const LOGIN = join(import.meta.dirname, '../support/browserlogin.js');

/** A page that says in its title how many of its images it has got. @returns its URL. */
async function pageWithImages(t: TestContext): Promise<string> {
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
  return `${url}/`;
}

/** How Chromium is told to be alone, and to use a proxy for all. */
function options(t: TestContext, proxy: string): string[] {
  return [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    `--user-data-dir=${temporaryDirectory(t)}`,
    `--proxy-server=${proxy}`,
    '--proxy-bypass-list=<-loopback>',
  ];
}

const skip = unless('chromium');
for (const scheme of ['socks5', 'http']) {
  test(`slow: Chromium loads a page and its images by ${scheme}`, { skip }, async (t) => {
    const url = await pageWithImages(t);
    const command = new Command(t, ['127.0.0.1:0']);
    const own = options(t, `${scheme}://127.0.0.1:${await command.port()}`);
    const args = [...own, '--virtual-time-budget=10000', '--dump-dom', url];
    const { stdout, stderr } = await run(t, 'chromium', args);
    assert.match(stdout, new RegExp(`<title>${IMAGES}</title>`), stderr);
    const told = scheme === 'http' ? ' dialect=http' : '';
    await command.line(new RegExp(`closed .*user=-${told} command=connect .*reason=finished`));
  });
}

test('slow: Chromium logs in to an HTTP proxy', { skip }, async (t) => {
  const url = await pageWithImages(t);
  const users = passwordFile(t, `alice::${HASH_OF_SECRET}`);
  const command = new Command(t, ['-v', 'debug', '-a', users, '127.0.0.1:0']);
  const own = options(t, `http://127.0.0.1:${await command.port()}`);
  const browser = ['chromium', ...own.map((option) => `'${option}'`)].join(' ');
  const args = [LOGIN, url, 'alice', 'secret', browser];
  const { stdout, stderr } = await run(t, process.execPath, args);
  assert.match(stdout, new RegExp(`<title>${IMAGES}</title>`), stderr);
  assert.match(stdout, /^asked 1$/m, 'once for all connections');
  await command.line(/authenticated .*user=alice .*method=basic/);
  await command.line(/closed .*user=alice dialect=http command=connect .*reason=finished/);
});
