import { createServer, type Socket } from 'node:net';

/**
 * The destination of a benchmark, a process of its own. The first octet of a connection says what
 * it does: `e` sends back what it gets, `d` sends without end, `u` takes what comes.
 */
const block = Buffer.alloc(256 * 1024, 'x');

function flood(socket: Socket): void {
  while (socket.write(block));
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.once('data', (first: Buffer) => {
    const [mode] = first.toString('latin1', 0, 1);
    if (mode === 'e') {
      socket.write(first);
      socket.pipe(socket);
    } else if (mode === 'd') {
      socket.on('drain', () => flood(socket));
      flood(socket);
    } else socket.resume();
  });
});
server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
process.once('disconnect', () => process.exit());
