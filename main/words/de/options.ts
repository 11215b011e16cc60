import type { options as english } from '../en/options.js';
import type { Translation } from '../translation.js';

export const options = {
  'section.listening': 'Eingehende Verbindungen',
  'section.lan': 'Lokales Netzwerk',
  'section.external': 'BIND und UDP',
  'section.outgoing': 'Ausgehende Verbindungen',
  'section.access': 'Zugriff',
  'section.limits': 'Grenzen',
  'section.timeouts': 'Zeitlimits',
  'section.systemProxy': 'Systemproxy',
  'section.appearance': 'Darstellung',
  'section.application': 'Anwendung',
  'unit.seconds': 'Sekunden',
  'unit.megabytes': 'MB',
  'unit.days': 'Tage',

  'listenAddress.title': 'Adresse des Servers',
  'listenAddress.description':
    'Adressen, an denen der Server Verbindungen annimmt, mit Kommas dazwischen: 127.0.0.1 nur für ' +
    'diesen Computer, * für alle, die ihn erreichen können.',
  'port.title': 'Port',
  'port.description':
    'TCP-Port, an dem der Server Verbindungen annimmt; 1080 ist der übliche für SOCKS.',

  'lan.title': 'Für das lokale Netzwerk freigeben',
  'lan.description':
    'Auch andere Computer zulassen, an einer eigenen Adresse und einem eigenen Port. Dort muss sich ' +
    'jeder als einer der Benutzer anmelden, was auch immer für Programme auf diesem Computer gilt.',
  'lanAddress.title': 'Netzwerkadresse',
  'lanAddress.description':
    'Adressen, an denen andere Computer den Server erreichen, mit Kommas dazwischen: * für alle ' +
    'dieses Computers, @SCHNITTSTELLE für die, die eine Schnittstelle jeweils hat.',
  'lanPort.title': 'Netzwerkport',
  'lanPort.description': 'TCP-Port für andere Computer.',
  'lanTls.title': 'TLS',
  'lanTls.description':
    'Verschlüsseln, was andere Computer senden, auch Passwörter: Sie verwenden ihn als HTTPS-Proxy. ' +
    'Dazu werden ein Zertifikat und sein Schlüssel benötigt.',
  'lanCertificate.title': 'Zertifikat',
  'lanCertificate.description':
    'PEM-Datei mit dem Zertifikat für TLS und dahinter denen seiner Aussteller.',
  'lanKey.title': 'Privater Schlüssel',
  'lanKey.description':
    'PEM-Datei mit dem Schlüssel des Zertifikats, die nur ihr Besitzer lesen sollte.',

  'bind.title': 'Externe Adresse',
  'bind.description':
    'Adresse, unter der andere Hosts BIND und UDP ASSOCIATE erreichen: eine Adresse, ein Hostname ' +
    'oder @SCHNITTSTELLE. Leer: wird automatisch ermittelt.',
  'advertise.title': 'Bekannt gegebene Adresse',
  'advertise.description':
    'Adresse, die Clients in Antworten auf BIND und UDP ASSOCIATE genannt wird, hinter NAT.',
  'advertise.placeholder': 'die externe Adresse',
  'bindPorts.title': 'Portbereich für BIND',
  'bindPorts.description':
    'Ports, an denen BIND Verbindungen annimmt; ohne Angabe ein beliebiger freier Port.',
  'udpPorts.title': 'Portbereich für UDP',
  'udpPorts.description':
    'Ports, die Datagramme der Clients annehmen; ohne Angabe ein beliebiger freier Port.',
  'placeholder.automatic': 'automatisch',
  'placeholder.anyPort': 'ein beliebiger freier Port',

  'from.title': 'Ausgehende Adresse',
  'from.description':
    'Adresse, von der Verbindungen ausgehen: eine Adresse dieses Computers, @SCHNITTSTELLE, client ' +
    '(die, über die der Client hereinkam) oder PRÄFIX/BITS für jedes Mal eine zufällige.',
  'prefer.title': 'Bevorzugte Adressen',
  'prefer.description': 'Welche Adressen eines Namens zuerst oder ausschließlich versucht werden.',
  'prefer.system': 'Wie das System',
  'prefer.ipv4': 'IPv4 zuerst',
  'prefer.ipv6': 'IPv6 zuerst',
  'prefer.ipv4-only': 'Nur IPv4',
  'prefer.ipv6-only': 'Nur IPv6',
  'resolver.title': 'Namensauflösung',
  'resolver.description':
    'Wer nach Namen gefragt wird, der nächste, wo einer nichts weiß: system, udp://ADRESSE, ' +
    'tcp://ADRESSE, tls://HOST oder https://HOST/PFAD.',

  'anonymous.title': 'Anonymer Zugriff',
  'anonymous.description':
    'Clients zulassen, die sich nicht anmelden, auch wenn es Benutzer gibt. Erforderlich, um ohne ' +
    'Benutzer über diesen Computer hinaus erreichbar zu sein.',
  'socks4.title': 'SOCKS 4',
  'socks4.description': 'Auch SOCKS 4 und 4a bedienen, wo anonymer Zugriff erlaubt ist.',
  'http.title': 'HTTP',
  'http.description': 'Auch HTTP-Clients bedienen: CONNECT und Anfragen an Adressen mit http://.',
  'network.title': 'Client-Regeln',
  'network.description':
    'Welche Clients sich verbinden dürfen. ! verbietet; die erste zutreffende Regel entscheidet.',
  'request.title': 'Anfrageregeln',
  'request.description':
    'Welche Anfragen erlaubt sind. COMMAND: connect, bind, assoc oder all. DEST: * oder ' +
    'ADDR[/BITS] oder ein Name oder *.NAME.',
  'via.title': 'Routen',
  'via.description':
    'Auf welchem Weg Verbindungen hinausgehen: direct, block oder der Name eines Upstream-Servers, ' +
    'für alle Ziele oder die vor dem =. Die erste zutreffende Route entscheidet.',
  'via.placeholder': '[ZIEL[:PORTS]=]WEG',

  'maxconn.title': 'Verbindungen',
  'maxconn.description': 'Gleichzeitige Verbindungen; 0: unbegrenzt.',
  'maxconnPerAddress.title': 'Verbindungen je Adresse',
  'maxconnPerAddress.description':
    'Gleichzeitige Verbindungen von einer Client-Adresse; 0: unbegrenzt.',
  'maxconnPerUser.title': 'Verbindungen je Benutzer',
  'maxconnPerUser.description': 'Gleichzeitige Verbindungen eines Benutzers; 0: unbegrenzt.',
  'maxStartups.title': 'Verbindungen ohne Anfrage',
  'maxStartups.description':
    'Gleichzeitige Verbindungen, deren Clients noch keine Anfrage gestellt haben; 0: die Hälfte ' +
    'der Verbindungen.',
  'maxassoc.title': 'UDP-Zuordnungen je Adresse',
  'maxassoc.description': 'Gleichzeitige UDP-Zuordnungen einer Client-Adresse; 0: unbegrenzt.',
  'maxLoginFailures.title': 'Falsche Passwörter',
  'maxLoginFailures.description':
    'Einen Benutzer an einer Adresse nach so vielen verschiedenen falschen Passwörtern sperren; ' +
    '0: nie.',
  'lockoutTime.title': 'Sperre',
  'lockoutTime.description': 'Wie lange eine Sperre dauert.',

  'timeout.title': 'Zeitlimit bei Inaktivität',
  'timeout.description':
    'Eine Verbindung schließen, auf der so lange nichts übertragen wird; 0: nie.',
  'handshakeTimeout.title': 'Zeitlimit für den Handshake',
  'handshakeTimeout.description':
    'So lange hat ein Client Zeit, sich anzumelden und seine Anfrage zu stellen; 0: unbegrenzt.',
  'connectTimeout.title': 'Zeitlimit für den Verbindungsaufbau',
  'connectTimeout.description': 'So lange darf der Verbindungsaufbau zu einem Ziel dauern.',
  'bindTimeout.title': 'Zeitlimit für BIND',
  'bindTimeout.description': 'So lange wartet BIND auf die Gegenstelle.',
  'udpTimeout.title': 'Zeitlimit für UDP',
  'udpTimeout.description':
    'Eine UDP-Zuordnung beenden, über die so lange kein Datagramm kommt; 0: nie.',

  'theme.title': 'Farbschema',
  'theme.description': 'Farben des Fensters.',
  'language.title': 'Sprache',
  'language.description': 'Sprache des Fensters, der Menüs und der Meldungen.',
  'language.system': 'Wie das System',

  'loglevel.title': 'Protokollstufe',
  'loglevel.description':
    'Was in die Protokolldatei geschrieben wird: info hat eine Zeile für jede beendete Verbindung.',
  'systemProxy.title': 'Auf diesem Computer verwenden',
  'systemProxy.description':
    'Die Programme dieses Computers verwenden den Proxy, solange der Server läuft: über die ' +
    'Proxy-Einstellungen des Systems. Danach ist alles wieder so, wie es vorher war.',
  'systemProxyKind.title': 'Konfiguration',
  'systemProxyKind.description':
    'Eine PAC-Datei, die die App bereitstellt, führt am Proxy vorbei, wo eine Route direct lautet und ' +
    'wo der Proxy nicht antwortet. Mit festen Adressen geht alles außer den Ausnahmen an den Proxy, ' +
    'ob er da ist oder nicht.',
  'systemProxyKind.pac': 'Automatisch (PAC)',
  'systemProxyKind.fixed': 'Feste Adressen',
  'systemProxyBypass.title': 'Ausnahmen',
  'systemProxyBypass.description':
    'Ziele, die Programme ohne den Proxy erreichen, durch Kommas getrennt: Adressen, Netzwerke, ' +
    'Namen, *.NAME für alle unterhalb eines Namens, <local> für alle Namen ohne Punkt.',
  'systemProxyBypass.placeholder': 'keine',
  'logSize.title': 'Größe der Protokolldatei',
  'logSize.description':
    'Ist die Datei größer, wird eine neue begonnen; jeder Tag hat eine eigene Datei.',
  'logDays.title': 'Alter des Protokolls',
  'logDays.description': 'Nach so vielen Tagen werden alte Protokolldateien gelöscht.',
  'logFiles.title': 'Protokolldateien',
  'logFiles.description': 'Wie viele alte Protokolldateien neben der aktuellen höchstens bleiben.',
  'startServer.title': 'Server beim Start der App starten',
  'startServer.description': 'Den Server starten, wenn die App startet.',
  'startAtLogin.title': 'Bei der Anmeldung starten',
  'startAtLogin.description': 'Die App im Infobereich starten, wenn Sie sich anmelden.',
  'keys.title': 'Tastenkombinationen',
  'keys.description':
    'Tasten von Befehlen, die von den mitgelieferten abweichen, als BEFEHL=TASTE; global BEFEHL=TASTE wirkt in jedem Programm. Die Seite der Tastenkombinationen ändert sie.',
  'updates.title': 'Updates',
  'updates.description':
    'Nach welchen neueren Versionen täglich gesucht wird. Sie werden geladen, während die App läuft, und ab dem nächsten Start verwendet.',
  'updates.stable': 'Stabile Versionen',
  'updates.preview': 'Auch Vorabversionen',
  'updates.off': 'Aus',
  'restAfter.title': 'Ruhe des ausgeblendeten Fensters',
  'restAfter.description':
    'Nach welcher Zeit ein ausgeblendetes Fenster seinen Speicher freigibt; es kommt zurück, wie es war. 0: nie.',
} satisfies Translation<typeof english>;
