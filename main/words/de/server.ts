import type { server as english } from '../en/server.js';
import type { Translation } from '../translation.js';

export const server = {
  openProxy:
    'Ohne Benutzer wird an {address} nicht gelauscht: Jeder, der diese Adresse erreicht, könnte den Proxy verwenden. Fügen Sie Benutzer hinzu, oder erlauben Sie in den Einstellungen anonymen Zugriff',
  extensionDisabled:
    'Die Erweiterung „{name}“ ist deaktiviert, wird aber gebraucht: Aktivieren Sie sie in der Ansicht Erweiterungen',
  addressInUse:
    'An {address} kann nicht gelauscht werden: Ein anderes Programm verwendet diesen Port',
  addressMissing:
    'An {address} kann nicht gelauscht werden: Dieser Computer hat diese Adresse nicht',
  portDenied: 'An {address} kann nicht gelauscht werden: Ports unter 1024 darf nur root verwenden',
  portReserved:
    'An {address} kann nicht gelauscht werden: Windows hält diesen Port für sich zurück (netsh interface ipv4 show excludedportrange tcp)',
  unresolved: 'Der Name „{name}“ kann derzeit nicht aufgelöst werden',
  inLan: 'Lokales Netzwerk: {problem}',
  portFree: '{problem}. Port {port} ist frei.',
  extensionsNeedServer: 'Erweiterungen laufen mit dem Server: Starten Sie ihn zuerst.',
  addressGone:
    'Dieser Computer hat derzeit die Adresse {addresses} nicht: Der Server ist dort wieder erreichbar, sobald sie zurück ist.',
  datagrams: 'Datagramme an {destination}: {detail}',
  destinationExpected: '„{destination}“: Erwartet wird HOST:PORT, etwa example.com:443',
  lanNobody:
    'Aus dem lokalen Netzwerk könnte sich noch niemand anmelden: Fügen Sie zuerst einen Benutzer hinzu.',
  lanCertificate: 'TLS braucht ein Zertifikat: Wählen Sie eines aus.',
  lanKey: 'TLS braucht den Schlüssel des Zertifikats: Wählen Sie ihn aus.',
  lanInterface:
    'Die Schnittstelle „{name}“ hat derzeit keine Adresse: Das lokale Netzwerk wird bedient, sobald sie eine hat.',
  upstreamNeedsName: 'Ein Upstream-Server braucht einen Namen.',
  upstreamNameLetters:
    'Der Name „{name}“ darf nur Buchstaben, Ziffern, „_“, „-“ und „.“ enthalten.',
  upstreamNameTaken: 'Der Name „{name}“ hat eine eigene Bedeutung: Wählen Sie einen anderen.',
  upstreamNeedsHost: 'Ein Upstream-Server braucht einen Host: eine Adresse oder einen Namen.',
  upstream: 'Upstream-Server: {problem}',
  upstreamUnknown: 'Es gibt keinen Upstream-Server „{name}“.',
  upstreamTaken: 'Es gibt bereits einen Upstream-Server „{name}“.',
  upstreamLoop: '„{name}“ ginge über sich selbst: {loop}.',
  loopThrough: ' über ',
  upstreamNotRestored: '„{name}“ kann nicht mehr wiederhergestellt werden.',
  upstreamOfRoute: 'Die Route „{rule}“ führt über „{name}“: Ändern Sie zuerst diese.',
  upstreamOfOther: '„{other}“ wird über „{name}“ erreicht: Ändern Sie zuerst das.',
  passwordNeedsUser: 'Ein Passwort braucht einen Benutzernamen.',
  socks4Password: 'SOCKS 4a kennt keine Passwörter.',
  unsendablePassword:
    'Das Passwort enthält ein Zeichen, das nicht gesendet werden kann: Geben Sie es noch einmal ein.',
  fileByDialog: 'Eine Datei wird in ihrem Dialog ausgewählt.',
  notWritten: '„{file}“ kann nicht geschrieben werden: {problem}. Wählen Sie einen anderen Ort.',
  notOpened: '{folder} kann nicht geöffnet werden: {problem}',
} satisfies Translation<typeof english>;
