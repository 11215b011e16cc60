import { app } from 'electron';
import { chooseLanguage, type LanguageSetting, setLanguage } from '../words/language.js';

/** Puts the language in force that the user wants, or that of the system: texts are in it from now on. */
export function speak(setting: LanguageSetting): void {
  const preferred = [...app.getPreferredSystemLanguages(), app.getLocale()];
  setLanguage(chooseLanguage(setting, preferred));
}
