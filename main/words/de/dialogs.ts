import type { dialogs as english } from '../en/dialogs.js';
import type { Translation } from '../translation.js';

export const dialogs = {
  cannotStart: 'PicoSOCKS5 kann nicht starten',
  quitQuestion: 'PicoSOCKS5 beenden?',
  quitDetail:
    'Dieser Desktop hat keinen Infobereich, aus dem das Fenster wieder geöffnet werden könnte. Der Server kann ohne Fenster weiterlaufen; ein erneuter Start von PicoSOCKS5 bringt das Fenster zurück.',
  keepRunning: 'Weiterlaufen lassen',
  windowFails: 'Das Fenster stürzt immer wieder ab.',
  windowHangs: 'Das Fenster reagiert nicht.',
  windowDetail: 'Der Server läuft unterdessen weiter. Mehr steht im Protokoll von PicoSOCKS5.',
  loadAgain: 'Neu laden',
  wait: 'Warten',
  allFiles: 'Alle Dateien',
  exportConnections: 'Verbindungen exportieren',
  importUsers: 'Passwortdatei importieren',
  exportUsers: 'Passwortdatei exportieren',
  loginNotChanged: 'Der Start bei der Anmeldung kann nicht geändert werden: {problem}',
  loginFails: 'Der Start bei der Anmeldung funktioniert nicht: {problem}',
} satisfies Translation<typeof english>;
