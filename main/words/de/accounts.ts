import type { accounts as english } from '../en/accounts.js';
import type { Translation } from '../translation.js';

export const accounts = {
  needsName: 'Ein Benutzer braucht einen Namen.',
  edgeSpaces: 'Der Benutzername „{name}“ darf nicht mit einem Leerzeichen beginnen oder enden.',
  invisibleName:
    'Der Benutzername darf keine unsichtbaren Zeichen und nicht mehrere Leerzeichen nacheinander enthalten.',
  invisibleGroup: 'Die Gruppe darf keine unsichtbaren Zeichen enthalten.',
  needsPassword: 'Ein Benutzer braucht ein Passwort.',
  longPassword: 'Das Passwort ist länger als {bytes} Bytes.',
  nulPassword: 'Das Passwort darf kein NUL-Zeichen enthalten: Schlüsselbunde schneiden es dort ab.',
  halfCharacter:
    'Das Passwort enthält ein halbes Zeichen (ein einzelnes Surrogat): Geben Sie es noch einmal ein.',
  notUtf8: 'Das Passwort ist kein UTF-8-Text, wie ihn der Schlüsselbund braucht.',
  importUnderWay: 'Der Import von Benutzern läuft noch: Warten Sie, oder brechen Sie ihn ab.',
  exportUnderWay: 'Der Export von Benutzern läuft noch: Warten Sie, oder brechen Sie ihn ab.',
  disabled: 'dieser Benutzer ist deaktiviert',
  expired: 'dieser Benutzer ist am {time} abgelaufen',
  noPassword: 'der Schlüsselbund hat kein Passwort dieses Benutzers',
  notRestored: 'Der Benutzer „{name}“ kann nicht wiederhergestellt werden.',
  unknown: 'Es gibt keinen Benutzer „{name}“.',
  taken: 'Es gibt bereits einen Benutzer „{name}“.',
  looksTaken: 'Es gibt bereits einen Benutzer „{name}“, dessen Name gleich aussieht.',
  couldNotLogIn: '{user} konnte sich nicht anmelden. {problem}',
  activityDamaged: '„{file}“ ist beschädigt: Was Benutzer getan haben, wird ab jetzt gezählt.',
} satisfies Translation<typeof english>;
