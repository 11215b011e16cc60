import { text } from '../../main/words/words.js';
import { run } from '../commands.js';
import { model } from '../model.js';

/** Something besides commands that the palette leads to. */
export interface Find {
  readonly title: string;
  readonly key: undefined;
  readonly run: () => unknown;
}

/** The settings and users that there are, as the palette lists them. */
export function finds(): readonly Find[] {
  const settings = model.app.descriptors.map(({ key, title, section }) => ({
    title: text('workbench.findSetting', { section, title }),
    key: undefined,
    run: () => showSetting(key),
  }));
  const users = model.app.users.users.map(({ name }) => ({
    title: text('workbench.findUser', { name }),
    key: undefined,
    run: () => showUser(name),
  }));
  return [...settings, ...users];
}

async function showSetting(key: string): Promise<void> {
  run('view.settings');
  await document.querySelector('pico-workbench')?.updateComplete;
  await document.querySelector('pico-settings')?.reveal(key);
}

async function showUser(name: string): Promise<void> {
  run('view.users');
  await document.querySelector('pico-workbench')?.updateComplete;
  await document.querySelector('pico-users')?.edit(name);
}
