import type { themes as english } from '../en/themes.js';
import type { Translation } from '../translation.js';

export const themes = {
  system: 'Wie das System',
  light: 'Hell',
  dark: 'Dunkel',
  'high-contrast': 'Hoher Kontrast',
  'high-contrast-light': 'Hoher Kontrast, hell',
} satisfies Translation<typeof english>;
