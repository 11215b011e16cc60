import type { views as english } from '../en/views.js';
import type { Translation } from '../translation.js';

export const views = {
  overview: 'Übersicht',
  connections: 'Verbindungen',
  users: 'Benutzer',
  routing: 'Routing',
  extensions: 'Erweiterungen',
  log: 'Protokoll',
  settings: 'Einstellungen',
  servers: 'Server',
} satisfies Translation<typeof english>;
