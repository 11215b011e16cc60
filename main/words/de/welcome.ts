import type { welcome as english } from '../en/welcome.js';
import type { Translation } from '../translation.js';

export const welcome = {
  title: 'Willkommen bei PicoSOCKS5',
  about:
    'Ein eigener Proxy: Was über ihn geht, kommt von diesem Computer, wo auch immer das Programm läuft, das danach fragt.',
  start: 'Den Proxy starten',
  startHow: 'Er ist unter {where} zu erreichen, und nur für Programme auf diesem Computer.',
  started: 'Er läuft: {url}',
  use: 'Im Browser verwenden',
  useHow:
    'Schalten Sie den Systemproxy ein, nach dem sich alle Programme dieses Computers richten, oder tragen Sie die Adresse in den Proxy-Einstellungen Ihres Browsers ein. Die Übersicht hat die Zeilen für Firefox, Chromium, curl und andere fertig zum Kopieren.',
  share: 'Andere zulassen',
  shareHow:
    'Geben Sie jeder Person einen Benutzernamen und ein Passwort, das der Schlüsselbund dieses Computers aufbewahrt; öffnen Sie den Proxy dann in den Einstellungen für das lokale Netzwerk.',
  close: 'Schließen',
  back: 'Der Befehl „{command}“ bringt diese Seite zurück.',
  done: 'Erledigt',
} as const satisfies Translation<typeof english>;
