// A destination that sends back what comes, and tells the parent at which port of all addresses.
import { type AddressInfo, createServer } from 'node:net';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.on('data', (octets) => socket.write(octets));
});
server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, () => {
  process.send?.((server.address() as AddressInfo).port);
});
process.once('disconnect', () => process.exit());
