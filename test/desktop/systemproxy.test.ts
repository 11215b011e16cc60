import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Daemon } from '../support/daemon.js';
import { DesktopApp } from '../support/desktopapp.js';
import { type DesktopSession, startDesktopSession } from '../support/desktopsession.js';
import { ELECTRON, unlessDesktop } from '../support/electron.js';
import { run } from '../support/programs.js';
import { freePort } from '../support/sockets.js';
import { TRAY_HOST_PROGRAMS } from '../support/trayhost.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const DCONF = '/usr/libexec/dconf-service';
const skip = unlessDesktop('gsettings', 'dconf', DCONF, ...TRAY_HOST_PROGRAMS);

/** GNOME's settings in a session of their own, as the user has them. */
class Settings {
  readonly #session: DesktopSession;

  private constructor(session: DesktopSession) {
    this.#session = session;
  }

  static async start(session: DesktopSession): Promise<Settings> {
    const daemon = new Daemon(session, DCONF, [], session.env);
    const { status } = await run(
      session,
      'gdbus',
      ['wait', '--session', '--timeout', '10', 'ca.desrt.dconf'],
      { env: session.env },
    );
    if (status !== 0) throw daemon.ended();
    return new Settings(session);
  }

  async #ask(program: string, ...args: string[]): Promise<string> {
    const { env } = this.#session;
    const { status, stdout, stderr } = await run(this.#session, program, args, { env });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  get(key: string, schema = ''): Promise<string> {
    return this.#ask('gsettings', 'get', `org.gnome.system.proxy${schema}`, key);
  }

  set(key: string, value: string, schema = ''): Promise<string> {
    return this.#ask('gsettings', 'set', `org.gnome.system.proxy${schema}`, key, value);
  }

  /** All that was ever set, and nothing that was not. */
  dump(): Promise<string> {
    return this.#ask('dconf', 'dump', '/system/proxy/');
  }

  /** Waits until all that was ever set is so, at most 10 s. */
  async becomes(dump: string): Promise<void> {
    for (let i = 0; i < 100 && (await this.dump()) !== dump; i++) await setTimeout(100);
    assert.equal(await this.dump(), dump);
  }

  /** Waits until a setting is so, at most 10 s. */
  async until(key: string, isRight: (value: string) => boolean): Promise<string> {
    let value = '';
    for (let i = 0; i < 100; i++) {
      value = await this.get(key);
      if (isRight(value)) return value;
      await setTimeout(100);
    }
    throw new Error(`${key} is ${value}`);
  }
}

async function session(t: TestContext) {
  const desktop = await startDesktopSession(t, { trayHost: true });
  const settings = await Settings.start(desktop);
  // What a company's network may have set up.
  await settings.set('mode', 'manual');
  await settings.set('host', 'proxy.example.com', '.http');
  await settings.set('port', '3128', '.http');
  return { desktop, settings };
}

async function ended(app: DesktopApp, signal: NodeJS.Signals): Promise<void> {
  const exit = once(app.electron.process(), 'exit');
  app.electron.process().kill(signal);
  await exit;
}

const isOn = (app: DesktopApp, on: boolean) =>
  app.page.getByRole('switch', { name: 'System proxy', checked: on }).waitFor();

test('GNOME uses the proxy while it is switched on, and has back what was there', {
  skip,
}, async (t) => {
  const { desktop, settings } = await session(t);
  const before = await settings.dump();
  const app = await DesktopApp.start(desktop);
  const port = await freePort(t);
  await app.startServer(port);
  const toggle = app.page.getByRole('switch', { name: 'System proxy' });
  await toggle.click();
  await isOn(app, true);
  await settings.until('mode', (mode) => mode === `'auto'`);
  const url = (await settings.get('autoconfig-url')).slice(1, -1);
  const served = await fetch(url);
  assert.equal(served.headers.get('content-type'), 'application/x-ns-proxy-autoconfig');
  assert.match(
    await served.text(),
    new RegExp(`"PROXY 127.0.0.1:${port}; SOCKS5 127.0.0.1:${port}; DIRECT"`),
  );
  assert.equal((await fetch(new URL('/proxy.pac', url))).status, 404);

  // While nobody serves, nobody is led to the proxy.
  await app.button('Stop server').click();
  await settings.becomes(before);
  assert.match(await (await fetch(url)).text(), /THROUGH = "DIRECT"/);
  await isOn(app, true);
  await app.show('Overview');
  await app.sees('use the proxy as soon as the server runs');
  await app.button('Start server').click();
  await settings.until('mode', (mode) => mode === `'auto'`);
  assert.equal((await settings.get('autoconfig-url')).slice(1, -1), url);

  // With fixed addresses, and back.
  await app.show('Settings');
  await app.page.getByLabel('Configuration', { exact: true }).selectOption('Fixed addresses');
  await settings.until('mode', (mode) => mode === `'manual'`);
  assert.equal(await settings.get('host', '.socks'), `'127.0.0.1'`);
  assert.equal(await settings.get('port', '.http'), String(port));
  assert.equal(await settings.get('ignore-hosts'), `['localhost', '127.0.0.0/8', '::1']`);
  await toggle.click();
  await isOn(app, false);
  await settings.becomes(before);

  // What something else changes stays, and is told.
  await app.page.getByLabel('Configuration', { exact: true }).selectOption('Automatic (PAC)');
  await desktop.tray.click('System proxy');
  await isOn(app, true);
  await settings.until('mode', (mode) => mode === `'auto'`);
  await settings.set('mode', 'none');
  await isOn(app, false);
  await app.sees('Something else has changed this computer’s proxy settings');
  assert.equal(await settings.get('mode'), `'none'`);
  assert.equal(await settings.get('autoconfig-url'), `''`);

  // What was there is back when the app ends, as the system has it end.
  await settings.set('mode', 'manual');
  await toggle.click();
  await settings.until('mode', (mode) => mode === `'auto'`);
  await ended(app, 'SIGTERM');
  assert.equal(await settings.dump(), before);
});

test('after a crash the next start gives back what was there', { skip }, async (t) => {
  const { desktop, settings } = await session(t);
  const before = await settings.dump();
  const first = await DesktopApp.start(desktop);
  await first.startServer(await freePort(t));
  await first.page.getByRole('switch', { name: 'System proxy' }).click();
  const url = await settings
    .until('mode', (mode) => mode === `'auto'`)
    .then(() => settings.get('autoconfig-url'));
  await ended(first, 'SIGKILL');
  // A file that nobody serves is in nobody's way.
  assert.equal(await settings.get('mode'), `'auto'`);
  await assert.rejects(fetch(url.slice(1, -1)));

  const second = await DesktopApp.start(desktop);
  await settings.becomes(before);
  await second.sees('ended without giving back');
  await isOn(second, false);
  const kept = join(desktop.env['XDG_CONFIG_HOME'] ?? '', 'PicoSOCKS5/system-proxy.json');
  assert.ok(!existsSync(kept));

  // The file is at its place again.
  await second.button('Start server').click();
  await second.button('Switch it on again').click();
  await settings.until('mode', (mode) => mode === `'auto'`);
  assert.equal(await settings.get('autoconfig-url'), url);
  // So is what was there when a package is removed, without a display.
  await ended(second, 'SIGKILL');
  const { DISPLAY: _, ...env } = desktop.env;
  const args = [root, '--no-sandbox', '--ozone-platform=headless', '--give-back-system-proxy'];
  const { status, stderr } = await run(t, ELECTRON, args, { env });
  assert.equal(status, 0, stderr);
  assert.equal(await settings.dump(), before);
  assert.ok(!existsSync(kept));
});
