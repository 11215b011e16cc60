import { clipboard } from 'electron';
import { UserError } from 'picosocks5';
import type { Dialogs } from '../desktop/dialogs.js';
import type { RemoteServer } from '../servers/remoteserver.js';
import type { Servers } from '../servers/servers.js';
import { text } from '../words/words.js';
import {
  isOnlyLocal,
  type LockoutChoice,
  type RequestName,
  type ServersRequests,
} from './contract.js';
import type { Handlers } from './serve.js';

const pemFiles = () => [
  { name: 'PEM', extensions: ['pem', 'crt', 'cer'] },
  { name: text('dialogs.allFiles'), extensions: ['*'] },
];

interface Parts {
  /** What the requests do that are about this computer. */
  readonly local: Omit<Handlers, keyof ServersRequests>;
  readonly servers: Servers;
  readonly dialogs: Dialogs;
  /** Lets somebody log in again at the server of this computer. */
  readonly lift: (whom: LockoutChoice) => void;
}

/** What each request of the window does, with the server that it shows. */
export function shownHandlers({ local, servers, dialogs, lift }: Parts): Handlers {
  /** The one elsewhere does its part, if it is shown. */
  const either = <A extends unknown[], R>(
    here: (...argument: A) => R | Promise<R>,
    there: (remote: RemoteServer, ...argument: A) => R | Promise<R>,
  ) => {
    return (...argument: A) => {
      const { shown } = servers;
      return shown === undefined ? here(...argument) : there(shown, ...argument);
    };
  };
  const guarded = Object.entries(local).map(([name, handler]) => {
    if (!isOnlyLocal(name as RequestName)) return [name, handler];
    const refuse = (remote: RemoteServer): never => {
      throw new UserError(text('servers.greyCommand', { name: remote.settings.name }));
    };
    return [name, either(handler as () => unknown, refuse)];
  });
  const kept = Object.fromEntries(guarded) as typeof local;
  return {
    ...kept,
    'server.copy': either(local['server.copy'], ({ shown }) =>
      clipboard.writeText(shown.server.url ?? ''),
    ),
    'settings.set': either(local['settings.set'], (remote, change) => {
      if (change.key !== 'via' && change.key !== 'request') return local['settings.set'](change);
      throw new UserError(text('servers.greyCommand', { name: remote.settings.name }));
    }),
    'routing.check': either(local['routing.check'], (remote, question) => remote.check(question)),
    'extensions.look': either(local['extensions.look'], () => {}),
    'extensions.readme': either(local['extensions.readme'], () => ''),
    'extensions.view': either(local['extensions.view'], () => undefined),
    'extensions.run': either(local['extensions.run'], (remote, { id }) => remote.run(id)),
    'connections.watch': either(local['connections.watch'], ({ watched }) => watched.watch()),
    'connections.unwatch': either(local['connections.unwatch'], ({ watched }) => watched.unwatch()),
    'connections.clear': either(local['connections.clear'], ({ watched }) => watched.clear()),
    'connections.disconnect': either(local['connections.disconnect'], (remote, ids) =>
      remote.end(ids),
    ),
    'connections.totals': either(local['connections.totals'], ({ watched }, kind) =>
      watched.totals(kind),
    ),
    'log.watch': either(local['log.watch'], ({ watched, logState }) => ({
      lines: watched.watchLog(),
      state: logState,
    })),
    'log.unwatch': either(local['log.unwatch'], ({ watched }) => watched.unwatchLog()),
    'log.level': either(local['log.level'], (remote, change) => remote.changeLevel(change)),
    'log.debug': either(local['log.debug'], (remote) =>
      remote.changeLevel({ level: 'debug', minutes: 10 }),
    ),
    'lockouts.lift': either(lift, (remote, whom) => remote.lift(whom)),

    'servers.add': (server) => servers.add(server),
    'servers.update': (change) => servers.update(change),
    'servers.remove': (id) => servers.remove(id),
    'servers.restore': (id) => servers.restore(id),
    'servers.connect': (id) => servers.connect(id),
    'servers.disconnect': (id) => servers.disconnect(id),
    'servers.show'(id) {
      if (servers.shown === undefined) {
        void local['connections.unwatch']();
        void local['log.unwatch']();
      }
      servers.show(id);
    },
    'servers.reload': (id) => servers.reload(id),
    async 'servers.choose'() {
      const title = text('servers.trustDialog');
      const file = await dialogs.chooseFile({ title, filters: pemFiles() });
      if (file !== undefined) servers.choose(file);
      return file;
    },
  };
}
