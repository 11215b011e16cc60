/** The languages that the app speaks, by themselves. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;

export type Language = keyof typeof LANGUAGES;

/** What the user wants: the system's language, or one of the app's. */
export type LanguageSetting = 'system' | Language;

/** What texts are in, and how numbers, dates and sizes are written: both of them at a time. */
export interface LanguageInForce {
  readonly language: Language;
  /** A BCP 47 tag with the same language, such as `de-AT`. */
  readonly locale: string;
}

let inForce: LanguageInForce = { language: 'en', locale: 'en' };
/** What was made for the locale, by its names. */
let made = new Map<string, unknown>();

function languageOf(tag: string): Language | undefined {
  const base = tag.split(/[-_@]/)[0]?.toLowerCase();
  return (Object.keys(LANGUAGES) as Language[]).find((language) => language === base);
}

/** Whether dates and numbers can be written by a tag: systems have some that are no BCP 47. */
function isLocale(tag: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}

/**
 * The language to be in force: English where the system has none that the app speaks. Numbers are
 * written as in the system's region, if that has the same language.
 *
 * @param preferred the system's languages, the best one first.
 */
export function chooseLanguage(
  setting: LanguageSetting,
  preferred: readonly string[],
): LanguageInForce {
  const ofSystem = preferred.map(languageOf).find((language) => language !== undefined) ?? 'en';
  const language = setting === 'system' ? ofSystem : setting;
  const locale = preferred.find((tag) => languageOf(tag) === language && isLocale(tag));
  return { language, locale: locale ?? language };
}

/** Puts a language in force: texts that are made from now on are in it. */
export function setLanguage(language: LanguageInForce): void {
  inForce = language;
  made = new Map();
}

export function languageInForce(): LanguageInForce {
  return inForce;
}

/** What is made once for the locale in force, such as a format: making one takes a while. */
export function perLocale<T>(name: string, make: (locale: string) => T): T {
  if (!made.has(name)) made.set(name, make(inForce.locale));
  return made.get(name) as T;
}
