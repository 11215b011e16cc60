import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { beforeEach, describe, test } from 'node:test';
import type { Menu, MenuItemConstructorOptions } from 'electron';
import { RecentProblems } from '#main/desktop/problems.js';
import { type TrayItem, TrayMenu } from '#main/desktop/traymenu.js';

/** A menu as Electron's: its entries have what they were made of, and can be changed. */
class FakeMenu extends EventEmitter {
  readonly items: MenuItemConstructorOptions[];

  constructor(template: readonly MenuItemConstructorOptions[]) {
    super();
    this.items = template.map(({ submenu, ...item }) => ({
      ...item,
      ...(Array.isArray(submenu) && { submenu: new FakeMenu(submenu) as unknown as Menu }),
    }));
  }

  entry(id: string): MenuItemConstructorOptions {
    const found = this.items.find((item) => item.id === id);
    if (found === undefined) throw new Error(`no entry ${id}`);
    return found;
  }

  click(id: string): void {
    (this.entry(id).click as () => void)();
  }
}

let used: FakeMenu[] = [];
const menuOf = (copies: boolean) =>
  new TrayMenu({
    build: (template) => new FakeMenu(template) as unknown as Menu,
    use: (menu) => used.push(menu as unknown as FakeMenu),
    copies,
  });

const clicked: string[] = [];
const item = (label: string, more: Partial<TrayItem> = {}): TrayItem => ({
  ...{ key: 'one', label, click: () => clicked.push(label), ...more },
});

beforeEach(() => {
  used = [];
  clicked.length = 0;
});

describe('the menu of the tray', () => {
  test('entries that say something else are changed in place, and do what they say', () => {
    const menu = menuOf(false);
    menu.show([item('Start', { visible: false }), { key: 'line' }]);
    menu.show([item('Stop', { enabled: false }), { key: 'line' }]);
    assert.equal(used.length, 1);
    const { label, enabled, visible } = used[0]?.entry('one') ?? {};
    assert.deepEqual([label, enabled, visible], ['Stop', false, true]);
    used[0]?.click('one');
    assert.deepEqual(clicked, ['Stop']);
  });

  test('where the icon has a copy it gets the menu again, but only if something is other', () => {
    const menu = menuOf(true);
    menu.show([item('Start')]);
    menu.show([item('Start')]);
    assert.equal(used.length, 1);
    menu.show([item('Stop')]);
    assert.equal(used.length, 2);
    assert.equal(used[0], used[1]);
  });

  test('a tick that the system has set by itself follows what it stands for', () => {
    const menu = menuOf(false);
    menu.show([item('Login', { checked: false })]);
    const entry = used[0]?.entry('one') ?? {};
    entry.checked = true;
    menu.show([item('Login', { checked: false })]);
    assert.equal(entry.checked, false);
  });

  test('other entries make it anew, once it is closed', async () => {
    const menu = menuOf(false);
    menu.show([item('One')]);
    used[0]?.emit('menu-will-show');
    menu.show([item('One'), item('Two', { key: 'two' })]);
    menu.show([item('One'), item('Three', { key: 'two' })]);
    assert.equal(used.length, 1);
    used[0]?.emit('menu-will-close');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      used[1]?.items.map(({ label }) => label),
      ['One', 'Three'],
    );
  });

  test('entries of a menu within it are changed in place as well', () => {
    const menu = menuOf(false);
    const list = (label: string): TrayItem => ({
      key: 'list',
      label: 'List',
      items: [item(label)],
    });
    menu.show([list('A')]);
    menu.show([list('B')]);
    assert.equal(used.length, 1);
    const submenu = used[0]?.entry('list').submenu as unknown as FakeMenu;
    assert.equal(submenu.entry('one').label, 'B');
    submenu.click('one');
    assert.deepEqual(clicked, ['B']);
  });
});

test('problems of late: the newest first, each once, and not without end', () => {
  const problems = new RecentProblems();
  for (let i = 0; i < 20; i++) problems.add({ message: `${i}`, about: 'view.log' });
  problems.add({ message: '15', about: 'view.users' });
  assert.deepEqual(
    problems.all.map(({ message }) => message),
    ['15', '19', '18', '17', '16', '14', '13', '12'],
  );
  problems.clear();
  assert.deepEqual(problems.all, []);
});
