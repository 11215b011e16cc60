import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tlsFolder } from '../support/certificates.js';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run, start, unless } from '../support/programs.js';
import { freePort, listening } from '../support/sockets.js';
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

/** The hash by which Chromium is told to trust a certificate that nobody else does. */
function pinOf(certificate: string): string {
  const { publicKey } = new X509Certificate(certificate);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64');
}

/** Runs stunnel, which puts TLS around what comes. @returns where. */
async function stunnel(t: TestContext, port: number, ca: string): Promise<number> {
  const near = await freePort(t);
  const lines = ['foreground = yes', 'pid =', '[proxy]', 'client = yes'];
  const trust = [`CAfile = ${ca}`, 'verifyChain = yes', 'checkHost = localhost', ''];
  const own = [`accept = 127.0.0.1:${near}`, `connect = 127.0.0.1:${port}`];
  const config = temporaryFile(t, [...lines, ...own, ...trust].join('\n'), 'stunnel.conf');
  start(t, 'stunnel4', [config]);
  await listening(near);
  return near;
}

for (const scheme of ['http', 'https'] as const) {
  const secure = scheme === 'https';
  test(`slow: Chromium logs in by ${scheme}:// while curl comes to the same port by socks5h`, {
    skip: secure ? unless('chromium', 'curl', 'stunnel4') : unless('chromium', 'curl'),
  }, async (t) => {
    const url = await pageWithImages(t);
    const users = passwordFile(t, `alice::${HASH_OF_SECRET}\nbob::${HASH_OF_SECRET}`);
    const { args: pem, options: files, folder } = tlsFolder(t);
    const address = [...(secure ? pem : []), `${secure ? 'tls://' : ''}127.0.0.1:0`];
    const command = new Command(t, ['-v', 'debug', '-a', users, ...address]);
    const port = await command.port();
    const trusted = `--ignore-certificate-errors-spki-list=${pinOf(readFileSync(files.tlsCert, 'utf8'))}`;
    const own = [...options(t, `${scheme}://127.0.0.1:${port}`), ...(secure ? [trusted] : [])];
    const browser = ['chromium', ...own.map((option) => `'${option}'`)].join(' ');

    // curl itself speaks no TLS to a SOCKS server: stunnel does it for it.
    const near = secure ? await stunnel(t, port, join(folder, 'ca.pem')) : port;
    const socks = ['-x', `socks5h://bob:secret@127.0.0.1:${near}`, '-w', '%{http_code} '];
    let loading = true;
    const beside = (async () => {
      const codes: string[] = [];
      while (loading) {
        const args = [
          '-sS',
          '--noproxy',
          '',
          '-o',
          '-',
          ...socks,
          `${url}image?${codes.length % IMAGES}`,
        ];
        const { stdout, stderr } = await run(t, 'curl', args);
        codes.push(stdout === `${image}200 ` ? 'right' : `${stdout} ${stderr}`);
      }
      return codes;
    })();
    const args = [LOGIN, url, 'alice', 'secret', browser];
    const { stdout, stderr } = await run(t, process.execPath, args);
    loading = false;
    assert.match(stdout, new RegExp(`<title>${IMAGES}</title>`), stderr);
    assert.match(stdout, /^asked 1$/m, 'once for all connections');
    await command.line(/authenticated .*user=alice .*method=basic/);
    await command.line(/closed .*user=alice dialect=http command=connect .*reason=finished/);
    const codes = await beside;
    assert.ok(codes.length > 1);
    assert.deepEqual(new Set(codes), new Set(['right']));
    await command.line(/closed .*user=bob command=connect .*reason=finished/);
    assert.deepEqual(
      command.lines.filter((line) => / user=bob dialect=http/.test(line)),
      [],
    );
  });
}
