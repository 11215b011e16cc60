import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  COMMANDS,
  type Command,
  type CommandState,
  isOfApp,
  proxyUrl,
  titleOf,
} from '#main/ipc/contract.js';
import { text } from '#main/words/words.js';

const state: CommandState = {
  server: { state: 'stopped', url: undefined },
  hasUsers: false,
  startAtLogin: false,
  systemProxy: false,
  safeMode: false,
  updateReady: false,
};

function isEnabled(id: string, change: Partial<CommandState>): boolean | undefined {
  const command = COMMANDS.find((candidate) => candidate.id === id);
  assert.ok(command !== undefined, id);
  return command.enabled?.({ ...state, ...change });
}

describe('what both sides know', () => {
  test('one URL for everybody, with a place for a password where one is needed', () => {
    assert.equal(proxyUrl({ host: '::1', port: 1080 }, false), 'socks5h://[::1]:1080');
    const url = proxyUrl({ host: '127.0.0.1', port: 9 }, true);
    assert.equal(url, 'socks5h://USER:PASSWORD@127.0.0.1:9');
  });

  test('by TLS it is an HTTPS proxy, and named as its certificate has it', () => {
    const endpoint = { host: '192.0.2.7', port: 9, lan: true } as const;
    assert.equal(proxyUrl(endpoint, false), 'socks5h://USER:PASSWORD@192.0.2.7:9');
    const url = (...names: string[]) => {
      const certificate = { names, selfSigned: false, file: 'a.pem', expires: 0 };
      return proxyUrl({ ...endpoint, certificate }, false);
    };
    assert.equal(url(), 'https://USER:PASSWORD@192.0.2.7:9');
    assert.equal(url('a.example', '192.0.2.7'), 'https://USER:PASSWORD@192.0.2.7:9');
    assert.equal(url('*.b.example', 'a.example'), 'https://USER:PASSWORD@a.example:9');
  });
});

describe('the table of commands', () => {
  test('names and keys are given once', () => {
    for (const of of [
      ({ id }: Command) => id,
      ({ id }: Command) => titleOf(id),
      ({ key }: Command) => key,
    ]) {
      const given = COMMANDS.map(of).filter((value) => value !== undefined);
      assert.deepEqual(given, [...new Set(given)]);
    }
  });

  test('menus and tray have what they had', () => {
    const menu = (name: 'app' | 'view') =>
      COMMANDS.flatMap(({ menus = [] }) =>
        menus.filter((place) => place.menu === name).map(({ label }) => text(label)),
      );
    assert.deepEqual(menu('app'), [
      'Settings…',
      'Updates…',
      'Keyboard Shortcuts…',
      'Quit PicoSOCKS5',
    ]);
    assert.deepEqual(menu('view'), [
      ...[
        'Overview',
        'Connections',
        'Users',
        'Routing',
        'Extensions',
        'Log',
        'Settings',
        'Servers',
      ],
    ]);
    const tray = COMMANDS.filter((command) => command.tray !== undefined).map(({ id }) => id);
    assert.deepEqual(tray, [
      ...[
        'server.start',
        'server.stop',
        'server.copy',
        'server.system-proxy',
        'app.open',
        'view.connections',
      ],
      ...['view.settings', 'updates.restart', 'app.start-at-login', 'app.quit'],
    ]);
  });

  test('what works without a window is run by the app', () => {
    for (const { id, tray } of COMMANDS) {
      if (tray !== undefined && !id.startsWith('view.')) assert.ok(isOfApp(id), id);
    }
  });

  test('a server is started where there is none, and stopped where there is one', () => {
    const server = (name: CommandState['server']['state']) => ({
      server: { state: name, url: undefined },
    });
    for (const name of ['stopped', 'error', 'starting', 'running', 'stopping'] as const) {
      assert.equal(isEnabled('server.start', server(name)), name === 'stopped' || name === 'error');
      assert.equal(isEnabled('server.stop', server(name)), name === 'running');
    }
    assert.equal(isEnabled('server.copy', {}), false);
    const url = 'socks5h://127.0.0.1:1080';
    assert.equal(isEnabled('server.copy', { server: { state: 'running', url } }), true);
  });
});
