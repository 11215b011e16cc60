import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seal } from '#main/settings/transfer/seal.js';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { echoServer, freePort } from '../support/sockets.js';
import { connected } from '../support/socks.js';

const skip = unlessDesktop();

test('profiles switch whole, and all there is goes into a file and comes back', {
  skip,
}, async (t) => {
  const session = await startDesktopSession(t);
  const app = await DesktopApp.start(session);
  const { page } = app;
  const home = await freePort(t);
  const office = await freePort(t);
  const echo = await echoServer(t);
  const choice = page.getByRole('combobox', { name: 'Profile' });
  await app.startServer(home);
  assert.equal(await choice.count(), 0);

  await app.button('Add profile').click();
  await app.field('Profile name').fill('Office');
  await app.button('Save').click();
  await app.button('Use Office no more').waitFor();
  await page.getByRole('checkbox', { name: 'Port: Differs in “Office”', exact: true }).waitFor();
  // It is ticked at once, whatever is drawn before the answer.
  const isTicked = await page.evaluate(`(async () => {
    const field = document.querySelector('pico-setting[data-of=port]');
    const box = field.querySelector('.differs input');
    box.click();
    field.requestUpdate();
    await field.updateComplete;
    return box.checked;
  })()`);
  assert.equal(isTicked, true);
  await app.sees('1 setting differs');
  await app.setPort(office);
  await app.sees(/The server takes over Port when it is restarted/);
  await choice.selectOption('No profile');
  await app.until(`document.querySelector('#setting-port').value === '${home}'`);

  // A connection that need not end goes on, wherever the server listens by then.
  const client = await connected(t, home, echo);
  await choice.selectOption('Office');
  await page.getByRole('button', { name: `127.0.0.1:${office}` }).waitFor();
  client.send('still here');
  assert.equal(String(await client.read(10)), 'still here');
  const other = await connected(t, office, echo);
  other.send('and here');
  assert.equal(String(await other.read(8)), 'and here');

  await app.button('Edit Office').click();
  await app.field('Networks').fill('moon');
  await app.button('Save').click();
  await app.sees('“moon” is no network: expected gateway:MAC');
  await app.field('Networks').fill('wifi:Nowhere at all');
  await app.button('Save').click();
  await app.sees('1 setting differs, by itself in 1 network');

  await page.keyboard.press('Control+Shift+P');
  await page.getByRole('combobox', { name: 'Command' }).fill('use none');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: `127.0.0.1:${home}` }).waitFor();

  await app.addUser('alice', 'sesame', 'staff');
  const file = join(session.env['HOME'] ?? '', 'all.json');
  await app.electron.evaluate(({ dialog }, path) => {
    dialog.showSaveDialog = async () => ({ canceled: false, filePath: path });
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [path] });
  }, file);
  await app.show('Settings');
  await app.button('Export …').press('Enter');
  await page.locator('input[type=checkbox]:focus').waitFor();
  await page.keyboard.press('Escape');
  await app.button('Export …').and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Enter');
  const exporting = page.getByRole('region', { name: 'Export settings' });
  await page.getByLabel('With passwords, encrypted with a passphrase').check();
  await exporting.getByLabel('Passphrase', { exact: true }).fill('correct horse');
  await page.getByLabel('Passphrase once more').fill('correct');
  await page.getByLabel('Passphrase once more').press('Enter');
  await app.sees('The passphrases are not the same.');
  await page.getByLabel('Passphrase once more').fill('correct horse');
  await app.button('Choose a file …').click();
  await app.sees(/The settings were written to .*all\.json/);
  const { passwords, ...all } = JSON.parse(readFileSync(file, 'utf8'));
  assert.match(passwords, /^-----BEGIN AGE ENCRYPTED FILE-----/);
  assert.doesNotMatch(JSON.stringify(all), /sesame/);
  // A passphrase takes a second to be tried: here one that takes none does.
  const own = {
    users: { alice: { secret: 'sesame', hashed: false } },
    upstreams: {},
    extensions: {},
  };
  const sealed = await seal(JSON.stringify(own), 'correct horse', 10);
  writeFileSync(file, JSON.stringify({ ...all, passwords: sealed }));

  await app.button('Delete Office').click();
  await app.sees('The profile “Office” was deleted.');
  await app.show('Users');
  await page.getByRole('row', { name: /^alice\b/ }).click();
  await app.button('Delete alice').click();
  await page.getByRole('row', { name: /^alice\b/ }).waitFor({ state: 'detached' });
  await app.show('Settings');
  await app.button('Import …').click();
  const importing = page.getByRole('region', { name: 'Import settings' });
  const changes = page.getByRole('table', { name: 'Change' });
  await changes.waitFor();
  assert.deepEqual(await changes.locator('tbody tr').allInnerTexts(), [
    'Profile\tOffice\tis added',
    'User\talice\tis added',
  ]);
  await importing.getByLabel('Passphrase').fill('correct horse');
  await app.button('Import').click();
  await app.sees('The settings were imported and are in force.');
  await app.button('Use Office').waitFor();
  await app.show('Users');
  await page
    .getByRole('row', { name: /^alice\b/ })
    .getByText('in the keychain')
    .waitFor();
  assert.deepEqual(app.console, []);
});
