import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { acceptFrom, acceptOptions } from '#core/net/accept.js';
import { inletOf } from '#core/net/inlet.js';

/**
 * The destination of a benchmark, a process of its own. The first octet of a connection says what
 * it does: `e` sends back what it gets, `d` sends without end, `u` takes what comes. Datagrams to
 * the same port are sent back. It reads as the server does, or it would be what is measured.
 */
const block = Buffer.alloc(256 * 1024, 'x');

function flood(socket: Socket): void {
  while (socket.write(block));
}

const server = createServer(acceptOptions);

function serve(socket: Socket): void {
  socket.on('error', () => {});
  const inlet = inletOf(socket);
  let mode = '';
  inlet.readTo((chunk) => {
    if (mode === '') {
      mode = chunk.toString('latin1', 0, 1);
      if (mode === 'd') flood(socket.on('drain', () => flood(socket)));
    }
    if (mode === 'e') socket.write(Buffer.from(chunk));
    return true;
  });
  inlet.resume();
  socket.once('end', () => socket.end());
  socket.once('close', () => inlet.release(false));
}

const datagrams = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 });
datagrams.on('message', (data, { port, address }) => datagrams.send(data, port, address));
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  acceptFrom(server, serve);
  const { port } = server.address() as AddressInfo;
  datagrams.bind(port, '127.0.0.1', () => process.send?.(server.address()));
});
process.once('disconnect', () => process.exit());
