import { PASSWORD, USER } from './load/job.js';
import type { Mode } from './subjects.js';

/** Dante's danted.conf(5): no log, no checks. */
export function danteConfig(port: number): string {
  return `
logoutput: /dev/null
internal: 127.0.0.1 port = ${port}
external: lo
clientmethod: none
socksmethod: none
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
`;
}

/** The YAML of hev-socks5-server: one worker, as others are one process, and no log. */
export function hevConfig(port: number, mode: Mode): string {
  const auth = `auth:\n  username: '${USER}'\n  password: '${PASSWORD}'\n`;
  return `
main:
  workers: 1
  port: ${port}
  listen-address: '127.0.0.1'
misc:
  log-file: 'null'
${mode === 'password' ? auth : ''}`;
}

/** The 3proxy.cfg(3) of 3proxy: no log; by default it has 100 connections at most. */
export function threeProxyConfig(port: number, mode: Mode): string {
  const auth = `auth strong\nusers ${USER}:CL:${PASSWORD}\nallow ${USER}`;
  return `maxconn 20000
${mode === 'password' ? auth : 'auth none'}
socks -p${port} -i127.0.0.1 -e127.0.0.1
`;
}

/** The stunnel(8) configuration of TLS in front of a server. @param behind the server's port. */
export function stunnelConfig(port: number, behind: number, certificate: string): string {
  return `foreground = yes
debug = 0
pid =
[socks]
accept = 127.0.0.1:${port}
connect = 127.0.0.1:${behind}
cert = ${certificate}
`;
}
