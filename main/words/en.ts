import { accounts } from './en/accounts.js';
import { commands } from './en/commands.js';
import { common } from './en/common.js';
import { dialogs } from './en/dialogs.js';
import { extensions } from './en/extensions.js';
import { keychain } from './en/keychain.js';
import { keys } from './en/keys.js';
import { life } from './en/life.js';
import { log } from './en/log.js';
import { menus } from './en/menus.js';
import { options } from './en/options.js';
import { overview } from './en/overview.js';
import { routing } from './en/routing.js';
import { server } from './en/server.js';
import { servers } from './en/servers.js';
import { states } from './en/states.js';
import { systemProxy } from './en/systemproxy.js';
import { themes } from './en/themes.js';
import { tray } from './en/tray.js';
import { updates } from './en/updates.js';
import { upstreams } from './en/upstreams.js';
import { users } from './en/users.js';
import { views } from './en/views.js';
import { welcome } from './en/welcome.js';
import { workbench } from './en/workbench.js';

/** The texts in English, by areas: a new area is a line here and one of each other language. */
export const EN = {
  accounts,
  commands,
  common,
  dialogs,
  extensions,
  keychain,
  keys,
  life,
  log,
  menus,
  options,
  overview,
  routing,
  server,
  servers,
  states,
  systemProxy,
  themes,
  upstreams,
  users,
  tray,
  updates,
  views,
  welcome,
  workbench,
};
