import type { keys as english } from '../en/keys.js';
import type { Translation } from '../translation.js';

export const keys = {
  title: 'Tastenkombinationen',
  search: 'Tastenkombinationen durchsuchen',
  searchHint: 'Nach Befehl oder Taste suchen',
  command: 'Befehl',
  key: 'Taste',
  none: 'keine',
  global: 'Überall',
  globalHint: 'Tasten, die in jedem Programm wirken. Sie sind aus, solange keine festgelegt ist.',
  window: 'Im Fenster',
  change: 'Taste ändern: {command}',
  remove: 'Taste entfernen: {command}',
  reset: 'Taste zurücksetzen: {command}',
  changed: 'geändert',
  record: 'Neue Taste: {command}',
  recordHint: 'Taste drücken',
  save: 'Speichern',
  cancel: 'Abbrechen',
  conflict: '{key} ist auch die Taste von: {commands}',
  modifier: 'Nötig ist eine Taste mit Strg oder Alt oder eine Funktionstaste.',
  reserved: '{key} wird zum Bearbeiten und Zoomen gebraucht.',
  refused:
    'Die Taste {key} kann nicht überall verwendet werden: Ein anderes Programm oder das System hat sie. Wählen Sie bei den Tastenkombinationen eine andere.',
  noEntry: '„{entry}“: erwartet wird BEFEHL=TASTE, etwa log.open=Ctrl+L',
  noCommand: '„{entry}“: Es gibt keinen Befehl „{id}“',
  notGlobal: '„{entry}“: Überall wirken kann die Taste von {first} oder {second}',
  noKey: '„{entry}“: erwartet wird eine Taste wie Ctrl+Shift+P oder F6',
  noModifier: '„{entry}“: erwartet wird eine Taste mit Ctrl oder Alt oder eine Funktionstaste',
  isReserved: '„{entry}“: Diese Taste wird zum Bearbeiten und Zoomen gebraucht',
  nothing: 'Kein Befehl und keine Taste passt.',
} satisfies Translation<typeof english>;
