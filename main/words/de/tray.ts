import type { tray as english } from '../en/tray.js';
import type { Translation } from '../translation.js';

export const tray = {
  at: '{state}: {where}',
  traffic: {
    one: '{count} Verbindung, ↑ {up} ↓ {down}',
    other: '{count} Verbindungen, ↑ {up} ↓ {down}',
  },
  problems: 'Letzte Probleme',
  clear: 'Diese vergessen',
} satisfies Translation<typeof english>;
