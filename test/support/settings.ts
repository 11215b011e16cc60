import { EMPTY, type SettingsFile } from '#main/settings/file.js';
import { Settings } from '#main/settings/store.js';

/** A settings file in memory, on a disk that can be full. */
export class SettingsInMemory {
  isFull = false;
  store: SettingsFile;

  constructor(file: Partial<SettingsFile> = {}) {
    this.store = { ...EMPTY, ...file };
  }

  set(change: Partial<SettingsFile>): void {
    if (this.isFull) throw new Error('no space left on device');
    this.store = { ...this.store, ...change };
  }
}

/** Settings as a file has them. */
export function settingsOf(file: Partial<SettingsFile> = {}) {
  const memory = new SettingsInMemory(file);
  return { memory, settings: new Settings(memory) };
}
