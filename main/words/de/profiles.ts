import type { profiles as english } from '../en/profiles.js';
import type { Translation } from '../translation.js';

export const profiles = {
  title: 'Profile',
  about:
    'Ein Profil ist ein Satz von Einstellungen, die anders sind, solange es verwendet wird, etwa zu ' +
    'Hause oder im Büro.',
  profile: 'Profil',
  none: 'Keines',
  noneLabel: 'Kein Profil',
  inUse: 'Wird verwendet',
  use: '{name} verwenden',
  useNone: 'Kein Profil verwenden',
  useShort: 'Verwenden',
  stopShort: 'Nicht mehr verwenden',
  stop: '{name} nicht mehr verwenden',
  add: 'Profil hinzufügen',
  name: 'Name des Profils',
  namePlaceholder: 'Büro',
  edit: '{name} bearbeiten',
  delete: '{name} löschen',
  deleted: 'Das Profil „{name}“ wurde gelöscht.',
  undo: 'Rückgängig',
  save: 'Speichern',
  cancel: 'Abbrechen',
  differs: { one: '{count} Einstellung ist anders', other: '{count} Einstellungen sind anders' },
  networks: 'Netzwerke',
  networksHint:
    'Wird in diesen Netzwerken von selbst verwendet, eines pro Zeile: gateway:MAC, wifi:NAME, ' +
    'domain:SUFFIX oder subnet:ADRESSE/BITS.',
  present: 'Aktuelles Netzwerk hinzufügen',
  noPresent: 'Es lässt sich nicht feststellen, in welchem Netzwerk dieser Computer ist.',
  automatic: {
    one: 'von selbst in {count} Netzwerk',
    other: 'von selbst in {count} Netzwerken',
  },
  differHere: 'In „{name}“ anders',
  differTitle: 'Hat einen eigenen Wert, solange das Profil „{name}“ verwendet wird',
  command: 'Profil: {name} verwenden',
  commandNone: 'Profil: Keines verwenden',
  switched: 'Das Profil „{name}“ wird verwendet: Dieses Netzwerk ist {rule}.',
  left: 'Das Profil „{name}“ wird nicht mehr verwendet: Dies ist ein anderes Netzwerk.',
  cannotUse: 'Das Profil „{name}“ kann nicht verwendet werden: {problem}',
  cannotLeave: 'Das Profil „{name}“ wird weiter verwendet: {problem}',
  cannotRestore: 'Das Profil „{name}“ lässt sich nicht mehr wiederherstellen.',
  noSuch: 'Es gibt kein Profil „{name}“.',
  noneInUse: 'Es wird kein Profil verwendet.',
  taken: 'Es gibt bereits ein Profil „{name}“.',
  tooMany: 'Es gibt bereits 50 Profile: Löschen Sie zuerst eines.',
  badName: 'Ein Profil braucht einen Namen aus höchstens 50 sichtbaren Zeichen, etwa Büro.',
  badNetwork:
    '„{rule}“ ist kein Netzwerk: Erwartet wird gateway:MAC, wifi:NAME, domain:SUFFIX oder subnet:ADRESSE/BITS',
} as const satisfies Translation<typeof english>;
