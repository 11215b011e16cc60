import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';

test('all keyboard shortcuts are listed, and can be changed', {
  skip: unlessDesktop(),
}, async (t) => {
  const app = await DesktopApp.start(await startDesktopSession(t));
  const { page } = app;
  await app.status('Stopped');
  await page.keyboard.press('Control+Shift+K');
  const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await dialog.waitFor();
  const row = (title: string) => dialog.getByRole('row').filter({ hasText: title });
  await row('View: Log').getByText('Ctrl+6').waitFor();

  await dialog.getByRole('searchbox').fill('view: log');
  await dialog.getByRole('button', { name: 'Change the key of View: Log' }).click();
  const recorder = dialog.getByRole('textbox', { name: 'New key of View: Log' });
  await recorder.press('l');
  await dialog.getByText('A key with Ctrl or Alt is needed').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Save' }).isEnabled(), false);
  // A key of the menu is recorded, not carried out.
  await app.settled();
  await recorder.press('Control+2');
  await dialog.getByText('Ctrl+2 is also the key of: View: Connections').waitFor();
  await recorder.press('Control+L');
  // Whatever changes meanwhile, who goes on to a button is not called back.
  await recorder.press('Tab');
  const focused = await page.evaluate(`(async () => {
    const keys = document.querySelector('pico-keys');
    keys.requestUpdate();
    await keys.updateComplete;
    return document.activeElement.textContent.trim();
  })()`);
  assert.equal(focused, 'Save');
  await recorder.press('Enter');
  await row('View: Log').getByText('Ctrl+L').waitFor();
  await row('View: Log').getByText('changed').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await page.keyboard.press('Control+l');
  await page.getByRole('grid', { name: 'Log' }).waitFor();
  const inMenu = () =>
    app.electron.evaluate(({ Menu }) => {
      const view = Menu.getApplicationMenu()?.items.find(({ label }) => label === 'View');
      return String(view?.submenu?.items.find(({ label }) => label === 'Log')?.accelerator);
    });
  assert.equal(await inMenu(), 'CommandOrControl+L');

  await page.keyboard.press('Control+Shift+K');
  await dialog.getByRole('button', { name: 'Reset the key of View: Log' }).click();
  await row('View: Log').getByText('Ctrl+6').waitFor();
  assert.equal(await inMenu(), 'CommandOrControl+6');

  // A key that works everywhere is one as long as it is set.
  const isTaken = () =>
    app.electron.evaluate(({ globalShortcut }) =>
      globalShortcut.isRegistered('CommandOrControl+Alt+S'),
    );
  assert.equal(await isTaken(), false);
  await dialog
    .getByRole('button', { name: 'Change the key of Server: Start or stop' })
    .last()
    .click();
  await dialog
    .getByRole('textbox', { name: 'New key of Server: Start or stop' })
    .press('Control+Alt+S');
  await page.keyboard.press('Enter');
  await row('Server: Start or stop').getByText('Ctrl+Alt+S').waitFor();
  assert.equal(await isTaken(), true);
  await dialog.getByRole('button', { name: 'Remove the key of Server: Start or stop' }).click();
  await row('Server: Start or stop').last().getByText('none').waitFor();
  assert.equal(await isTaken(), false);
});
