import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { becomes, runCommand } from '../support/desktopextensions.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected, connectTo, greeted } from '../support/socks.js';
import { TRAY_HOST_PROGRAMS } from '../support/trayhost.js';

test('the network is made bad, and good again: in the tray, its view, and the palette', {
  skip: unlessDesktop(...TRAY_HOST_PROGRAMS),
}, async (t) => {
  const session = await startDesktopSession(t, { trayHost: true });
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  const echo = await echoServer(t);
  const reply = async () => (await connectTo(await greeted(t, port), '127.0.0.1', echo)).reply;
  const presets = async () => {
    const menu = await session.tray.menu();
    const own = menu.find(({ label }) => label === 'Network conditions');
    return own?.entries.map(({ label }) => label) ?? [];
  };
  const all = ['None', '4G', '3G', 'Slow 3G', '2G', 'Satellite', 'Flaky', 'Offline'];
  await becomes(all.join(), async () => (await presets()).join());
  await session.tray.click('Offline');
  await app.sees('offline: nothing gets through');
  assert.equal(await reply(), 3);

  const bar = app.page.getByRole('navigation', { name: 'Contributed by extensions' });
  await bar.getByRole('link', { name: 'Network conditions' }).click();
  await app.page.getByRole('row', { name: /^offline .*yes/ }).waitFor();
  await app.page.getByRole('row', { name: /^none/ }).getByRole('button', { name: 'Use' }).click();
  await becomes(0, reply);
  await runCommand(app, 'Network conditions: 4G');
  await app.page.getByRole('row', { name: /^4G .*yes/ }).waitFor();
  await assertEcho(await connected(t, port, echo));
  assert.deepEqual(app.console, []);
});
