import type { systemProxy as english } from '../en/systemproxy.js';
import type { Translation } from '../translation.js';

export const systemProxy = {
  title: 'Systemproxy',
  use: 'Den Proxy auf diesem Computer verwenden',
  off: 'Die Programme dieses Computers verwenden den Proxy, wenn sie so eingestellt sind.',
  on:
    'Die Programme dieses Computers verwenden den Proxy. Am Ende ist alles wieder so, wie es vorher ' +
    'war.',
  waiting: 'Die Programme dieses Computers verwenden den Proxy, sobald der Server läuft.',
  login:
    'Die Programme dieses Computers können sich an einem SOCKS-Proxy nicht anmelden: Schalten Sie ' +
    'HTTP in den Einstellungen ein, oder erlauben Sie anonymen Zugriff.',
  changed:
    'Etwas anderes hat die Proxy-Einstellungen dieses Computers geändert: Sie bleiben, wie sie sind.',
  failed: 'Die Proxy-Einstellungen dieses Computers können nicht geändert werden: {problem}.',
  unavailable:
    'Diese Arbeitsumgebung hat keine Proxy-Einstellungen, die die App kennt: Jedes Programm muss für ' +
    'sich eingestellt werden.',
  recovered:
    'PicoSOCKS5 wurde beendet, ohne die Proxy-Einstellungen dieses Computers zurückzugeben: Sie sind ' +
    'jetzt wieder so, wie sie vorher waren.',
  switchOn: 'Wieder einschalten',
  bypassExpected:
    '„{entry}“: Erwartet wird ADRESSE[/BITS], NAME, *.NAME oder {plain} für alle Namen ohne Punkt, etwa 192.168.0.0/16 oder *.example.com',
  gnomeMissing:
    'die Proxy-Einstellungen von GNOME sind nicht installiert: gsettings-desktop-schemas',
  notTaken: 'das System lässt seine Proxy-Einstellungen nicht ändern',
  notInstalled: '{program} ist nicht installiert',
  silent: '{program} hat nicht innerhalb von {seconds} Sekunden geantwortet',
  says: '{program} meldet: {answer}',
  programFailed: '{program} ist fehlgeschlagen',
  withPassword:
    '„{service}“ verwendet einen Proxy mit einem Passwort, das nicht zurückgegeben werden könnte: Wählen Sie die automatische Konfiguration (PAC) statt fester Adressen',
  lostCharacters:
    '{name} in der Registrierung enthält Zeichen, die nicht zurückgegeben werden könnten: Nur in den Einstellungen von Windows kann es geändert werden',
} satisfies Translation<typeof english>;
