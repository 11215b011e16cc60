import type { overview as english } from '../en/overview.js';
import type { Translation } from '../translation.js';

export const overview = {
  addresses: 'Adressen',
  throughput: 'Durchsatz',
  refused: 'Abgelehnt',
  usePort: 'Port {port} verwenden',
  lanFault: 'Das lokale Netzwerk wird nicht bedient. {problem}',
  usersLockedOut: 'Benutzer können sich nicht anmelden. {problem}',
  noTray:
    'Dieser Desktop zeigt keine Symbole im Infobereich an, daher wird beim Schließen des Fensters gefragt, was geschehen soll. Unter GNOME ergänzt sie die Erweiterung „AppIndicator and KStatusNotifierItem Support“.',
  nowhere:
    'Der Server läuft noch nicht. „Server starten“ in der Titelleiste macht den Proxy unter {address} verfügbar.',
  use: 'Verwenden',
  copyFor: 'Für {name} kopieren',
  selfSigned:
    'Das Zertifikat ist selbst signiert: Programme und Browser müssen angewiesen werden, der Datei {file} zu vertrauen, die dorthin zu kopieren ist, wo sie laufen.',
  through: 'Über',
  sent: 'Gesendet',
  received: 'Empfangen',
  connections: 'Verbindungen',
  openNow: 'Jetzt offen',
  upFor: 'In Betrieb seit',
  nothingRefused: 'Bisher wurde nichts abgelehnt.',
  reason: 'Grund',
  times: 'Anzahl',
  last: 'Zuletzt',
  client: 'Client',
  detail: 'Einzelheiten',
  loginHttp:
    'Setzen Sie Namen und Passwort eines Benutzers ein. Browser, die ihn als HTTP-Proxy verwenden, fragen danach.',
  loginSocks:
    'Setzen Sie Namen und Passwort eines Benutzers ein. Browser können sich an einem SOCKS-Proxy nicht anmelden: Schalten Sie für sie in den Einstellungen HTTP ein, oder erlauben Sie anonymen Zugriff.',
  usersOnly: 'nur Benutzer',
  chart: 'Durchsatz der letzten fünf Minuten',
  down: 'Empfangen',
  up: 'Gesendet',
  everybody: '* (alle, die diesen Computer erreichen)',
  itsAddress: '@{name} (dessen jeweilige Adresse)',
  automatic: 'automatisch',
} satisfies Translation<typeof english>;
