import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { sha256, webServer } from '../support/http.js';
import { pack, ROOT, unlessNpm } from '../support/npm.js';
import { run, unless } from '../support/programs.js';
import { HASH_OF_SECRET, passwordFile } from '../support/users.js';

/** A web server that does what a test says. */
async function server(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  return listen(t, createServer(answer));
}

/** @returns its URL. */
async function listen(t: TestContext, site: Server): Promise<string> {
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  t.after(() => {
    site.close();
    site.closeAllConnections();
  });
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
}

/** A proxy; where it has users, alice's password is secret. */
async function proxy(t: TestContext, users = false): Promise<{ command: Command; url: string }> {
  const auth = users ? ['-a', passwordFile(t, `alice::${HASH_OF_SECRET}`)] : [];
  const command = new Command(t, [...auth, '127.0.0.1:0']);
  const port = await command.port();
  return { command, url: `http://127.0.0.1:${port}` };
}

const withoutProxies = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)),
);

const skip = unless('curl');

function curl(t: TestContext, ...args: string[]) {
  const all = ['-sS', '--fail', '--noproxy', '', '--max-time', '60', ...args];
  return run(t, 'curl', all, { env: withoutProxies });
}

test('curl: forwarded, and through a tunnel', { skip }, async (t) => {
  const { url } = await webServer(t, { '/': 'hello' });
  const { command, url: via } = await proxy(t);
  for (const how of [[], ['-p'], ['-0'], ['--http2'], ['-p', '--proxy1.0', via]]) {
    const { stdout, stderr } = await curl(t, '-x', via, ...how, `${url}/`);
    assert.equal(stdout, 'hello', `${how} ${stderr}`);
  }
  const line = await command.line(/closed .*/);
  assert.match(line[0], / dialect=http command=connect destination=127\.0\.0\.1:\d+ up=\d/);
});

test('curl: users, by every way to name them', { skip }, async (t) => {
  const { url } = await webServer(t, { '/': 'hello' });
  const { url: via } = await proxy(t, true);
  const cases: [how: string[], told: string][] = [
    [['--proxy-user', 'alice:secret'], '200 000'],
    [['--proxy-user', 'alice:secret', '--proxy-anyauth'], '200 000'],
    [['--proxy-user', 'alice:secret', '--proxy-anyauth', '-d', 'x=y'], '200 000'],
    [['-x', via.replace('//', '//alice:secret@')], '200 000'],
    [['-x', via.replace('//', '//alice:secret@'), '-p'], '200 200'],
    [['--proxy-user', 'alice:secret', '--proxy-anyauth', '-p'], '200 200'],
    [['--proxy-user', 'alice:wrong'], '407 000'],
    [['--proxy-user', 'alice:wrong', '-p'], '000 407'],
    [[], '407 000'],
    [['-p'], '000 407'],
  ];
  for (const [how, told] of cases) {
    const ask = ['-x', via, ...how, '-o', '-', '-w', '\n%{http_code} %{http_connect}'];
    const { status, stdout, stderr } = await curl(t, ...ask, `${url}/`);
    assert.equal(stdout.split('\n').at(-1), told, `${how}: ${stderr}`);
    assert.equal(status === 0, told.startsWith('200'), stderr);
  }
});

test('curl: switched off on the command line, in a file, of a listener', { skip }, async (t) => {
  const { url } = await webServer(t, { '/': 'hello' });
  const file = temporaryFile(t, 'listen = 127.0.0.1:0\nhttp = no\n', 'picosocks5.ini');
  const section = '[listener:lan]\nlisten = 127.0.0.1:0\nhttp = no\n';
  const own = temporaryFile(t, section, 'listener.ini');
  for (const args of [
    ['--no-http', '127.0.0.1:0'],
    ['-c', file],
    ['-c', own],
  ]) {
    const port = await new Command(t, args).port();
    const { status, stderr } = await curl(t, '-x', `http://127.0.0.1:${port}`, `${url}/`);
    assert.equal(status, 22, stderr);
    assert.match(stderr, /403/);
    const { stdout } = await curl(t, '-x', `socks5h://127.0.0.1:${port}`, `${url}/`);
    assert.equal(stdout, 'hello');
  }
});

test('curl: HEAD, and 10 MB each way, of a length and in chunks', { skip }, async (t) => {
  const data = randomBytes(10_000_000);
  const hash = sha256(data);
  const url = await server(t, (request, response) => {
    if (request.method === 'HEAD') response.setHeader('content-length', data.length).end();
    else if (request.method === 'GET') {
      if (request.url === '/length') response.setHeader('content-length', data.length);
      response.write(data.subarray(0, 3_000_001));
      response.end(data.subarray(3_000_001));
    } else {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const { expect = '-', 'transfer-encoding': coding = '-' } = request.headers;
        response.end(`${sha256(Buffer.concat(chunks))} ${expect} ${coding}`);
      });
    }
  });
  const { url: via } = await proxy(t);
  const folder = temporaryDirectory(t);
  const file = temporaryFile(t, data);
  const head = await curl(t, '-x', via, '-I', `${url}/`);
  assert.match(head.stdout, /content-length: 10000000/i);
  for (const path of ['length', 'chunks']) {
    const got = join(folder, path);
    const { status, stderr } = await curl(t, '-x', via, '-o', got, `${url}/${path}`);
    assert.equal(status, 0, stderr);
    assert.equal(sha256(await readFile(got)), hash);
  }
  const old = await curl(t, '-x', via, '-0', '-o', join(folder, 'old'), `${url}/chunks`);
  assert.equal(old.status, 0, old.stderr);
  assert.equal(sha256(await readFile(join(folder, 'old'))), hash);
  const long = await curl(t, '-x', via, '-T', file, '-H', 'Expect: 100-continue', `${url}/`);
  assert.equal(long.stdout, `${hash} 100-continue -`, long.stderr);
  const chunks = ['-H', 'Transfer-Encoding: chunked', '-H', 'Expect:'];
  const post = await curl(t, '-x', via, ...chunks, '--data-binary', `@${file}`, `${url}/`);
  assert.equal(post.stdout, `${hash} - chunked`, post.stderr);
});

test('curl: a server that wants no body', { skip }, async (t) => {
  const site = createServer();
  site.on('checkContinue', (_, response) => response.writeHead(403).end('no body, please'));
  const url = await listen(t, site);
  const { url: via } = await proxy(t);
  const file = temporaryFile(t, randomBytes(2_000_000));
  const args = ['-x', via, '-T', file, '-o', '-', '-w', ' %{http_code} %{size_upload}'];
  const { stdout } = await curl(t, ...args, '--no-fail', `${url}/`);
  assert.equal(stdout, 'no body, please 403 0');
});

const asSocket = process.env['PICOSOCKS5_TRANSPORT'] === 'socket';
const whole = skip ?? (asSocket ? "a failed write ends all of Node's own sockets" : undefined);
test('curl: a server that answers before the body, and closes', { skip: whole }, async (t) => {
  const url = await server(t, (request, response) => {
    response.writeHead(413, { connection: 'close' }).end('too much');
    setImmediate(() => request.socket.destroy());
  });
  const { url: via } = await proxy(t);
  const file = temporaryFile(t, randomBytes(10_000_000));
  const args = ['-x', via, '-H', 'Expect:', '-T', file, '-o', '-', '-w', ' %{http_code}'];
  for (let i = 0; i < 5; i++) {
    const { stdout, stderr } = await curl(t, ...args, '--no-fail', `${url}/`);
    assert.equal(stdout, 'too much 413', stderr);
  }
});

test('curl: one connection, several hosts', { skip }, async (t) => {
  const sites = await Promise.all([
    webServer(t, { '/': 'one' }),
    webServer(t, { '/': 'two' }, '127.0.0.2'),
  ]);
  const { command, url: via } = await proxy(t);
  const urls = [0, 1, 0, 1, 1].map((i) => `${sites[i]?.url}/`);
  const { stdout, stderr } = await curl(t, '-v', '-x', via, ...urls);
  assert.equal(stdout, 'onetwoonetwotwo', stderr);
  assert.equal(stderr.match(/^\* (Connected|Established connection) to 127\./gm)?.length, 1);
  await command.line(/closed #4 .*destination=127\.0\.0\.2:/);
});

test('wget', { skip: unless('wget') }, async (t) => {
  const { url } = await webServer(t, { '/page': 'hello' });
  const { url: via } = await proxy(t, true);
  const env = { ...withoutProxies, http_proxy: via };
  const args = ['-q', '-O', '-', '--tries=1'];
  const login = ['--proxy-user=alice', '--proxy-password=secret'];
  const right = await run(t, 'wget', [...args, ...login, `${url}/page`], { env });
  assert.equal(right.stdout, 'hello', right.stderr);
  const wrong = await run(t, 'wget', [...args, `${url}/page`], { env });
  assert.notEqual(wrong.status, 0);
});

/** Serves repositories of a folder by git's own CGI program. */
function gitBackend(folder: string) {
  return (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://git');
    const child = spawn('git', ['http-backend'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {
        ...process.env,
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        REMOTE_USER: 'tester',
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'],
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
        HTTP_GIT_PROTOCOL: request.headers['git-protocol'] as string | undefined,
      },
    });
    request.pipe(child.stdin);
    child.stdin.on('error', () => {});
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.once('close', () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf('\r\n\r\n');
      for (const field of all.subarray(0, end).toString().split('\r\n')) {
        const [name = '', value = ''] = field.split(': ');
        if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.end(all.subarray(end + 4));
    });
  };
}

test('git: clone and push', { skip: unless('git') }, async (t) => {
  const folder = temporaryDirectory(t);
  const url = await server(t, gitBackend(folder));
  const { url: via } = await proxy(t, true);
  const home = temporaryDirectory(t);
  const env = { ...withoutProxies, HOME: home, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
  const git = async (...args: string[]) => {
    const { status, stderr } = await run(t, 'git', args, { env, cwd: home });
    assert.equal(status, 0, `git ${args}: ${stderr}`);
  };
  const login = via.replace('//', '//alice:secret@');
  await git('config', '--global', 'http.proxy', login);
  // A push larger than this is sent in chunks.
  await git('config', '--global', 'http.postBuffer', '65536');
  await git('config', '--global', 'user.email', 'a@example.com');
  await git('config', '--global', 'user.name', 'A');
  await git('init', '-q', '--bare', join(folder, 'repository'));
  await git('clone', '-q', `${url}/repository`, 'one');
  const data = randomBytes(500_000);
  writeFileSync(join(home, 'one/file'), data);
  await git('-C', 'one', 'add', 'file');
  await git('-C', 'one', 'commit', '-qm', 'a file');
  await git('-C', 'one', 'push', '-q', 'origin', 'HEAD:refs/heads/main');
  await git('clone', '-q', '-b', 'main', `${url}/repository`, 'two');
  assert.deepEqual(readFileSync(join(home, 'two/file')), data);
});

test('npm', { skip: unlessNpm, timeout: 120_000 }, async (t) => {
  const folder = temporaryDirectory(t);
  const tarball = readFileSync(await pack(t, 'bcryptjs', folder));
  const manifest = readFileSync(join(ROOT, 'node_modules/bcryptjs/package.json'), 'utf8');
  const { version } = JSON.parse(manifest);
  const url = await server(t, ({ url: path = '' }, response) => {
    if (path.endsWith('.tgz')) response.end(tarball);
    else if (path === '/bcryptjs') {
      const dist = { tarball: `${url}/bcryptjs.tgz` };
      const versions = { [version]: { name: 'bcryptjs', version, dist } };
      const latest = { name: 'bcryptjs', 'dist-tags': { latest: version }, versions };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(latest));
    } else response.writeHead(404).end();
  });
  const { command, url: via } = await proxy(t, true);
  const home = temporaryDirectory(t);
  writeFileSync(join(home, 'package.json'), '{}');
  const env = Object.fromEntries(
    Object.entries(withoutProxies).filter(([name]) => !/^npm_/i.test(name)),
  );
  const login = via.replace('//', '//alice:secret@');
  const options = [`--registry=${url}/`, `--proxy=${login}`, `--https-proxy=${login}`];
  const more = ['--noproxy=', '--no-audit', '--no-fund', `--cache=${join(home, 'cache')}`];
  const args = ['install', 'bcryptjs', ...options, ...more];
  const { status, stderr } = await run(t, 'npm', args, {
    env: { ...env, HOME: home, npm_config_update_notifier: 'false' },
    cwd: home,
  });
  assert.equal(status, 0, stderr);
  assert.equal(
    JSON.parse(readFileSync(join(home, 'node_modules/bcryptjs/package.json'), 'utf8')).version,
    version,
  );
  await command.line(/closed .*user=alice dialect=http .*down=[1-9]/);
});

test('apt-get, which sends requests ahead', { skip: unless('apt-get') }, async (t) => {
  const folder = temporaryDirectory(t);
  const names = Array.from({ length: 8 }, (_, i) => `repository${i}`);
  const packages = (name: string) =>
    `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.com>\n` +
    `Filename: ./${name}.deb\nSize: 1\nSHA256: ${'0'.repeat(64)}\nDescription: a package\n\n`;
  const { url } = await webServer(
    t,
    Object.fromEntries(names.map((name) => [`/${name}/./Packages`, packages(name)])),
  );
  const { command, url: via } = await proxy(t, true);
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'etc']) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  writeFileSync(join(folder, 'status'), '');
  const lines = names.map((name) => `deb [trusted=yes] ${url}/${name} ./\n`);
  writeFileSync(join(folder, 'etc/sources.list'), lines.join(''));
  const settings = [
    `Dir::State "${folder}/state";`,
    `Dir::Cache "${folder}/cache";`,
    `Dir::Etc "${folder}/etc";`,
    `Dir::State::status "${folder}/status";`,
    'APT::Sandbox::User "";',
    'Acquire::Languages "none";',
    `Acquire::http::Proxy "${via.replace('//', '//alice:secret@')}";`,
  ];
  writeFileSync(join(folder, 'config'), settings.join('\n'));
  const env = { ...withoutProxies, APT_CONFIG: join(folder, 'config') };
  const { status, stdout, stderr } = await run(t, 'apt-get', ['update'], { env });
  assert.equal(status, 0, stdout + stderr);
  assert.doesNotMatch(stdout + stderr, /^(Err|E)[:]/m);
  const shown = await run(t, 'apt-cache', ['pkgnames', 'repository'], { env });
  assert.deepEqual(shown.stdout.trim().split('\n').sort(), names);
  await command.line(/closed .*user=alice dialect=http /);
});
