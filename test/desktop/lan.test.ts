import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { certificate } from '../support/certificates.js';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { webServer } from '../support/http.js';
import { type Output, run } from '../support/programs.js';
import { freePort, serve } from '../support/sockets.js';

/** An address of this machine that stands for one that others reach. */
const HOST = '127.0.0.2';
const PASSWORD = 'geheim';

function curl(t: TestContext, proxy: string, url: string, ...more: string[]): Promise<Output> {
  return run(t, 'curl', ['-sS', '--noproxy', '', '-x', proxy, ...more, url]);
}

/** The app with a server for this computer, and its settings in view. */
async function started(t: TestContext): Promise<{ app: DesktopApp; port: number; home: string }> {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const port = await freePort(t);
  await app.startServer(port);
  await app.show('Settings');
  return { app, port, home: session.home };
}

async function fill(app: DesktopApp, name: string, value: string): Promise<void> {
  await app.field(name).fill(value);
  await app.field(name).press('Enter');
  await app.settled();
}

const serving = (app: DesktopApp) =>
  app.page.getByRole('checkbox', { name: 'Serve the local network' });

/** The next file that the user chooses in a dialog. */
function chooses(app: DesktopApp, file: string): Promise<void> {
  return app.electron.evaluate(({ dialog }, path) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [path] });
  }, file);
}

test('others log in where this computer need not', { skip: unlessDesktop('curl') }, async (t) => {
  const { app, port } = await started(t);
  const { url } = await webServer(t, { '/': 'hello' });
  const lanPort = await freePort(t);
  await fill(app, 'Network address', HOST);
  await fill(app, 'Network port', String(lanPort));
  await serving(app).check();
  await app.sees('Nobody could log in from the local network yet: add a user first.');
  await app.show('Overview');
  await app.sees(/The local network is not served\. Nobody could log in/);

  await app.addUser('alice', PASSWORD);
  await app.show('Settings');
  await app.page.getByRole('checkbox', { name: 'Anonymous access' }).check();
  await app.settled();
  await app.page.getByText(/Nobody could log in/).waitFor({ state: 'detached' });
  await app.show('Overview');
  const place = `${HOST}:${lanPort}`;
  await app.page.getByRole('listitem').filter({ hasText: place }).getByText('users only').waitFor();
  await app.page.getByLabel('Through', { exact: true }).selectOption(place);
  await app.sees(`curl -x socks5h://USER:PASSWORD@${place} https://example.com/`);
  assert.equal(await app.page.getByText(/No password is needed/).count(), 0);

  const reach = (login: string) => curl(t, `socks5h://${login}${place}`, url);
  assert.equal((await reach(`alice:${PASSWORD}@`)).stdout, 'hello');
  assert.notEqual((await reach('')).status, 0);
  assert.notEqual((await reach('alice:wrong@')).status, 0);
  assert.equal((await curl(t, `socks5h://127.0.0.1:${port}`, url)).stdout, 'hello');

  await app.show('Settings');
  await serving(app).uncheck();
  await app.page.getByRole('button', { name: place }).waitFor({ state: 'detached' });
  assert.equal((await reach(`alice:${PASSWORD}@`)).status, 7);
  assert.deepEqual(app.console, []);
});

test('what is wrong with it is told at the setting, and this computer is served', {
  skip: unlessDesktop('curl'),
}, async (t) => {
  const { app, port } = await started(t);
  const { url } = await webServer(t, { '/': 'hello' });
  const taken = await serve(t, () => {}, HOST);
  await app.addUser('alice', PASSWORD);
  await app.show('Settings');
  await fill(app, 'Network address', HOST);
  await fill(app, 'Network port', String(taken));
  await serving(app).check();
  const wrong = app.page.locator('#wrong-lanPort');
  await wrong.getByText(/address already in use/).waitFor();
  await app.status('Running');
  const login = `socks5h://alice:${PASSWORD}@`;
  assert.equal((await curl(t, `${login}127.0.0.1:${port}`, url)).stdout, 'hello');

  await app.field('Network port').fill('70000');
  await app.sees('Network port: expected a number from 1 to 65535');
  const free = await freePort(t);
  await fill(app, 'Network port', String(free));
  await app.page.locator('#wrong-lanPort:empty').waitFor({ state: 'attached' });
  assert.equal((await curl(t, `${login}${HOST}:${free}`, url)).stdout, 'hello');
});

test('TLS with files that are chosen', { skip: unlessDesktop('curl') }, async (t) => {
  const { app, home } = await started(t);
  const { url } = await webServer(t, { '/': 'hello' });
  const { cert, key } = certificate({ names: [HOST] });
  const [certFile, keyFile] = [join(home, 'proxy cert.pem'), join(home, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key, { mode: 0o600 });
  await app.addUser('alice', PASSWORD);
  await app.show('Settings');
  const lanPort = await freePort(t);
  await fill(app, 'Network address', HOST);
  await fill(app, 'Network port', String(lanPort));
  await app.page.getByRole('checkbox', { name: 'TLS', exact: true }).check();
  await serving(app).check();
  await app.page
    .locator('#wrong-lanCertificate')
    .getByText(/choose one/)
    .waitFor();

  await chooses(app, keyFile);
  await app.button('Choose: Certificate').click();
  await app.sees(/Certificate: ".*key\.pem" has no certificate; expected a PEM file/);
  await chooses(app, certFile);
  await app.button('Choose: Certificate').click();
  await app.sees(certFile);
  await app.page
    .locator('#wrong-lanKey')
    .getByText(/choose it/)
    .waitFor();
  await chooses(app, keyFile);
  await app.button('Choose: Private key').click();
  await app.sees(keyFile);

  // The window chooses no file by itself.
  const change = { key: 'lanKey', value: '/etc/hostname' };
  const asked = await app.page.evaluate(
    `window.picosocks5.request('settings.set', ${JSON.stringify(change)})`,
  );
  const error = { message: 'A file is chosen in its dialog.' };
  assert.deepEqual(asked, { ok: false, error });

  await app.show('Overview');
  const place = `${HOST}:${lanPort}`;
  await app.page.getByLabel('Through', { exact: true }).selectOption(place);
  await app.sees(
    `curl -x https://USER:PASSWORD@${place} --proxy-cacert 'proxy cert.pem' https://example.com/`,
  );
  await app.sees(`chromium --proxy-server=https://${place}`);
  const login = `https://alice:${PASSWORD}@${place}`;
  const trusting = ['--proxy-cacert', certFile];
  assert.equal((await curl(t, login, url, ...trusting)).stdout, 'hello');
  assert.notEqual((await curl(t, `https://${place}`, url, ...trusting)).stdout, 'hello');
  assert.notEqual((await curl(t, login, url)).status, 0);
  assert.deepEqual(app.console, []);
});
