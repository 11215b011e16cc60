import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';

test('a new installation begins with three steps, until they are closed', {
  skip: unlessDesktop(),
}, async (t) => {
  const session = await startDesktopSession(t);
  const heading = (app: DesktopApp) =>
    app.page.getByRole('heading', { name: 'Welcome to PicoSOCKS5' });
  const first = await DesktopApp.startFirst(session);
  await heading(first).waitFor();
  const steps = first.page.getByRole('listitem').filter({ has: first.page.getByRole('heading') });
  assert.deepEqual(await steps.getByRole('heading').allInnerTexts(), [
    'Start the proxy',
    'Use it in your browser',
    'Let others in',
  ]);
  await first.close();

  // It was not closed, so it comes again.
  const second = await DesktopApp.startFirst(session);
  await heading(second).waitFor();
  await second.button('Close').click();
  await second.page.getByRole('heading', { name: 'Overview' }).waitFor();
  await second.settled();
  await second.close();

  const third = await DesktopApp.startFirst(session);
  await third.page.getByRole('heading', { name: 'Overview' }).waitFor();
  assert.equal(await heading(third).count(), 0);
  await third.page.keyboard.press('Control+Shift+P');
  await third.page.getByRole('combobox', { name: 'Command' }).fill('Help: Welcome');
  await third.page.keyboard.press('Enter');
  await heading(third).waitFor();
  assert.deepEqual(third.console, []);
});
