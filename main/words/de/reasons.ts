import type { reasons as english } from '../en/reasons.js';
import type { Translation } from '../translation.js';

export const reasons = {
  withTerm: '{words} ({term})',
  withDetail: '{words}: {detail}',
  finished: 'fertig',
  'client-reset': 'das Programm hat die Verbindung abgebrochen',
  'remote-reset': 'das Ziel hat die Verbindung abgebrochen',
  'client-left': 'das Programm ging, bevor es bedient wurde',
  'idle-timeout': 'zu lange wurde nichts übertragen',
  'handshake-timeout': 'das Programm hat nicht rechtzeitig gesagt, was es will',
  'protocol-error': 'was kam, ist kein SOCKS',
  'no-acceptable-method': 'keine Art der Anmeldung, die beide kennen',
  'authentication-failed': 'Anmeldung fehlgeschlagen',
  'tls-failed': 'keine verschlüsselte Verbindung kam zustande',
  'not-allowed': 'von einer Regel nicht erlaubt',
  'too-many-connections': 'es gibt schon so viele Verbindungen, wie es geben darf',
  'quota-exceeded': 'das Kontingent ist aufgebraucht',
  unsupported: 'nicht unterstützt',
  unavailable: 'was der Proxy erst fragen muss, ist nicht da',
  unreachable: 'das Ziel war nicht zu erreichen',
  'cut-off': 'der Benutzer darf den Proxy nicht mehr verwenden',
  disconnected: 'hier getrennt',
  shutdown: 'der Server wurde angehalten',
  'internal-error': 'der Proxy selbst hat versagt',
  tlsCame:
    'eine TLS-Verbindung kam: Stellen Sie dieses Programm auf SOCKS5 ein, nicht auf einen HTTPS-Proxy',
  sshCame: 'ein SSH-Client kam: Lassen Sie ihn sich über einen SOCKS5-ProxyCommand verbinden',
  httpCame: 'eine HTTP-Anfrage kam: Stellen Sie dieses Programm auf SOCKS5 ein',
  notSocks: 'was kam, ist kein SOCKS: Stellen Sie dieses Programm auf SOCKS5 ein',
  notTls:
    'was kam, ist nicht verschlüsselt: Stellen Sie dieses Programm auf TLS ein, wie bei einem HTTPS-Proxy',
  wantsPassword: 'dieses Programm besteht auf einem Passwort, und es gibt keine Benutzer',
  wantsNoPassword:
    'dieses Programm meldet sich nicht an: Geben Sie ihm einen Benutzernamen und ein Passwort',
  otherMethods:
    'dieses Programm meldet sich nur auf Arten an, die hier nicht angeboten werden ({methods})',
  noMethods: 'keine',
  socks4Off: 'SOCKS 4 ist ausgeschaltet: Stellen Sie dieses Programm auf SOCKS5 ein',
  socks4Login: 'SOCKS 4 kennt keine Anmeldung: Stellen Sie dieses Programm auf SOCKS5 ein',
  httpOff: 'HTTP ist ausgeschaltet: Stellen Sie dieses Programm auf SOCKS5 ein',
  httpOrigin:
    'ein Browser hat den Proxy als Seite geöffnet: Tragen Sie seine Adresse in den Proxy-Einstellungen ein',
  titleFailed: 'Gescheitert',
  noneFailed: 'Bisher ist nichts gescheitert.',
} satisfies Translation<typeof english>;
