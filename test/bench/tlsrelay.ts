import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createServer } from 'node:tls';

/**
 * The plainest SOCKS 5 server inside of TLS: no checks, and bytes by `stream.pipe`. To compare with.
 * PORT FILE, which has certificate and key.
 */
const [, , port, file = ''] = process.argv;
const pem = readFileSync(file);
createServer({ cert: pem, key: pem, noDelay: true }, (client) => {
  client.on('error', () => {});
  client.once('data', () => {
    client.write(Buffer.of(5, 0));
    client.once('data', (request: Buffer) => {
      const target = { port: request.readUInt16BE(8), host: request.subarray(4, 8).join('.') };
      const remote = connect({ ...target, noDelay: true });
      remote.on('error', () => client.destroy());
      client.on('close', () => remote.destroy());
      remote.once('connect', () => {
        client.write(Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
        client.pipe(remote).pipe(client);
      });
    });
  });
}).listen(Number(port), '127.0.0.1');
