import { connect, createServer } from 'node:net';

/** The plainest SOCKS 5 server: no checks, and bytes by `stream.pipe`. To compare with. */
createServer({ noDelay: true }, (client) => {
  client.on('error', () => {});
  client.once('data', () => {
    client.write(Buffer.of(5, 0));
    client.once('data', (request: Buffer) => {
      const port = request.readUInt16BE(8);
      const remote = connect({ port, host: request.subarray(4, 8).join('.'), noDelay: true });
      remote.on('error', () => client.destroy());
      client.on('close', () => remote.destroy());
      remote.once('connect', () => {
        client.write(Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
        client.pipe(remote).pipe(client);
      });
    });
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
