import { accounts } from './en/accounts.js';
import { commands } from './en/commands.js';
import { common } from './en/common.js';
import { connections } from './en/connections.js';
import { dialogs } from './en/dialogs.js';
import { extensions } from './en/extensions.js';
import { keychain } from './en/keychain.js';
import { keys } from './en/keys.js';
import { life } from './en/life.js';
import { log } from './en/log.js';
import { menus } from './en/menus.js';
import { options } from './en/options.js';
import { overview } from './en/overview.js';
import { profiles } from './en/profiles.js';
import { reasons } from './en/reasons.js';
import { recipes } from './en/recipes.js';
import { routing } from './en/routing.js';
import { server } from './en/server.js';
import { servers } from './en/servers.js';
import { settingcheck } from './en/settingcheck.js';
import { settings } from './en/settings.js';
import { settingsfile } from './en/settingsfile.js';
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
  connections,
  dialogs,
  extensions,
  keychain,
  keys,
  life,
  log,
  menus,
  options,
  overview,
  profiles,
  reasons,
  recipes,
  routing,
  server,
  servers,
  settingcheck,
  settings,
  settingsfile,
  states,
  systemProxy,
  themes,
  tray,
  updates,
  upstreams,
  users,
  views,
  welcome,
  workbench,
};
