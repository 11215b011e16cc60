import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEADLINE } from '../support/daemon.js';
import {
  type DesktopSession,
  SESSION_PROGRAMS,
  startDesktopSession,
} from '../support/desktopsession.js';
import { run, unless } from '../support/programs.js';
import { TRAY_HOST_PROGRAMS } from '../support/trayhost.js';

const skip = unless(...SESSION_PROGRAMS);
const ENTRY = { service: 'picosocks5-test', account: 'ada' };

/** What keytar answers in the session, in a process of its own: its result or its error's message. */
async function keytar(
  session: DesktopSession,
  method: 'getPassword' | 'setPassword',
  ...password: string[]
): Promise<unknown> {
  const script = `import keytar from 'keytar';
    const [method, ...args] = process.argv.slice(1);
    const result = await keytar[method](...args).catch(({ message }) => message);
    console.log(JSON.stringify({ result }));`;
  const { stdout, stderr } = await run(
    session,
    process.execPath,
    ['--input-type=module', '-e', script, method, ENTRY.service, ENTRY.account, ...password],
    { cwd: import.meta.dirname, env: session.env, timeout: DEADLINE, killSignal: 'SIGKILL' },
  );
  assert.equal(stderr, '');
  return JSON.parse(stdout).result;
}

async function assertStores(session: DesktopSession, password: string): Promise<void> {
  assert.equal(await keytar(session, 'setPassword', password), undefined);
  assert.equal(await keytar(session, 'getPassword'), password);
  assert.equal(await session.secretLookup(ENTRY), password);
}

async function assertLocked(session: DesktopSession): Promise<void> {
  assert.equal(await keytar(session, 'getPassword'), null);
  assert.match(String(await keytar(session, 'setPassword', 'other')), /locked collection/);
}

test('a desktop session: its keyring keeps what keytar stores', { skip }, async (t) => {
  const session = await startDesktopSession(t);
  await assertStores(session, 'first\nsecond');
  const found = { label: 'picosocks5-test/ada', secret: 'first\nsecond' };
  assert.deepEqual(await session.secretSearchAll({ service: ENTRY.service }), [found]);

  await session.lock();
  await assertLocked(session);
  assert.deepEqual(await session.secretSearchAll(ENTRY), [{ ...found, secret: undefined }]);

  await session.unlock();
  assert.equal(await keytar(session, 'getPassword'), 'first\nsecond');
  await session.secretClear(ENTRY);
  assert.equal(await session.secretLookup(ENTRY), undefined);
  assert.equal(await keytar(session, 'getPassword'), null);
});

test('a desktop session whose keyring is locked from the start', { skip }, async (t) => {
  const session = await startDesktopSession(t, { keyring: 'locked' });
  await assertLocked(session);
  await session.unlock();
  await assertStores(session, 'secret');
});

test('a desktop session without a keyring', { skip }, async (t) => {
  const session = await startDesktopSession(t, { keyring: 'none' });
  assert.match(
    String(await keytar(session, 'getPassword')),
    /org\.freedesktop\.secrets was not provided/,
  );
  await assert.rejects(session.secretLookup(ENTRY), /org\.freedesktop\.secrets/);
});

test('a desktop session with a tray host, or without', {
  skip: unless(...SESSION_PROGRAMS, ...TRAY_HOST_PROGRAMS),
}, async (t) => {
  for (const trayHost of [true, false]) {
    const session = await startDesktopSession(t, { keyring: 'none', trayHost });
    const { status, stdout } = await run(
      session,
      'gdbus',
      [
        ...['call', '--session', '--dest', 'org.kde.StatusNotifierWatcher'],
        ...['--object-path', '/StatusNotifierWatcher'],
        ...['--method', 'org.freedesktop.DBus.Properties.Get'],
        ...['org.kde.StatusNotifierWatcher', 'IsStatusNotifierHostRegistered'],
      ],
      { env: session.env, timeout: DEADLINE },
    );
    assert.deepEqual([status, stdout], trayHost ? [0, '(<true>,)\n'] : [1, '']);
  }
});
