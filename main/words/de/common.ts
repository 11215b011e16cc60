import type { common as english } from '../en/common.js';
import type { Translation } from '../translation.js';

export const common = {
  save: 'Speichern',
  cancel: 'Abbrechen',
  undo: 'Rückgängig',
  tryAgain: 'Erneut versuchen',
  copy: 'Kopieren',
  copyWhat: '{what} kopieren',
  line: 'Zeile',
  copied: '{what} kopiert.',
  choose: 'Auswählen …',
  addUser: 'Benutzer hinzufügen',
  actions: 'Aktionen',
  edit: '{name} bearbeiten',
  delete: '{name} löschen',
  asItIs: 'unverändert',
  askingKeychain: 'Schlüsselbund wird gefragt',
  internalError: 'Interner Fehler: {error}',
  notHere: 'Der Befehl „{id}“ kann hier nicht ausgeführt werden.',
  thisComputer: 'dieser Computer',
  anAddress: 'eine Adresse',
  nothingSaved: 'Es wurde nichts gespeichert.',
  notOurs: 'Nur das Fenster der App darf fragen.',
  noRequest: 'Eine solche Anfrage gibt es nicht.',
  badArgument: '{request}: Das Argument ist ungültig.',
  badArgumentAt: '{request}: Das Argument „{place}“ ist ungültig.',
} satisfies Translation<typeof english>;
