import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { certificate, tlsFolder } from '../support/certificates.js';
import { Command } from '../support/command.js';
import { webServer } from '../support/http.js';
import { run, start, unless, unlessWorks } from '../support/programs.js';
import { echoServer, freePort, listening } from '../support/sockets.js';
import { passwordFile, plainSecret } from '../support/users.js';

/** A server with TLS, and what its clients need. */
async function tlsServer(t: TestContext) {
  const { args, folder } = tlsFolder(t);
  const command = new Command(t, [...args, 'tls://127.0.0.1:0']);
  return { port: await command.port(), caFile: join(folder, 'ca.pem') };
}

/** Words of SOCKS 5 for an anonymous CONNECT to a port of 127.0.0.1. */
const connectWords = (port: number) =>
  Buffer.of(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff);

for (const version of ['-tls1_2', '-tls1_3'] as const) {
  test(`openssl s_client speaks SOCKS inside, ${version}`, {
    skip: unless('openssl'),
  }, async (t) => {
    const echo = await echoServer(t);
    const { port, caFile } = await tlsServer(t);
    const trust = ['-CAfile', caFile, '-verify_return_error', '-verify_hostname', 'localhost'];
    const args = ['s_client', '-quiet', version, ...trust, '-connect', `127.0.0.1:${port}`];
    const child = spawn('openssl', args, { stdio: 'pipe' });
    t.after(() => child.kill('SIGKILL'));
    let got = Buffer.alloc(0);
    const all = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        got = Buffer.concat([got, chunk]);
        if (got.length >= 16) resolve();
      });
    });
    child.stdin.write(Buffer.concat([connectWords(echo), Buffer.from('echo')]));
    await all;
    assert.deepEqual([...got.subarray(0, 4)], [5, 0, 5, 0]);
    assert.equal(String(got.subarray(12)), 'echo');
  });
}

test('openssl s_client with an old version, and without a certificate, is told in the log', {
  skip: unless('openssl'),
}, async (t) => {
  const { folder, args } = tlsFolder(t);
  const clients = join(folder, 'ca.pem');
  const command = new Command(t, [...args, '--tls-client-ca', clients, 'tls://127.0.0.1:0']);
  const port = await command.port();
  const at = ['-connect', `127.0.0.1:${port}`];
  await run(t, 'openssl', ['s_client', '-tls1_1', '-cipher', 'ALL@SECLEVEL=0', ...at]);
  await command.line(/reason=tls-failed detail=.*(no version of TLS from 1\.2 on|version)/);
  await run(t, 'openssl', ['s_client', ...at]);
  await command.line(/reason=tls-failed detail="the client shows no certificate"/);
  await run(t, 'openssl', ['s_client', '-verify_return_error', ...at]);
  await command.line(/reason=tls-failed detail="the client gives up: .*unknown ca/);
});

test('openssl reads the certificates of the tests', { skip: unless('openssl') }, async (t) => {
  const { folder } = tlsFolder(t);
  const [ca, cert] = [join(folder, 'ca.pem'), join(folder, 'cert.pem')];
  const args = ['verify', '-x509_strict', '-CAfile', ca, '-verify_hostname', 'localhost', cert];
  const { status, stdout, stderr } = await run(t, 'openssl', args);
  assert.equal(status, 0, stdout + stderr);
});

test('stunnel4 in front of curl: socks5h through TLS, with a certificate of the client', {
  skip: unless('stunnel4', 'curl'),
}, async (t) => {
  const data = randomBytes(5_000_000);
  const { url } = await webServer(t, { '/data': data, '/': 'hello' });
  const { folder, ca, write, args } = tlsFolder(t);
  const caFile = join(folder, 'ca.pem');
  const command = new Command(t, [...args, '--tls-client-ca', caFile, 'tls://127.0.0.1:0']);
  const port = await command.port();
  const alice = certificate({ subject: [['CN', 'alice']], by: ca });
  write('alice.pem', alice.cert + alice.key);
  const near = await freePort(t);
  const config = write(
    'stunnel.conf',
    `foreground = yes
pid =
[proxy]
client = yes
accept = 127.0.0.1:${near}
connect = 127.0.0.1:${port}
cert = ${join(folder, 'alice.pem')}
CAfile = ${caFile}
verifyChain = yes
checkHost = localhost
`,
  );
  start(t, 'stunnel4', [config]);
  await listening(near);
  const curl = (...args: string[]) =>
    run(t, 'curl', [
      '-sS',
      '--fail',
      '--noproxy',
      '',
      '-x',
      `socks5h://127.0.0.1:${near}`,
      ...args,
    ]);
  const { stdout, stderr } = await curl(`${url}/`);
  assert.equal(stdout, 'hello', stderr);
  const file = join(folder, 'got');
  const many = Array.from({ length: 20 }, () => `${url}/`);
  assert.equal((await curl(...many)).stdout, 'hello'.repeat(20));
  const large = await curl('-o', file, '-w', '%{size_download}', `${url}/data`);
  assert.equal(large.stdout, String(data.length), large.stderr);
  await command.line(/closed .*user=alice/);
});

test('curl -x https://: a login, and a certificate in its place', {
  skip: unless('curl'),
}, async (t) => {
  const data = randomBytes(2_000_000);
  const near = await webServer(t, { '/': 'hello', '/data': data });
  const far = await webServer(t, { '/': 'other' });
  const users = passwordFile(t, `alice:staff:${plainSecret('secret')}`);
  const { args, ca, folder, write } = tlsFolder(t);
  const trust = ['--proxy-cacert', join(folder, 'ca.pem')];
  const curl = (proxy: string, ...more: string[]) =>
    run(t, 'curl', ['-sS', '--fail', '--noproxy', '', ...trust, '-x', proxy, ...more]);

  const byPassword = new Command(t, [...args, '-a', users, 'tls://127.0.0.1:0']);
  const port = await byPassword.port();
  for (const tunnel of [[], ['--proxytunnel']]) {
    const urls = [`${near.url}/`, `${far.url}/`];
    const proxy = `https://alice:secret@localhost:${port}`;
    const { stdout, stderr } = await curl(proxy, ...tunnel, ...urls);
    assert.equal(stdout, 'helloother', stderr);
  }
  const file = join(folder, 'got');
  const large = `https://alice:secret@localhost:${port}`;
  assert.equal((await curl(large, '-o', file, `${near.url}/data`)).status, 0);
  assert.ok(readFileSync(file).equals(data));
  assert.equal((await curl(`https://localhost:${port}`, near.url)).status, 22);
  assert.equal((await curl(`https://alice:wrong@localhost:${port}`, near.url)).status, 22);

  const authorities = ['--tls-client-ca', join(folder, 'ca.pem')];
  const byName = new Command(t, [...args, ...authorities, '-a', users, 'tls://127.0.0.1:0']);
  const own = certificate({ subject: [['CN', 'alice']], by: ca });
  const cert = write('alice.pem', own.cert + own.key);
  const proxy = `https://localhost:${await byName.port()}`;
  // Two hosts on one connection: the second is another connection of the same user.
  const both = await curl(proxy, '--proxy-cert', cert, `${near.url}/`, `${far.url}/`);
  assert.equal(both.stdout, 'helloother', both.stderr);
  await byName.line(/closed #1 .*user=alice .*down=[1-9]/);
  await byName.line(/closed #2 .*user=alice .*down=[1-9]/);
  // What it sends besides counts not.
  const withLogin = proxy.replace('https://', 'https://bob:wrong@');
  assert.equal((await curl(withLogin, '--proxy-cert', cert, near.url)).stdout, 'hello');
  assert.notEqual((await curl(proxy, near.url)).status, 0);
  await byName.line(/reason=tls-failed detail="the client shows no certificate"/);
});

const python = `
import socket, ssl, sys
ca, port, echo = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
context = ssl.create_default_context(cafile=ca)
if len(sys.argv) > 4: context.load_cert_chain(sys.argv[4])
with socket.create_connection(('127.0.0.1', port)) as plain:
    with context.wrap_socket(plain, server_hostname='localhost') as tls:
        tls.sendall(b'\\x05\\x01\\x00')
        assert tls.recv(2) == b'\\x05\\x00'
        tls.sendall(b'\\x05\\x01\\x00\\x01\\x7f\\x00\\x00\\x01' + echo.to_bytes(2, 'big'))
        reply = b''
        while len(reply) < 10: reply += tls.recv(10 - len(reply))
        assert reply[:2] == b'\\x05\\x00', reply
        block = bytes(range(256)) * 400
        tls.sendall(block)
        got = b''
        while len(got) < len(block): got += tls.recv(65536)
        assert got == block
        print(tls.version())
`;

test("Python's ssl", {
  skip: unlessWorks('python3', ['-c', 'import ssl'], 'python3 with ssl'),
}, async (t) => {
  const echo = await echoServer(t);
  const { port, caFile } = await tlsServer(t);
  const args = ['-c', python, caFile, String(port), String(echo)];
  const { status, stdout, stderr } = await run(t, 'python3', args);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^TLSv1\.[23]$/m);
});
