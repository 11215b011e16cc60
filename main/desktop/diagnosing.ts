import { homedir, release, type } from 'node:os';
import { app } from 'electron';
import type { DesktopExtensions } from '../extensions/extensions.js';
import type { AppLog } from '../proxy/applog.js';
import type { ServerController } from '../proxy/controller.js';
import type { Settings } from '../settings/store.js';
import { languageInForce } from '../words/language.js';
import { crashesIn } from './crashes.js';
import { diagnostics } from './diagnostics.js';

/** How many of the newest lines of the log are told. */
const LINES = 200;

interface Parts {
  readonly settings: Settings;
  readonly server: ServerController;
  readonly extensions: DesktopExtensions;
  readonly log: AppLog;
}

/** What helps others to find out what is wrong with the app as it runs. */
export function diagnosticsOf({ settings, server, extensions, log }: Parts): string {
  const { users, upstreams, values, modified } = settings;
  const { electron, chrome, node } = process.versions;
  const names = [
    ...users.flatMap(({ name, group }) => [name, group]),
    ...upstreams.flatMap(({ name, host, user }) => [name, host, user]),
  ];
  return diagnostics({
    versions: { app: app.getVersion(), electron, chrome, node },
    system: {
      platform: `${type()} ${release()} ${process.arch}`,
      desktop: process.env['XDG_CURRENT_DESKTOP'],
      session: process.env['XDG_SESSION_TYPE'],
      packaged: String(app.isPackaged),
      locale: languageInForce().locale,
    },
    server: server.status,
    settings: values,
    modified,
    counts: { users: users.length, upstreams: upstreams.length },
    extensions: extensions.state.extensions.map(({ name, state }) => ({ name, state })),
    crashes: crashesIn(app.getPath('crashDumps')),
    log: log.newest(LINES),
    names,
    home: homedir(),
  });
}
