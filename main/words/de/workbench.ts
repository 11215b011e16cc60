import type { workbench as english } from '../en/workbench.js';
import type { Translation } from '../translation.js';

export const workbench = {
  commands: 'Befehle',
  views: 'Ansichten',
  contributed: 'Aus Erweiterungen',
  exposedToAll:
    'Es ist kein Passwort erforderlich: Jeder Computer, der diesen erreicht, darf den Proxy unter {addresses} verwenden.',
  exposedByRules:
    'Es ist kein Passwort erforderlich: Jeder Computer, den die Client-Regeln zulassen, darf den Proxy unter {addresses} verwenden.',
  demandPasswords: 'Passwörter verlangen',
  copyTheAddress: 'Adresse kopieren',
  working: 'In Arbeit',
  connections: { one: '{count} Verbindung', other: '{count} Verbindungen' },
  palette: 'Befehlspalette',
  command: 'Befehl',
  typeCommand: 'Name eines Befehls, einer Einstellung oder eines Benutzers eingeben',
  noCommand: 'Nichts heißt so.',
  findSetting: 'Einstellung: {section}, {title}',
  findUser: 'Benutzer: {name}',
  notifications: 'Benachrichtigungen',
  dismiss: 'Schließen',
} satisfies Translation<typeof english>;
