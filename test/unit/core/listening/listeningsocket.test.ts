import assert from 'node:assert/strict';
import { Server } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { ListeningSocket } from '#core/listening/listeningsocket.js';
import { listenInRange } from '#core/transport/ports.js';

const failure = (code: string) => Object.assign(new Error(code), { code });

/** Says that the system is another one, until the test ends. */
function on(t: TestContext, platform: NodeJS.Platform): void {
  const own = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor;
  Object.defineProperty(process, 'platform', { ...own, value: platform });
  t.after(() => Object.defineProperty(process, 'platform', own));
}

const sentences: [code: string, platform: NodeJS.Platform, message: RegExp][] = [
  ['EACCES', 'linux', /^cannot listen on 127\.0\.0\.1:80: .*\(ports below 1024 need root\)$/],
  ['EACCES', 'win32', /^cannot listen on 127\.0\.0\.1:80: .*\(Windows reserves this port.*netsh/],
  ['EADDRINUSE', 'win32', /\(another program uses this port\)$/],
  ['EADDRNOTAVAIL', 'linux', /\(this machine has no such address\)$/],
];
for (const [code, platform, message] of sentences) {
  test(`a port that is not to be had: ${code} on ${platform}`, async (t) => {
    on(t, platform);
    t.mock.method(Server.prototype, 'listen', function listen(this: Server) {
      setImmediate(() => this.emit('error', failure(code)));
      return this;
    });
    const address = { host: '127.0.0.1', port: 80, optional: false };
    await assert.rejects(
      ListeningSocket.open(
        address,
        'default',
        () => {},
        () => {},
      ),
      { name: 'UserError', message },
    );
  });
}

describe('a range of ports', () => {
  test('ports that are taken, or that the system keeps for itself, are passed over', async () => {
    const listen = async (port: number) => {
      if (port === 1002) return port;
      throw failure(port % 2 === 0 ? 'EADDRINUSE' : 'EACCES');
    };
    for (let i = 0; i < 20; i++) assert.equal(await listenInRange([1000, 1003], listen), 1002);
  });

  test('with none to be had the error is that of the last, others come at once', async () => {
    for (const code of ['EACCES', 'EADDRINUSE', 'EMFILE']) {
      let tried = 0;
      const listen = async () => {
        tried++;
        throw failure(code);
      };
      await assert.rejects(listenInRange([1000, 1003], listen), { code });
      assert.equal(tried, code === 'EMFILE' ? 1 : 4);
    }
  });
});
