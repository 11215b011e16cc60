import type { Theme } from '../main/ipc/contract.js';
import { request } from './bridge.js';
import { provide } from './commands.js';
import { model } from './model.js';

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const contrast = window.matchMedia('(prefers-contrast: more), (forced-colors: active)');

function name(): string {
  const { theme } = model.app.settings.values;
  if (theme !== 'system') return theme;
  if (contrast.matches) return dark.matches ? 'high-contrast' : 'high-contrast-light';
  return dark.matches ? 'dark' : 'light';
}

function apply(): void {
  document.documentElement.dataset['theme'] = name();
  document.dispatchEvent(new Event('theme'));
}

/** Keeps the window's colours as the setting, and with it the system, says. */
export function followTheme(): () => void {
  apply();
  const ends = [
    model.listen('app', () => name() !== document.documentElement.dataset['theme'] && apply()),
  ];
  for (const query of [dark, contrast]) {
    query.addEventListener('change', apply);
    ends.push(() => query.removeEventListener('change', apply));
  }
  return () => {
    for (const end of ends) end();
  };
}

function set(value: Theme) {
  return { run: () => model.attempt(() => request('settings.set', { key: 'theme', value })) };
}

provide({
  'theme.system': set('system'),
  'theme.light': set('light'),
  'theme.dark': set('dark'),
  'theme.high-contrast': set('high-contrast'),
  'theme.high-contrast-light': set('high-contrast-light'),
});
