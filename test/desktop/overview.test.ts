import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { freePort } from '../support/sockets.js';

/** The app with a server that listens at an address, without users. */
async function listening(t: TestContext, host: string): Promise<{ app: DesktopApp; port: number }> {
  const session = await startDesktopSession(t);
  const folder = join(session.env['XDG_CONFIG_HOME'] ?? '', 'PicoSOCKS5');
  const port = await freePort(t);
  mkdirSync(folder, { recursive: true });
  const settings = { port, listenAddress: [host], anonymous: true };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify({ version: 1, settings, users: [] }));
  const app = await DesktopApp.start(session);
  await app.button('Start server').click();
  await app.status('Running');
  return { app, port };
}

/** Lets the window believe that the server is reached from elsewhere, which no test's server is. */
function pretend(app: DesktopApp, host: string, port: number): Promise<void> {
  return app.electron.evaluate(
    ({ BrowserWindow }, place) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      if (contents === undefined) throw new Error('no window');
      const send = contents.send.bind(contents);
      contents.send = (name: string, payload) => {
        if (name !== 'server') return send(name, payload);
        const endpoints = [...payload.endpoints, { ...place, place: 'eth0' }];
        const exposed = payload.authentication ? [] : [`${place.host}:${place.port}`];
        send(name, { ...payload, endpoints, exposed });
      };
    },
    { host, port },
  );
}

test('who listens beyond this computer without users is told all the time', {
  skip: unlessDesktop(),
}, async (t) => {
  const { app, port } = await listening(t, '127.0.0.1');
  await pretend(app, '192.0.2.7', port);
  // Any change makes the app tell how the server is.
  await app.page.evaluate(
    `window.picosocks5.request('settings.set', { key: 'maxconn', value: 9 })`,
  );
  const banner = app.page.getByRole('alert').filter({ hasText: 'No password is needed' });
  for (const view of ['Connections', 'Users', 'Settings', 'Overview'] as const) {
    await app.show(view);
    await banner.getByText(`may use the proxy at 192.0.2.7:${port}.`).waitFor();
  }
  // Recipes are for the address that others reach as well, and for any other that is chosen.
  await app.sees(`curl -x socks5h://192.0.2.7:${port} https://example.com/`);
  await app.page.getByLabel('Through', { exact: true }).selectOption(`127.0.0.1:${port}`);
  await app.sees(`curl -x socks5h://127.0.0.1:${port} https://example.com/`);

  await banner.getByRole('button', { name: 'Add a user' }).click();
  await app.field('User name').fill('alice');
  await app.field('Password').fill('secret');
  await app.button('Save').click();
  await app.page.getByRole('row', { name: /^alice/ }).waitFor();
  await banner.getByRole('button', { name: 'Demand passwords' }).click();
  await banner.waitFor({ state: 'detached' });
  await app.show('Overview');
  await app.sees(`curl -x socks5h://USER:PASSWORD@192.0.2.7:${port} https://example.com/`);
  // Browsers log in to an HTTP proxy only.
  await app.sees(`chromium --proxy-server=http://192.0.2.7:${port}`);
  await app.sees('ask for them');
  const login = `http://USER:PASSWORD@192.0.2.7:${port}`;
  await app.sees(`npm config set proxy=${login} https-proxy=${login}`);
});

test('nobody is warned of a server for this computer only', {
  skip: unlessDesktop(),
}, async (t) => {
  const { app, port } = await listening(t, '127.0.0.9');
  await app.sees(`export ALL_PROXY=socks5h://127.0.0.9:${port}`);
  assert.equal(await app.page.getByText(/No password is needed/).count(), 0);
});

test('recipes are for the shells of the system', { skip: unlessDesktop() }, async (t) => {
  const { app, port } = await listening(t, '127.0.0.1');
  const url = `socks5h://127.0.0.1:${port}`;
  await app.sees(`export ALL_PROXY=${url}`);
  const http = `http://127.0.0.1:${port}`;
  await app.sees(`export http_proxy=${http} https_proxy=${http}`);
  await app.sees(`chromium --proxy-server=socks5://127.0.0.1:${port}`);
  await app.electron.evaluate(() => {
    Object.defineProperty(process, 'platform', { value: 'win32' });
  });
  await app.page.reload();
  await app.sees(`set ALL_PROXY=${url}`);
  await app.sees(`$env:ALL_PROXY = '${url}'`);
  await app.sees(`curl.exe -x ${url} https://example.com/`);
  await app.sees(`$env:HTTP_PROXY = $env:HTTPS_PROXY = '${http}'`);
  await app.sees(`Settings, Network & internet, Proxy, Manual: 127.0.0.1, port ${port}`);
  assert.equal(await app.page.getByText('export ALL_PROXY').count(), 0);
});

test('where HTTP is switched off no recipe is for it', { skip: unlessDesktop() }, async (t) => {
  const { app } = await listening(t, '127.0.0.1');
  await app.sees('npm config set proxy=');
  await app.page.evaluate(
    `window.picosocks5.request('settings.set', { key: 'http', value: false })`,
  );
  await app.page.getByText('npm config set').waitFor({ state: 'detached' });
});
