import type { life as english } from '../en/life.js';
import type { Translation } from '../translation.js';

export const life = {
  revived:
    'Das Fenster war abgestürzt und wurde neu geladen. Der Server lief währenddessen weiter.',
  showLog: 'Protokoll anzeigen',
  keychainProblem: 'Benutzer können sich nicht anmelden. {problem} Es wird weiter versucht.',
  keychainSolved: 'Der Schlüsselbund ist lesbar: Benutzer können sich wieder anmelden.',
} as const satisfies Translation<typeof english>;
