import type { states as english } from '../en/states.js';
import type { Translation } from '../translation.js';

export const states = {
  stopped: 'Beendet',
  starting: 'Startet …',
  running: 'Läuft',
  stopping: 'Wird beendet …',
  error: 'Fehler',
} satisfies Translation<typeof english>;
