import type { updates as english } from '../en/updates.js';
import type { Translation } from '../translation.js';

export const updates = {
  title: 'Updates',
  version: 'Dies ist PicoSOCKS5 {version}.',
  unsupported:
    'Diese Version sucht nicht selbst nach neueren: Sie wurde von Hand gebaut, oder eine Paketverwaltung bringt sie.',
  off: 'Es wird nicht nach neueren Versionen gesucht.',
  idle: 'Es wurde noch nicht nach neueren Versionen gesucht.',
  checking: 'Suche nach neueren Versionen …',
  current: 'Es gibt keine neuere Version.',
  downloading: 'Version {version} wird geladen: {percent} %',
  ready: 'Version {version} ist bereit. Ab dem nächsten Start wird sie verwendet.',
  failed: 'Ob es eine neuere Version gibt, ist nicht bekannt: {problem}',
  checked: 'Zuletzt gesucht: {time}.',
  notes: 'Neu in {version}',
  noNotes: 'Zu dieser Version gibt es keine Hinweise.',
  check: 'Jetzt suchen',
  restart: 'Neu starten und aktualisieren',
  channel: 'Versionen',
  readyToast: 'PicoSOCKS5 {version} ist bereit.',
  show: 'Was ist neu',
  notReady: 'Es gibt keine neuere Version, mit der begonnen werden kann.',
} satisfies Translation<typeof english>;
