import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { rendererModule } from '../../support/renderer.js';

type Commands = typeof import('../../../renderer/commands.js');
type Model = typeof import('../../../renderer/model.js');
type Views = typeof import('../../../renderer/viewregistry.js');

/** What was asked of the app. */
let requests: unknown[][] = [];
/** Whether the app does what it is asked. */
let answer: object = { ok: true };

Object.assign(globalThis, {
  window: {
    sessionStorage: { getItem: () => null, setItem: () => {} },
    picosocks5: {
      request: async (...request: unknown[]) => {
        requests.push(request);
        return answer;
      },
    },
  },
});

const { commands, commandOf, model, provide, registerView, run, viewOf, views, contributedId } =
  await rendererModule<Commands & Model & Views>('commands.ts', 'model.ts', 'viewregistry.ts');

const server = { state: 'running', url: 'socks5h://127.0.0.1:1080' };
const extensions = { extensions: [], commands: [], views: [], settings: [], safeMode: false };
const profiles = { profiles: [], active: undefined };
const settings = { values: { startAtLogin: false }, profiles };
const app = { server, users: { users: [] }, settings, extensions };

beforeEach(() => {
  requests = [];
  answer = { ok: true };
  model.app = { platform: 'linux', ...app } as unknown as typeof model.app;
  model.toasts = [];
});

const settled = () => new Promise((resolve) => setImmediate(resolve));
const messages = () => model.toasts.map(({ message }) => message);

describe('commands in the window', () => {
  test('those of the app are asked of it, if they are enabled', async () => {
    run('server.start');
    assert.deepEqual(requests, []);
    run('server.copy');
    await settled();
    assert.deepEqual(requests, [['server.copy']]);
    assert.deepEqual(messages(), ['Address copied.']);
  });

  test('why one fails is told, unless the state of the server says it', async () => {
    answer = { ok: false, error: { message: 'No.' } };
    run('app.log');
    await settled();
    assert.deepEqual(messages(), ['No.']);
    run('server.restart');
    await settled();
    assert.deepEqual(messages(), ['No.']);
    assert.equal(model.view, 'overview');
  });

  test('one of a view is there as long as the view is', () => {
    let cleared = 0;
    const take = provide({ 'connections.clear': { run: () => cleared++ } });
    run('connections.clear');
    assert.equal(cleared, 1);
    take();
    run('connections.clear');
    assert.equal(cleared, 1);
    assert.deepEqual(messages(), ['The command "connections.clear" cannot be run here.']);
  });
});

describe('what extensions contribute', () => {
  const present = {
    ...extensions,
    commands: [{ id: 'ldap.test', title: 'LDAP: Test', extension: 'ldap', tray: false }],
    views: [
      { id: 'ldap.users', title: 'LDAP users', kind: 'table', extension: 'ldap' },
      { id: 'ldap.state', title: 'LDAP state', kind: 'status', extension: 'ldap' },
    ],
  };
  const use = (more: object) => {
    model.app = { platform: 'linux', ...app, extensions: present, ...more } as never;
  };

  test('are commands of the palette, which run with the server', async () => {
    use({});
    run('extension:ldap.test');
    await settled();
    assert.deepEqual(requests, [['extensions.run', { id: 'ldap.test' }]]);
    use({ server: { state: 'stopped' } });
    run('extension:ldap.test');
    await settled();
    assert.equal(requests.length, 1);
    assert.equal(
      commands()
        .find(({ title }) => title === 'LDAP: Test')
        ?.enabled(),
      false,
    );
  });

  test('are views to be shown, as long as they are there', () => {
    use({});
    const shown = commands().flatMap(({ title }) => (/: LDAP /.test(title) ? [title] : []));
    assert.deepEqual(shown, ['View: LDAP users']);
    run('view.contributed:ldap.users');
    assert.equal(contributedId(model.view), 'ldap.users');
    assert.equal(contributedId('contributed:ldap.state'), undefined);
    use({ extensions });
    assert.equal(contributedId(model.view), undefined);
  });
});

describe('a view', () => {
  const view = { title: () => 'Extra', icon: 'beaker', order: 7, tag: 'pico-overview' } as const;
  const id = 'extra' as unknown as Parameters<typeof registerView>[0]['id'];

  test('that registers itself has its place, its command and its key', () => {
    registerView({ ...view, id: 'users', order: 3, tag: 'pico-users' });
    registerView({ id, ...view });
    registerView({ id: 'overview', ...view, order: 1 });
    assert.deepEqual(
      views().map(({ order }) => order),
      [1, 3, 7],
    );
    const command = commands().at(-1);
    assert.deepEqual(
      [command?.title, command?.key, command?.inPalette],
      ['View: Extra', 'Ctrl+7', true],
    );
    const press = { ctrlKey: true, shiftKey: false, altKey: false, key: '7' } as never;
    assert.equal(commandOf(press), command);
    run(`view.${id}`);
    assert.equal(viewOf(model.view)?.id, id);
  });

  test('cannot take the place of another, and one that is gone is not shown', () => {
    assert.throws(() => registerView({ id, ...view, order: 9 }), /collides with "extra"/);
    assert.throws(() => registerView({ ...view, id: 'settings' }), /collides with "extra"/);
    assert.equal(viewOf('gone')?.id, 'overview');
  });
});
