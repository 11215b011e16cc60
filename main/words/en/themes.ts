/** The colours of the window. */
export const themes = {
  system: 'As the system',
  light: 'Light',
  dark: 'Dark',
  'high-contrast': 'High contrast',
  'high-contrast-light': 'High contrast, light',
} as const;
