import { commands } from './en/commands.js';
import { menus } from './en/menus.js';
import { options } from './en/options.js';
import { states } from './en/states.js';
import { themes } from './en/themes.js';
import { views } from './en/views.js';
import { welcome } from './en/welcome.js';

/** The texts in English, by areas: a new area is a line here and one of each other language. */
export const EN = {
  commands,
  menus,
  options,
  states,
  themes,
  views,
  welcome,
};
