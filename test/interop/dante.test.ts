import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import { temporaryDirectory, temporaryFile } from '../support/files.js';
import { webServer } from '../support/http.js';
import { run, start, unless } from '../support/programs.js';
import { freePort, listening } from '../support/sockets.js';

/** Runs a program whose connections Dante's library sends through the proxy. */
function socksify(t: TestContext, proxy: number, program: string, args: string[], input = '') {
  const config = temporaryFile(
    t,
    `route {
       from: 0.0.0.0/0 to: 0.0.0.0/0 via: 127.0.0.1 port = ${proxy}
       proxyprotocol: socks_v5
       protocol: tcp udp
       command: bind connect udpassociate bindreply udpreply
       method: none
     }\n`,
  );
  const env = { ...process.env, SOCKS_CONF: config, SOCKS_AUTOADD_LANROUTES: 'no' };
  return run(t, 'socksify', [program, ...args], { env, input });
}

test('socksify: CONNECT', { skip: unless('socksify', 'curl') }, async (t) => {
  const { url } = await webServer(t, { '/': 'hello' });
  const command = new Command(t, ['127.0.0.1:0']);
  const proxy = await command.port();
  const { stdout, stderr } = await socksify(t, proxy, 'curl', ['-sS', '--noproxy', '*', `${url}/`]);
  assert.equal(stdout, 'hello', stderr);
  await command.line(/closed #1 .*command=connect/);
});

const asRoot = process.getuid?.() === 0;
const active = 'socksify: BIND, an FTP transfer in active mode';
test(active, { skip: unless('socksify', 'tnftp', 'vsftpd') }, async (t) => {
  const root = temporaryDirectory(t);
  const [published, empty] = [join(root, 'pub'), join(root, 'empty')];
  mkdirSync(published);
  mkdirSync(empty);
  writeFileSync(join(published, 'file'), 'by FTP\n');
  const port = await freePort(t);
  const config = temporaryFile(
    t,
    [
      'listen=YES',
      'listen_address=127.0.0.1',
      `listen_port=${port}`,
      'background=NO',
      'anonymous_enable=YES',
      'no_anon_password=YES',
      `anon_root=${published}`,
      `ftp_username=${asRoot ? 'daemon' : userInfo().username}`,
      `secure_chroot_dir=${empty}`,
      'port_promiscuous=YES',
      'connect_from_port_20=NO',
      `run_as_launching_user=${asRoot ? 'NO' : 'YES'}`,
      'seccomp_sandbox=NO',
      'isolate=NO',
      'isolate_network=NO',
    ].join('\n'),
  );
  start(t, 'vsftpd', [config]);
  await listening(port);

  const command = new Command(t, ['-v', 'debug', '127.0.0.1:0']);
  const proxy = await command.port();
  const script = `open 127.0.0.1 ${port}\nuser anonymous x\nepsv4 off\nget file -\nbye\n`;
  const { stdout, stderr } = await socksify(t, proxy, 'tnftp', ['-n', '-A'], script);
  assert.match(stdout, /by FTP/, `${stdout}${stderr}\n${command.lines.join('\n')}`);
  await command.line(/established .*command=bind|request .*command=bind/);
});

const dns = 'socksify: UDP, a DNS query';
test(dns, { skip: unless('socksify', 'drill', 'dnsmasq') }, async (t) => {
  const port = await freePort(t);
  start(t, 'dnsmasq', [
    ...['--no-daemon', '--no-resolv', '--no-hosts', '--listen-address=127.0.0.1'],
    ...['--bind-interfaces', `--port=${port}`, '--address=/example.test/192.0.2.53'],
  ]);
  await listening(port);
  const command = new Command(t, ['-v', 'debug', '127.0.0.1:0']);
  const proxy = await command.port();
  // dig sends by sendmmsg(2), which socksify of Dante 1.4 does not see.
  const args = ['-p', String(port), '@127.0.0.1', 'www.example.test'];
  const { stdout, stderr } = await socksify(t, proxy, 'drill', args);
  assert.match(stdout, /\b192\.0\.2\.53\b/, `${stderr}\n${command.lines.join('\n')}`);
  await command.line(/closed .*command=associate .*reason=finished/);
});
