import { app } from 'electron';
import type { Notifications } from '../desktop/notifications.js';
import type { Notification } from '../ipc/contract.js';
import type { ServerController } from '../proxy/controller.js';
import type { Settings } from '../settings/store.js';
import { text } from '../words/words.js';
import type { Backend } from './backend.js';
import { backendOf, chooseBackend, type Surroundings } from './choose.js';
import { giveBackLeft, KeptFile } from './kept.js';
import { runProgram } from './runner.js';
import type { SystemProxy, SystemProxyNews } from './systemproxy.js';

const SYSTEM: Surroundings = { platform: process.platform, env: process.env, run: runProgram };

/** What the app is given to do nothing but to give back the proxy settings, as when it is removed. */
export const GIVE_BACK = '--give-back-system-proxy';

/** Gives back the proxy settings that a run of the app has left changed. @throws {UserError} */
export async function giveBackSystemProxy(): Promise<void> {
  await giveBackLeft(new KeptFile(app.getPath('userData')), (id) => backendOf(id, SYSTEM));
}

/** What a {@link SystemProxy} of the app is made of. */
export function systemProxyParts(
  settings: Settings,
  server: ServerController,
  notifications: Notifications,
): ConstructorParameters<typeof SystemProxy>[0] {
  let chosen: Backend | undefined;
  return {
    settings,
    server,
    folder: app.getPath('userData'),
    backend: async () => {
      chosen ??= await chooseBackend(SYSTEM);
      return chosen;
    },
    backendOf: (id) => backendOf(id, SYSTEM),
    tell: (news) => {
      const notification = notificationOf(news);
      notifications.notify(notification);
      notifications.announce(notification.message);
    },
  };
}

function notificationOf(news: SystemProxyNews): Notification {
  switch (news.what) {
    case 'recovered':
      return {
        severity: 'warning',
        message: text('systemProxy.recovered'),
        action: { label: text('systemProxy.switchOn'), command: 'server.system-proxy' },
      };
    case 'changed':
    case 'login':
    case 'unavailable':
      return { severity: 'warning', message: text(`systemProxy.${news.what}`) };
    case 'failed':
      return {
        severity: 'error',
        message: text('systemProxy.failed', { problem: news.problem.replace(/\.$/, '') }),
      };
  }
}
