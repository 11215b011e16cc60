import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { associate, datagram } from '../support/associations.js';
import { contributing, extension } from '../support/extensions.js';
import { startServer } from '../support/server.js';
import { address, domain, request } from '../support/socks.js';
import { UdpPeer } from '../support/udp.js';

const ASSOCIATE = 3;

/** A way out `mine` by a socket of its own. @param send what it does with what is to be sent. */
function way(t: TestContext, send: string): string {
  return extension(
    t,
    contributing({ outbounds: ['mine'] }),
    `import { createSocket } from 'node:dgram';
     export function activate({ registries, log }) {
       registries.outbounds.register({
         id: 'mine', schemes: ['mine'], resolves: true,
         connect() { throw new Error('only datagrams'); },
         async datagrams({ command, destination, client, upstream, signal }, same) {
           log.info([command, client.host, upstream.host, upstream.port, signal === same].join());
           const socket = createSocket('udp4').on('error', () => {});
           let closed = false;
           return {
             get closed() { return closed; },
             start(receive) {
               socket.on('message', (data, { address, port }) => receive({ host: address, port }, data));
             },
             send(to, data) { ${send} },
             close() { closed = true; socket.close(); log.info('closed'); },
           };
         },
       });
     }`,
  );
}

const SEND =
  "socket.send(data, to.port, to.host.endsWith('.test') ? '127.0.0.1' : to.host); return true;";

test('a way out of an extension carries datagrams, names as they are, until the client leaves', async (t) => {
  const echo = await UdpPeer.echo(t);
  const options = { extensions: [way(t, SEND)], via: ['mine://127.0.0.2:7'] };
  const { send, peer, control, event } = await associate(t, options);
  const whole = datagram(address('127.0.0.1', echo.port), 'by address');
  send(whole);
  assert.deepEqual((await peer.receive()).data, whole);
  send(datagram(domain('a.test', echo.port), 'by name'));
  const answer = datagram(address('127.0.0.1', echo.port), 'by name');
  assert.deepEqual((await peer.receive()).data, answer);
  const { message } = await event('info');
  assert.equal(message, 'ext: associate,127.0.0.1,127.0.0.2,7,true');
  control.socket.end();
  await event('info', (one) => one.message === 'ext: closed');
  assert.equal((await event('closed')).via, 'mine://127.0.0.2:7');
});

test('one that throws is over, and is told; what is refused goes by no other way', async (t) => {
  const echo = await UdpPeer.echo(t);
  const folder = way(t, "throw new Error('no more')");
  const { send, event, control } = await associate(t, {
    extensions: [folder],
    via: ['mine://127.0.0.2:7'],
    request: ['!assoc:127.0.0.3', 'assoc'],
  });
  send(datagram(address('127.0.0.3', echo.port), 'refused'));
  assert.equal((await event('rejected')).datagram, true);
  send(datagram(address('127.0.0.1', echo.port), 'x'));
  await event('warning', ({ message }) => /a way for datagrams: no more/.test(message));
  await event('info', (one) => one.message === 'ext: closed');
  control.socket.end();
  assert.equal((await event('closed')).dropped, 2);
});

test('one that opens nothing of the kind is told, and nothing is sent', async (t) => {
  const folder = extension(
    t,
    contributing({ outbounds: ['mine'] }),
    `export function activate({ registries }) {
       registries.outbounds.register({ id: 'mine', resolves: false, serves: () => true, connect() {}, datagrams: () => ({ send() {} }) });
     }`,
  );
  const { send, event } = await associate(t, { extensions: [folder] });
  send(datagram(address('127.0.0.1', 9), 'x'));
  const { datagram: isDatagram, detail } = await event('rejected');
  assert.deepEqual([isDatagram, detail], [true, 'its way for datagrams has no start()']);
});

test('without it, a way that resolves names has no association', async (t) => {
  const folder = extension(
    t,
    contributing({ outbounds: ['mine'] }),
    `export function activate({ registries }) {
       registries.outbounds.register({ id: 'mine', schemes: ['mine'], resolves: true, connect() {} });
     }`,
  );
  const { port } = await startServer(t, { extensions: [folder], via: ['mine://127.0.0.2:7'] });
  const { reply } = await request(t, port, ASSOCIATE, address('0.0.0.0', 0));
  assert.equal(reply.reply, 7);
});
