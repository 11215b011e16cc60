import type { settingsfile as english } from '../en/settingsfile.js';
import type { Translation } from '../translation.js';

export const settingsfile = {
  edit: 'Als JSON bearbeiten',
  editor: 'Einstellungen als JSON',
  editorHint:
    'Alle Einstellungen, die vom Standard abweichen. Sie gelten, sobald sie gespeichert sind: alle ' +
    'oder keine.',
  save: 'Speichern',
  close: 'Schließen',
  discard: 'Änderungen verwerfen',
  saved: 'Die Einstellungen sind gespeichert und gelten.',
  unsaved: 'Nicht gespeichert, gilt also nicht',
  place: 'Zeile {line}, Spalte {column}: {message}',
  goThere: 'Zum Fehler gehen',
  valid: 'Alles ist gültig.',
  nameExpected: 'ein Name in doppelten Anführungszeichen wird erwartet',
  valueExpected: 'ein Wert wird erwartet, etwa "Text", 12, true oder [ ]',
  colonExpected: 'ein Doppelpunkt hinter dem Namen wird erwartet',
  commaExpected: 'ein Komma wird erwartet',
  braceExpected: 'eine schließende geschweifte Klammer wird erwartet',
  bracketExpected: 'eine schließende eckige Klammer wird erwartet',
  endExpected: 'hinter der schließenden Klammer darf nichts mehr stehen',
  comment: 'Kommentare können nicht behalten werden: Entfernen Sie diesen',
  quoteExpected: 'ein schließendes doppeltes Anführungszeichen wird erwartet',
  badNumber: 'eine Zahl wird erwartet',
  badCharacter: 'JSON wird erwartet',
  tooDeep: 'zu viele Klammern sind ineinander',
  twice: '„{name}“ ist doppelt vorhanden',
  noObject: 'ein Objekt in geschweiften Klammern wird erwartet',
  noSetting: 'es gibt keine Einstellung „{name}“',
  noProfile:
    'es gibt kein Profil „{name}“: Profile werden in der Ansicht Einstellungen hinzugefügt',

  export: 'Exportieren …',
  exportTitle: 'Einstellungen exportieren',
  exportHint:
    'Einstellungen, Profile, Benutzer mit ihren Grenzen, Regeln, Upstream-Server und Einstellungen ' +
    'von Erweiterungen in einer Datei.',
  withPasswords: 'Mit Passwörtern, verschlüsselt mit einer Passphrase',
  passphrase: 'Passphrase',
  passphraseAgain: 'Passphrase wiederholen',
  passphrasesDiffer: 'Die Passphrasen stimmen nicht überein.',
  shortPassphrase: 'Die Passphrase muss mindestens 8 Zeichen haben.',
  chooseFile: 'Datei auswählen …',
  exported: 'Die Einstellungen wurden in {file} geschrieben.',

  import: 'Importieren …',
  importTitle: 'Einstellungen importieren',
  importFrom: 'Aus {file}:',
  nothingToDo: 'Es würde sich nichts ändern.',
  wouldChange: { one: '{count} Änderung:', other: '{count} Änderungen:' },
  leftOut: 'Wird ausgelassen:',
  hasPasswords:
    'Die Datei hat Passwörter, verschlüsselt. Mit ihrer Passphrase kommen sie in den ' +
    'Schlüsselbund; ohne sie werden sie ausgelassen.',
  doImport: 'Importieren',
  cancel: 'Abbrechen',
  imported: 'Die Einstellungen wurden importiert und gelten.',
  kind: 'Art',
  name: 'Name',
  change: 'Änderung',
  setting: 'Einstellung',
  profile: 'Profil',
  user: 'Benutzer',
  upstream: 'Upstream-Server',
  extension: 'Erweiterung',
  added: 'wird hinzugefügt',
  changed: 'wird geändert',
  becomes: '{before} → {after}',
  empty: 'leer',
  on: 'ein',
  off: 'aus',

  noFile: '{name}: Die Datei {file} ist nicht auf diesem Computer',
  noExtension: '{name}: Keine hier aktivierte Erweiterung hat diese Einstellung',
  noExport:
    '„{file}“ ist kein Export von Einstellungen: Erwartet wird eine Datei, die von „Exportieren“ ' +
    'geschrieben wurde.',
  badExport: '„{file}“ kann nicht importiert werden: {problem}. Nichts wurde geändert.',
  namesake: 'Der Benutzer „{name}“ sieht genauso aus wie „{other}“, den es bereits gibt.',
  wrongPassphrase: 'Die Passphrase ist falsch. Nichts wurde geändert.',
  badSeal: 'Die Passwörter der Datei sind beschädigt. Nichts wurde geändert.',
  notShown: 'Wählen Sie zuerst eine Datei aus.',
  changedMeanwhile:
    'Die Einstellungen haben sich inzwischen geändert: Wählen Sie die Datei noch einmal aus.',
} as const satisfies Translation<typeof english>;
