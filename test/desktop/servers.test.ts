import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { certificate } from '../support/certificates.js';
import { Command } from '../support/command.js';
import { startControlled } from '../support/control.js';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { temporaryFile } from '../support/files.js';
import { echoServer, freePort } from '../support/sockets.js';
import { assertEcho, connected, connectTo, login } from '../support/socks.js';
import { Sshd, unlessSshLogin } from '../support/sshd.js';
import { passwordFile, plainSecret } from '../support/users.js';

const TOKEN = 'a-token-of-the-test-0123456789';

/** A server that is asked by TLS. */
async function startTls(t: TestContext) {
  const port = await freePort(t);
  const { cert, key } = certificate({ names: ['127.0.0.1'] });
  const files = [`${TOKEN}\n`, cert, key].map((content) => temporaryFile(t, content)) as [
    string,
    string,
    string,
  ];
  for (const file of files) chmodSync(file, 0o600);
  const [token, shown, secret] = files;
  const control = ['--control', `tls:127.0.0.1:${port}`, '--control-token', token];
  const command = new Command(t, [
    ...control,
    ...['--tls-cert', shown, '--tls-key', secret, '127.0.0.1:0'],
  ]);
  await command.line(/listening/);
  return { port, fingerprint: new X509Certificate(cert).fingerprint256 };
}

/** The content of all files below a folder: some come and go meanwhile. */
function allOf(folder: string): string {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => contentOf(join(parentPath, name)))
    .join('\n');
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

test('servers elsewhere are shown by the same window: over a real sshd, and by TLS', {
  skip: unlessDesktop() ?? unlessSshLogin('ssh'),
}, async (t) => {
  const users = passwordFile(t, `alice::${plainSecret('secret')}`);
  const rules = ['--via', '192.0.2.0/24=block', '--request', 'all'];
  const [sshd, controlled, tls, echo] = await Promise.all([
    Sshd.start(t),
    startControlled(t, ['-a', users, '--anonymous', '--max-login-failures', '1', ...rules]),
    startTls(t),
    echoServer(t),
  ]);
  const { port, path } = controlled;
  const before = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = before;
  });
  process.env['PATH'] = `${sshd.client(t)}:${before}`;
  const early = await connected(t, port, echo);

  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const { page } = app;
  const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name}\\b`) });
  const way = page.getByRole('combobox', { name: 'Way', exact: true });

  await app.show('Servers');
  await app.sees('None yet: add one');
  await app.button('Add server').click();
  await app.field('Server name').fill('far');
  await app.field('Host').fill('-oProxyCommand=true');
  await app.field('Port').fill(String(sshd.port));
  await app.field('User').fill(sshd.user);
  await app.field('Control interface there').fill(path);
  await app.button('Save').click();
  await app.sees(/“-oProxyCommand=true” cannot be one/);
  await app.field('Host').fill('127.0.0.1');
  await app.button('Save').click();
  await row('far').getByText('Connected', { exact: true }).waitFor();

  // By TLS with a token, which only the keychain knows.
  await app.button('Add server').click();
  await app.field('Server name').fill('near');
  await way.selectOption('TLS with a token');
  await app.field('Host').fill('127.0.0.1');
  await app.field('Port').fill(String(tls.port));
  await app.field('Token').fill('a-wrong-token-0123456789');
  await app.field('Certificate’s fingerprint').fill(tls.fingerprint.toLowerCase());
  await app.button('Save').click();
  await row('near')
    .getByText(/knows another token/)
    .waitFor();
  await row('near').getByText('Failed', { exact: true }).waitFor();
  await app.button('Edit near').click();
  await app.field('Token').fill(TOKEN);
  await app.button('Save').click();
  await row('near').getByText('Connected', { exact: true }).waitFor();
  const secrets = await session.secretSearchAll({ service: 'picosocks5' });
  assert.deepEqual(
    secrets.map(({ secret }) => secret),
    [TOKEN],
  );
  assert.ok(!allOf(join(session.env['XDG_CONFIG_HOME'] ?? '', 'PicoSOCKS5')).includes(TOKEN));

  // The window shows one of them as it shows its own; the others stay linked.
  await app.button('Show far').click();
  const shown = page.getByRole('combobox', { name: 'Server that the window shows' });
  await page.waitForLoadState();
  await app.status('Running');
  await app.show('Overview');
  await app.sees(`127.0.0.1:${port}`);
  await app.sees('on far only');
  assert.equal(await app.button('Stop server').isDisabled(), true);

  await app.show('Connections');
  await page
    .getByRole('row')
    .filter({ hasText: `127.0.0.1:${echo}` })
    .waitFor();
  const { client, status } = await login(t, port, 'alice', 'secret');
  assert.equal(status, 0);
  assert.equal((await connectTo(client, '127.0.0.1', echo)).reply, 0);
  await assertEcho(client, 'hello');
  await page.getByRole('gridcell', { name: 'alice', exact: true }).click();
  await page.keyboard.press('Delete');
  await client.readAll();

  await app.show('Users');
  await app.sees('These are the users of far');
  assert.equal(await app.button('Add user').isDisabled(), true);
  assert.notEqual((await login(t, port, 'alice', 'wrong')).status, 0);
  await app.button('Let alice in again').click();
  await app.sees('alice may log in again.');
  assert.equal((await login(t, port, 'alice', 'secret')).status, 0);

  await app.show('Routing');
  await app.sees('These rules are those of far.');
  await page.getByRole('row', { name: /192\.0\.2\.0\/24/ }).waitFor();
  assert.equal(await app.button('Add route').isDisabled(), true);
  await app.field('Destination').fill('192.0.2.1:80');
  await app.button('Test').click();
  await app.sees(/may not connect to 192\.0\.2\.1:80/);
  await app.show('Extensions');
  await app.sees('These are the extensions of far.');
  assert.equal(await app.button('Install from folder').isDisabled(), true);
  // Nobody changes this computer's rules by mistake meanwhile.
  const refused = await page.evaluate(
    "window.picosocks5.request('settings.set', { key: 'via', value: ['direct'] })",
  );
  assert.match(JSON.stringify(refused), /only be done with the server of this computer/);

  await app.show('Log');
  await app.sees(/authentication-failed #\d+ client=127\.0\.0\.1:\d+ user=alice/);
  assert.equal(await app.button('Open file').isDisabled(), true);

  // A lost link is told, and made anew.
  sshd.kill();
  const alert = page.getByRole('alert').filter({ hasText: 'There is no link to far' });
  await alert.waitFor();
  await sshd.begin();
  await alert.waitFor({ state: 'detached' });
  await app.status('Running');

  // It says at once which one was chosen, whatever is drawn before that is shown.
  await shown.waitFor();
  const chosen = await page.evaluate(`(async () => {
    const choice = document.querySelector('.server-switch');
    choice.value = '';
    choice.dispatchEvent(new Event('change'));
    const workbench = document.querySelector('pico-workbench');
    workbench.requestUpdate();
    await workbench.updateComplete;
    return choice.value;
  })()`);
  assert.equal(chosen, '');
  await page.waitForLoadState();
  await app.status('Stopped');
  await app.show('Servers');
  await row('near').getByText('Connected', { exact: true }).waitFor();
  await app.button('Remove near').click();
  await row('near').waitFor({ state: 'detached' });
  await app.settled();
  assert.deepEqual(await session.secretSearchAll({ service: 'picosocks5' }), []);
  await app.button('Undo').click();
  await row('near').getByText('Connected', { exact: true }).waitFor();
  assert.deepEqual(app.console, []);
  early.socket.destroy();
  // With the app its links have ended, and nothing of them is left.
  await app.close();
  const left = readdirSync(session.env['TMPDIR'] ?? '').filter((name) => /^picosocks5-/.test(name));
  assert.deepEqual(left, []);
});
