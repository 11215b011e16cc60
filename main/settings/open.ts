import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import Store from 'electron-store';
import { messageOf } from 'picosocks5';
import { text } from '../words/words.js';
import { EMPTY, migrate, type SettingsFile } from './file.js';
import { type Repaired, repair } from './repair.js';
import { Settings } from './store.js';

/**
 * Reads the settings file of a folder. What of it cannot be used is left out, and the file as it
 * was is kept aside under another name.
 *
 * @param warn told about that, in one sentence.
 */
export function openSettings(folder: string, warn: (message: string) => void): Settings {
  const file = join(folder, 'settings.json');
  const isFirst = !existsSync(file);
  const aside = join(folder, `settings.damaged-${stamp(new Date())}.json`);
  try {
    const { dropped, guards } = update(file, aside);
    const settings = new Settings(openStore(folder), guards);
    if (dropped.length > 0) warn(whatWasDropped(dropped, aside, guards));
    if (isFirst) settings.welcome = true;
    return settings;
  } catch (error) {
    renameSync(file, aside);
    warn(text('settingcheck.unusable', { problem: sentenceOf(error), aside }));
    return new Settings(openStore(folder), true);
  }
}

function openStore(folder: string): Store<SettingsFile> {
  return new Store<SettingsFile>({
    cwd: folder,
    name: 'settings',
    // Its types have no optional part with keys of any name.
    defaults: EMPTY as never,
    clearInvalidConfig: false,
    configFileMode: 0o600,
  });
}

/**
 * Makes a settings file one that can be used.
 *
 * @param aside where the file as it was is kept if something had to be left out.
 * @throws if nothing of it can be used.
 */
function update(file: string, aside: string): Omit<Repaired, 'file'> {
  if (!existsSync(file)) return { dropped: [], guards: false };
  const content: unknown = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  if (typeof content !== 'object' || content === null)
    throw new Error(text('settingcheck.noObject'));
  const { file: repaired, ...findings } = repair(migrate(content as Record<string, unknown>));
  if (findings.dropped.length > 0) copyFileSync(file, aside);
  if (!isDeepStrictEqual(content, repaired)) {
    writeFileSync(`${file}.new`, JSON.stringify(repaired, undefined, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return findings;
}

/** How many of the things that were left out are told of. */
const MAX_TOLD = 5;

function whatWasDropped(dropped: readonly string[], aside: string, guards: boolean): string {
  const more = dropped.length - MAX_TOLD;
  const told = [
    ...dropped.slice(0, MAX_TOLD),
    ...(more > 0 ? [text('settingcheck.more', { count: more })] : []),
  ];
  const key = guards ? 'settingcheck.droppedGuards' : 'settingcheck.dropped';
  return text(key, { what: told.join('; '), aside });
}

function stamp(date: Date): string {
  return date.toISOString().replace(/[:.]/g, '-');
}

/** What is wrong, on one line: parsers show the text around a mistake. */
function sentenceOf(error: unknown): string {
  return (messageOf(error).split('\n')[0] ?? '').replace(/[.;]+$/, '').slice(0, 200);
}
