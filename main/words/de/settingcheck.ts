import type { settingcheck as english } from '../en/settingcheck.js';
import type { Translation } from '../translation.js';

export const settingcheck = {
  wrong: '{title}: {problem}',
  expected: '{title}: Erwartet wird {expected}',
  boolean: 'ein oder aus',
  number: 'eine Zahl von {minimum} bis {maximum}',
  choice: 'eines von {choices}',
  text: 'ein Text',
  file: 'der Pfad einer Datei',
  list: 'eine Liste von Texten',
  oneAddress: 'mindestens eine Adresse, etwa {example}',
  portApart: '„{host}“: Für den Port gibt es eine eigene Einstellung',
  passwordInRoute:
    'Ein Passwort gehört nicht in eine Route: Fügen Sie einen Upstream-Server hinzu, dessen Passwort der Schlüsselbund behält, und nennen Sie ihn',
  noUpstream: '„{rule}“: Es gibt keinen Upstream-Server „{way}“; bekannt sind {known}',
  interface: 'Erwartet wird der Name einer Schnittstelle hinter @, etwa @eth0',
  lockedKey:
    '„{file}“ ist durch eine Passphrase geschützt, die niemand eingeben könnte, wenn der Server startet; erwartet wird ein Schlüssel ohne',
  noKey:
    '„{file}“ hat keinen privaten Schlüssel; erwartet wird eine PEM-Datei mit -----BEGIN PRIVATE KEY-----',
  noCertificate:
    '„{file}“ hat kein Zertifikat; erwartet wird eine PEM-Datei mit -----BEGIN CERTIFICATE-----',
  notRead: '„{file}“ kann nicht gelesen werden: {problem}',
  notRegular: 'Sie ist keine gewöhnliche Datei',
  tooLarge: 'Sie ist zu groß',
  notSaved: 'Die Einstellungen können nicht gespeichert werden: {problem}',
  noSecret: '„{name}“ ist kein Geheimnis einer Erweiterung.',

  unusable:
    'Die Einstellungsdatei kann nicht verwendet werden ({problem}); sie bleibt als {aside} erhalten, und alle Einstellungen haben ihren Standardwert.',
  dropped:
    'Etwas in der Einstellungsdatei kann nicht verwendet werden und wird ausgelassen ({what}); die Datei bleibt, wie sie war, als {aside} erhalten.',
  droppedGuards:
    'Etwas in der Einstellungsdatei kann nicht verwendet werden und wird ausgelassen ({what}); die Datei bleibt, wie sie war, als {aside} erhalten. Es hat mitbestimmt, wer zugelassen wird: Sehen Sie es sich an, bevor Sie den Server starten.',
  more: { one: 'und {count} weiteres', other: 'und {count} weitere' },
  noObject: 'sie ist kein Objekt',
  noVersion: 'sie nennt keine Version',
  newer: 'sie hat die Version {version}, neuer als diese Anwendung',
  isNoObject: '„{name}“ ist kein Objekt',
  isNoList: '„{name}“ ist keine Liste',
  noSetting: 'es gibt keine Einstellung „{name}“',
  userNameless: 'Benutzer {number} hat keinen Namen',
  userTwice: 'Benutzer „{name}“ ist doppelt vorhanden',
  userDisabled: 'Benutzer „{name}“ ist nicht vollständig und jetzt deaktiviert',
  upstreamOdd: 'Upstream-Server {number} ist nicht vollständig',
  upstreamTwice: 'Upstream-Server „{name}“ ist doppelt vorhanden',
  profileNameless: 'Profil {number} hat keinen Namen',
  profileTwice: 'Profil „{name}“ ist doppelt vorhanden',
  profileGone: 'das Profil, das verwendet wurde, gibt es nicht',
  profileNetworks: 'ein Netzwerk des Profils „{name}“',
  extensionSetting: 'die Einstellung „{name}“ einer Erweiterung',
  extensionPart: 'etwas in „{name}“ der Erweiterungen',
  place: 'die Lage des Fensters',
} as const satisfies Translation<typeof english>;
