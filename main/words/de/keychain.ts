import type { keychain as english } from '../en/keychain.js';
import type { Translation } from '../translation.js';

export const keychain = {
  locked: 'Der Schlüsselbund ist gesperrt: Entsperren Sie ihn, und versuchen Sie es erneut.',
  silent: 'Der Schlüsselbund antwortet nicht: Entsperren Sie ihn, und versuchen Sie es erneut.',
  notYet:
    'Der Schlüsselbund hat noch nicht geantwortet: Sehen Sie nach, ob das System nach dem Entsperren fragt.',
  noKeyring:
    'Es gibt noch keinen Schlüsselbund: Legen Sie in der Schlüsselbundverwaltung des Systems einen mit Passwort an.',
  unusable: 'Es kann kein Schlüsselbund verwendet werden ({reason}): {advice}.',
  noLibrary: 'seine Bibliothek fehlt',
  noReason: 'kein Grund genannt',
  'advice.linux':
    'Installieren Sie einen Secret Service (gnome-keyring, KWallet oder KeePassXC) und libsecret (Debian: apt install gnome-keyring libsecret-1-0), und melden Sie sich neu an',
  'advice.darwin':
    'Öffnen Sie die Schlüsselbundverwaltung, und sorgen Sie dafür, dass der Anmeldeschlüsselbund vorhanden und entsperrt ist',
  'advice.win32': 'Sorgen Sie dafür, dass der Dienst „Anmeldeinformationsverwaltung“ läuft',
  'advice.other': 'Sorgen Sie dafür, dass das System einen hat',
} satisfies Translation<typeof english>;
