import { accounts } from './de/accounts.js';
import { commands } from './de/commands.js';
import { common } from './de/common.js';
import { dialogs } from './de/dialogs.js';
import { extensions } from './de/extensions.js';
import { keychain } from './de/keychain.js';
import { keys } from './de/keys.js';
import { life } from './de/life.js';
import { log } from './de/log.js';
import { menus } from './de/menus.js';
import { options } from './de/options.js';
import { overview } from './de/overview.js';
import { routing } from './de/routing.js';
import { server } from './de/server.js';
import { servers } from './de/servers.js';
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
} satisfies Record<keyof typeof EN, unknown>;
