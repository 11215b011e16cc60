import { commands } from './de/commands.js';
import { menus } from './de/menus.js';
import { options } from './de/options.js';
import { states } from './de/states.js';
import { themes } from './de/themes.js';
import { views } from './de/views.js';
import { welcome } from './de/welcome.js';
import type { EN } from './en.js';

/** The texts in German. */
export const DE = {
  commands,
  menus,
  options,
  states,
  themes,
  views,
  welcome,
} satisfies Record<keyof typeof EN, unknown>;
