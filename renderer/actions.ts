import type { SettingChange, SettingValues } from '../main/ipc/contract.js';
import { text } from '../main/words/words.js';
import { request } from './bridge.js';
import { carryOut } from './commands.js';
import { model } from './model.js';

/** Copies a text, and says so. */
export async function copy(content: string, what: string): Promise<void> {
  if (await model.attempt(() => request('app.copy', content))) {
    model.notify({ severity: 'info', message: text('common.copied', { what }) });
  }
}

/** The changes of settings that are made of what was before: each waits for the one before it. */
let changes: Promise<unknown> = Promise.resolve();

/**
 * Puts a setting into force that is made of what it was, once all such changes before are in force.
 *
 * @param change what it is to be; undefined leaves it.
 * @returns whether it has changed.
 */
export function changeSetting<K extends keyof SettingValues>(
  key: K,
  change: (value: SettingValues[K]) => SettingValues[K] | undefined,
): Promise<boolean> {
  const changed = changes.then(async () => {
    const value = change(model.app.settings.values[key]);
    if (value === undefined) return false;
    return model.attempt(() => request('settings.set', { key, value } as SettingChange));
  });
  changes = changed.catch(() => {});
  return changed;
}

/** Moves the server to a port that is free, and starts it there. */
export async function usePort(port: number): Promise<void> {
  const change = { key: 'port', value: port } as const;
  if (await model.attempt(() => request('settings.set', change))) await carryOut('server.restart');
}
