import { accounts } from './de/accounts.js';
import { commands } from './de/commands.js';
import { common } from './de/common.js';
import { connections } from './de/connections.js';
import { dialogs } from './de/dialogs.js';
import { extensions } from './de/extensions.js';
import { keychain } from './de/keychain.js';
import { keys } from './de/keys.js';
import { life } from './de/life.js';
import { log } from './de/log.js';
import { menus } from './de/menus.js';
import { options } from './de/options.js';
import { overview } from './de/overview.js';
import { profiles } from './de/profiles.js';
import { reasons } from './de/reasons.js';
import { recipes } from './de/recipes.js';
import { routing } from './de/routing.js';
import { server } from './de/server.js';
import { servers } from './de/servers.js';
import { settingcheck } from './de/settingcheck.js';
import { settings } from './de/settings.js';
import { settingsfile } from './de/settingsfile.js';
import { states } from './de/states.js';
import { systemProxy } from './de/systemproxy.js';
import { themes } from './de/themes.js';
import { tray } from './de/tray.js';
import { updates } from './de/updates.js';
import { upstreams } from './de/upstreams.js';
import { users } from './de/users.js';
import { views } from './de/views.js';
import { welcome } from './de/welcome.js';
import { workbench } from './de/workbench.js';
import type { EN } from './en.js';

/** The texts in German. */
export const DE = {
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
} satisfies Record<keyof typeof EN, unknown>;
