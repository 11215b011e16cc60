import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { webServer } from '../support/http.js';
import { run } from '../support/programs.js';
import { echoServer, freePort, serve } from '../support/sockets.js';
import { assertEcho, connected } from '../support/socks.js';

async function started(t: TestContext): Promise<DesktopApp> {
  return DesktopApp.start(await startDesktopSession(t));
}

test('the first start, and the server', { skip: unlessDesktop('curl') }, async (t) => {
  const app = await started(t);
  await app.status('Stopped');
  await app.sees(/Nothing is listening yet/);
  await app.sees(/This desktop shows no tray icons/);

  const { url } = await webServer(t, { '/': 'hello' });
  const port = await freePort(t);
  await app.startServer(port);
  const proxy = `socks5h://127.0.0.1:${port}`;
  const curl = () => run(t, 'curl', ['-sS', '--noproxy', '', '-x', proxy, url]);
  assert.equal((await curl()).stdout, 'hello');

  await app.show('Overview');
  await app.sees(`curl -x ${proxy} https://example.com/`);
  await app.button(`Copy 127.0.0.1:${port}`).click();
  await app.settled();
  const copied = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
  assert.equal(copied, `127.0.0.1:${port}`);

  await app.button('Stop server').click();
  await app.status('Stopped');
  assert.match((await curl()).stderr, /Failed to connect to 127.0.0.1/);
  assert.deepEqual(app.console, []);
});

test('a port that is in use, and the one that is free', { skip: unlessDesktop() }, async (t) => {
  const taken = await serve(t, () => {});
  const app = await started(t);
  await app.setPort(taken);
  // Who goes to another view before it fails stays there.
  await app.show('Connections');
  await app.page.evaluate(`(() => {
    document.querySelector('button.power').click();
    document.querySelector('a[title=Users]').click();
  })()`);
  await app.status('Error');
  await app.settled();
  await app.page.getByRole('heading', { name: 'Users', exact: true }).waitFor();
  await app.show('Settings');
  await app.button('Start server').click();
  await app.sees(`Cannot listen on 127.0.0.1:${taken}: address already in use`);
  await app.page.getByRole('button', { name: /^Use port/ }).click();
  await app.status('Running');
  const port = Number(await app.field('Port').inputValue());
  assert.ok(port > taken && port < taken + 21);
  await assertEcho(await connected(t, port, await echoServer(t)));
});

test('another port while connections go on', { skip: unlessDesktop() }, async (t) => {
  const app = await started(t);
  const [first, second] = [await freePort(t), await freePort(t)];
  await app.startServer(first);
  const echo = await echoServer(t);
  const client = await connected(t, first, echo);
  await assertEcho(client);

  await app.setPort(second);
  await app.sees(/The server takes over Port when it is restarted/);
  await app.button('Restart server').click();
  await app.page.getByRole('button', { name: `127.0.0.1:${second}` }).waitFor();
  await assertEcho(client, 'still here');
  await assertEcho(await connected(t, second, echo));

  const taken = await serve(t, () => {});
  await app.setPort(taken);
  await app.button('Restart server').click();
  await app.sees(/address already in use .* Port \d+ is free/);
  await app.status('Running');
  await assertEcho(await connected(t, second, echo));
});
