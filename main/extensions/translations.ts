import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Manifest, SettingSchema } from 'picosocks5';
import { LANGUAGES, type Language, languageInForce } from '../words/language.js';
import { text } from '../words/words.js';

/** No file of translations is read that is larger, bytes. */
const MAX_SIZE = 64 * 1024;

/** The texts of an extension in another language, by where those stand that they are in place of. */
export type Texts = ReadonlyMap<string, string>;

type Fault = 'unreadable' | 'noFile' | 'tooLarge' | 'noJson' | 'noObject';

/** What an extension says in a language that it has a file for. */
interface Translation {
  readonly file: string;
  readonly texts: Texts;
  /** Why nothing of the file is used. */
  readonly fault: Fault | undefined;
}

export type Translations = ReadonlyMap<Language, Translation>;

/** A setting, with what a person reads instead of its key and its values. */
export interface ShownSetting extends SettingSchema {
  readonly title?: string | undefined;
  /** Of its choices, in their order. */
  readonly labels?: readonly string[] | undefined;
}

/** A manifest in the words of a language. */
export interface ShownManifest extends Manifest {
  readonly settings: ReadonlyMap<string, ShownSetting>;
}

/** The file beside package.json that has its texts in a language. */
export function translationFile(folder: string, language: Language): string {
  return join(folder, `package.nls.${language}.json`);
}

/** Reads what an extension says in the app's languages. Never throws: what is wrong is noted. */
export async function readTranslations(folder: string): Promise<Translations> {
  const found = new Map<Language, Translation>();
  for (const language of Object.keys(LANGUAGES) as Language[]) {
    const file = translationFile(folder, language);
    const read = await readTexts(file);
    if (read === undefined) continue;
    const isFault = typeof read === 'string';
    found.set(language, {
      file,
      texts: isFault ? new Map() : read,
      fault: isFault ? read : undefined,
    });
  }
  return found;
}

/** What the extensions in some folders say in the app's languages, by their folders. */
export async function readAllTranslations(
  folders: readonly string[],
): Promise<ReadonlyMap<string, Translations>> {
  const read = await Promise.all(folders.map(readTranslations));
  return new Map(folders.map((folder, i) => [folder, read[i] ?? new Map()]));
}

/** The texts in a file, or why it has none; undefined if there is no such file. */
async function readTexts(file: string): Promise<Texts | Fault | undefined> {
  let octets: Buffer;
  try {
    const status = await stat(file);
    if (!status.isFile()) return 'noFile';
    if (status.size > MAX_SIZE) return 'tooLarge';
    octets = await readFile(file);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'unreadable';
  }
  return parseTexts(octets);
}

/** The texts that JSON has. What is none in it is left out: package.json's stays there. */
export function parseTexts(octets: Buffer): Texts | Fault {
  if (octets.length > MAX_SIZE) return 'tooLarge';
  let given: unknown;
  try {
    given = JSON.parse(octets.toString('utf8').replace(/^\uFEFF/, ''));
  } catch {
    return 'noJson';
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return 'noObject';
  const isText = ([, value]: [string, unknown]) => typeof value === 'string' && value.trim() !== '';
  return new Map(Object.entries(given).filter(isText));
}

/** What is wrong with an extension's file for the language in force, in a sentence. */
export function translationWarning(translations: Translations): string | undefined {
  const { file, fault } = translations.get(languageInForce().language) ?? {};
  if (file === undefined || fault === undefined) return undefined;
  const problem = text(`extensions.translation.${fault}`);
  return text('extensions.translation', { file: basename(file), problem });
}

/** A manifest in the language in force, as far as the extension has its texts in it. */
export function inWords(manifest: Manifest, translations: Translations): ShownManifest {
  const texts = translations.get(languageInForce().language)?.texts;
  return texts === undefined || texts.size === 0 ? manifest : translated(manifest, texts);
}

/**
 * A manifest in other words. A text is found by its path in package.json, in which an item of a list
 * goes by its id; behind the path of a setting, `=` and a value lead to what that choice is called.
 * Registries have no dot in their names and settings no `=`, so no two texts have the same path.
 */
export function translated(manifest: Manifest, texts: Texts): ShownManifest {
  const told = (path: string, own: string) => texts.get(path) ?? own;
  const { contributes, settings, commands, views } = manifest;
  return {
    ...manifest,
    displayName: told('displayName', manifest.displayName),
    description: told('description', manifest.description),
    title: told('contributes.configuration.title', manifest.title),
    contributes: Object.fromEntries(
      Object.entries(contributes).map(([point, list]) => [
        point,
        list.map((item) => ({
          ...item,
          description: told(`contributes.${point}.${item.id}.description`, item.description),
        })),
      ]),
    ),
    settings: new Map(
      [...settings].map(([key, schema]) => {
        const path = `contributes.configuration.properties.${key}`;
        const shown: ShownSetting = {
          ...schema,
          title: texts.get(`${path}.title`),
          patternErrorMessage:
            schema.patternErrorMessage &&
            told(`${path}.patternErrorMessage`, schema.patternErrorMessage),
          description: told(`${path}.description`, schema.description),
          // The values of a list are typed: what they are called would not be taken.
          labels:
            schema.type === 'array'
              ? undefined
              : schema.enum?.map((choice) => told(`${path}=${choice}`, choice)),
        };
        return [key, shown];
      }),
    ),
    commands: commands.map((one) => ({
      ...one,
      title: told(`contributes.commands.${one.command}.title`, one.title),
    })),
    views: views.map((one) => ({
      ...one,
      title: told(`contributes.views.${one.id}.title`, one.title),
    })),
  };
}
