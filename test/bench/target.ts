import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';

/**
 * The destination of a benchmark, a process of its own. The first octet of a connection says what
 * it does: `e` sends back what it gets, `d` sends without end, `u` takes what comes. Datagrams to
 * the same port are sent back. It shares nothing with the server, whose versions are compared.
 */
const block = Buffer.alloc(256 * 1024, 'x');
/** What all connections are read into. */
const shared = Buffer.allocUnsafeSlow(256 * 1024);

/** Takes what is read, which is valid until it returns. */
type Take = (chunk: Buffer) => void;

/** What Node keeps of a listening socket and does not tell. */
interface Listening {
  readonly _handle?: { onconnection?: (error: number, handle?: object) => void } | null;
}

/**
 * Takes connections before Node makes sockets of them, and makes such that read into a buffer:
 * otherwise the destination would be what is measured. Node has no public way to that; where its
 * internals are not as known, sockets are Node's own.
 */
function acceptFrom(server: Server, serve: (socket: Socket) => Take): void {
  server.on('connection', (socket: Socket) => socket.on('data', serve(socket)));
  const listening = (server as unknown as Listening)._handle;
  if (typeof listening?.onconnection !== 'function') return;
  listening.onconnection = (error, handle) => {
    if (error !== 0 || handle === undefined) return;
    let take: Take = () => {};
    const callback = (bytes: number) => {
      take(shared.subarray(0, bytes));
      return true;
    };
    const options = { onread: { buffer: shared, callback }, allowHalfOpen: true };
    const socket = new Socket(Object.assign(options, { handle })).setNoDelay(true);
    take = serve(socket);
    socket.resume();
  };
}

function flood(socket: Socket): void {
  while (socket.write(block));
}

function serve(socket: Socket): Take {
  socket.on('error', () => {});
  socket.once('end', () => socket.end());
  let mode = '';
  return (chunk) => {
    if (mode === '') {
      mode = chunk.toString('latin1', 0, 1);
      if (mode === 'd') flood(socket.on('drain', () => flood(socket)));
    }
    if (mode === 'e') socket.write(Buffer.from(chunk));
  };
}

const datagrams = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 });
datagrams.on('message', (data, { port, address }) => datagrams.send(data, port, address));
const server = createServer({ allowHalfOpen: true, noDelay: true });
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  acceptFrom(server, serve);
  const { port } = server.address() as AddressInfo;
  datagrams.bind(port, '127.0.0.1', () => process.send?.(server.address()));
});
process.once('disconnect', () => process.exit());
