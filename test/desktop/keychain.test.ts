import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { DesktopApp } from '../support/desktopapp.js';
import { type DesktopSession, startDesktopSession } from '../support/desktopsession.js';
import { unlessDesktop } from '../support/electron.js';
import { webServer } from '../support/http.js';
import { type Output, run } from '../support/programs.js';
import { freePort } from '../support/sockets.js';

const skip = unlessDesktop('curl');
/** The exit status of curl when a proxy refuses it. */
const REFUSED = 97;

/** A settings file with the user alice, whose server starts with the app. */
function write(session: DesktopSession, port: number): void {
  const folder = join(session.env['XDG_CONFIG_HOME'] ?? '', 'PicoSOCKS5');
  mkdirSync(folder, { recursive: true });
  const users = [{ name: 'alice', group: '', disabled: false, hashed: false }];
  const settings = { port, startServer: true };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify({ version: 1, settings, users }));
}

async function store(t: TestContext, session: DesktopSession): Promise<void> {
  // Without the schema that keytar asks for it would not be found.
  const schema = ['xdg:schema', 'org.freedesktop.Secret.Generic'];
  const entry = ['service', 'picosocks5', 'account', 'alice', ...schema];
  const args = ['store', '--label=picosocks5/alice', ...entry];
  const { status } = await run(t, 'secret-tool', args, { env: session.env, input: 'secret' });
  assert.equal(status, 0);
}

function login(t: TestContext, port: number, url: string, password: string): Promise<Output> {
  const proxy = ['-x', `socks5h://127.0.0.1:${port}`, '-U', `alice:${password}`];
  return run(t, 'curl', ['-sS', '--noproxy', '', ...proxy, url]);
}

/** Waits until somebody listens. @returns how long that took, ms. */
async function listening(port: number): Promise<number> {
  const start = performance.now();
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    const waited = performance.now() - start;
    if (isOpen || waited > 20_000) return waited;
    await setTimeout(50);
  }
}

test('a keychain that is locked at login: who cannot log in is told of, and can once it is open', {
  skip,
}, async (t) => {
  const session = await startDesktopSession(t);
  const port = await freePort(t);
  write(session, port);
  await store(t, session);
  await session.lock();
  const app = await DesktopApp.start(session);
  await app.status('Running');
  await app.sees(/Users cannot log in. The keychain is locked/);
  const { url } = await webServer(t, { '/': 'hello' });
  assert.equal((await login(t, port, url, 'secret')).status, REFUSED);
  await app.sees('alice could not log in. The keychain is locked: unlock it and try again.');
  await app.show('Connections');
  const row = app.page.getByRole('row').filter({ hasText: 'login failed' });
  await row.getByText(/The keychain is locked/).waitFor();

  await app.show('Users');
  await session.unlock();
  await app.page
    .getByRole('row', { name: /^alice/ })
    .getByText('in the keychain')
    .waitFor();
  assert.equal((await login(t, port, url, 'secret')).stdout, 'hello');
});

test('a keychain that hangs: the port is open, and a login is answered when it comes', {
  skip,
}, async (t) => {
  const session = await startDesktopSession(t);
  const port = await freePort(t);
  write(session, port);
  await store(t, session);
  session.freeze();
  t.after(() => session.thaw());
  const app = await DesktopApp.start(session);
  const waited = await listening(port);
  assert.ok(waited < 10_000, `it listened after ${waited} ms`);
  await app.sees(/Users cannot log in. The keychain has not answered yet/);

  const { url } = await webServer(t, { '/': 'hello' });
  const right = login(t, port, url, 'secret');
  const wrong = login(t, port, url, 'wrong');
  await setTimeout(500);
  session.thaw();
  assert.equal((await right).stdout, 'hello');
  assert.equal((await wrong).status, REFUSED);
  await app.page.getByText(/Users cannot log in/).waitFor({ state: 'detached' });
});

test('a login that the keychain keeps waiting too long is refused, and says why', {
  skip,
}, async (t) => {
  const session = await startDesktopSession(t);
  const port = await freePort(t);
  write(session, port);
  session.freeze();
  t.after(() => session.thaw());
  const app = await DesktopApp.start(session);
  await app.show('Settings');
  await app.field('Handshake timeout').fill('2');
  await app.field('Handshake timeout').press('Enter');
  await app.settled();
  await app.status('Running');
  assert.equal((await login(t, port, 'http://127.0.0.1/', 'secret')).status, REFUSED);
  await app.show('Connections');
  const row = app.page.getByRole('row').filter({ hasText: 'login failed' });
  await row.getByText(/The keychain has not answered yet/).waitFor();
});
