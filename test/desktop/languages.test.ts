import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { serve } from '../support/sockets.js';
import { TRAY_HOST_PROGRAMS, type TrayHost } from '../support/trayhost.js';

/** The labels of the application's menu: of its menus, and of their entries. */
async function menuOf({ electron }: DesktopApp): Promise<string[]> {
  return electron.evaluate(({ Menu }) =>
    (Menu.getApplicationMenu()?.items ?? []).flatMap(({ label, submenu }) => [
      label,
      ...(submenu?.items ?? []).map((item) => item.label),
    ]),
  );
}

async function trayLabels(tray: TrayHost): Promise<string> {
  return (await tray.menu()).map(({ label }) => label).join('\n');
}

test("the window speaks the system's language, and another one without a restart", {
  skip: unlessDesktop(...TRAY_HOST_PROGRAMS),
}, async (t) => {
  const session = await startDesktopSession(t, { trayHost: true, language: 'de' });
  const taken = await serve(t, () => {});
  const app = await DesktopApp.start(session);
  const { page } = app;
  const link = (name: string) => page.getByRole('link', { name, exact: true });
  const go = (name: string) => link(name).click();

  await page.getByRole('status').getByText('Beendet', { exact: true }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await go('Übersicht');
  await app.sees(/Der Server läuft noch nicht/);
  const german = await menuOf(app);
  for (const label of ['Bearbeiten', 'Kopieren', 'Ansicht', 'Verbindungen', 'Vergrößern']) {
    assert.ok(german.includes(label), `${label} in ${german}`);
  }
  assert.match(await trayLabels(session.tray), /^Server starten$/m);
  await page.keyboard.press('Control+Shift+P');
  await page.getByRole('option', { name: 'Server: Starten' }).waitFor();
  await page.keyboard.press('Escape');

  await go('Benutzer');
  await app.button('Benutzer hinzufügen').click();
  await app.field('Benutzername').fill('jürgen');
  await app.field('Passwort').fill('geheim');
  await page.getByText('Grenzen', { exact: true }).click();
  await app.field('Pro Tag').fill('viel');
  await app.button('Speichern').click();
  await app.sees('Pro Tag: Erwartet wird eine Anzahl Bytes');
  await app.field('Pro Tag').fill('1,5 GB');
  await app.field('Passwort').fill('geheim');
  await app.button('Speichern').click();
  const row = page.getByRole('row', { name: /^jürgen\b/ });
  await row.getByText('0 B von 1,5 GB').waitFor();

  await go('Einstellungen');
  await app.field('Port').fill(String(taken));
  await app.field('Port').blur();
  await app.button('Server starten').click();
  await app.sees(`An 127.0.0.1:${taken} kann nicht gelauscht werden`);

  const described = (words: string) => page.getByText(words).first().waitFor();
  await go('Erweiterungen');
  await described('Fragt einen Webdienst, wer sich anmelden');
  await go('Einstellungen');
  const language = (name: string) => page.getByRole('combobox', { name, exact: true });
  await language('Sprache').selectOption('English');
  await link('Settings').waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await page.getByRole('status').getByText('Error', { exact: true }).waitFor();
  // What was wrong before is told in the new language as well.
  await app.sees(`Cannot listen on 127.0.0.1:${taken}: address already in use`);
  const english = await menuOf(app);
  for (const label of ['Edit', 'Copy', 'View', 'Connections', 'Zoom In']) {
    assert.ok(english.includes(label), `${label} in ${english}`);
  }
  assert.match(await trayLabels(session.tray), /^Start server$/m);
  await go('Users');
  await row.getByText('0 B of 1.5 GB').waitFor();

  await go('Extensions');
  await described('Asks a web service who may log in');
  await go('Settings');
  await language('Language').selectOption('As the system');
  await link('Einstellungen').waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  assert.deepEqual(app.console, []);
});
