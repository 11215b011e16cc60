import type { ExtensionContext } from 'picosocks5';
import { WebhookPolicy } from './access.js';
import { WebhookSource } from './authentication.js';
import { WebClient } from './client.js';
import { EventPoster } from './events.js';
import { readSettings } from './settings.js';
import { isClear, parseTarget } from './target.js';

/** What ends, each with the activation that it is of: there are two for a moment after a reload. */
const ending = new Set<Promise<void>>();

/** Called by the server; with other settings once more, before what was before ends. */
export async function activate(context: ExtensionContext): Promise<void> {
  const { registries, subscriptions, log, workers } = context;
  const settings = await readSettings(context);
  const client = new WebClient(settings);
  let poster: EventPoster | undefined;
  subscriptions.push({
    dispose() {
      const ended = Promise.resolve(poster?.end()).finally(() => {
        client.dispose();
        ending.delete(ended);
      });
      ending.add(ended);
    },
  });
  registries.authenticationSources.register({
    id: 'webhook',
    open(argument, warn) {
      const target = parseTarget(argument, 'webhook');
      if (isClear(target)) {
        warn(`webhook: passwords go to ${target.shown} in clear text; expected https://`);
      }
      return new WebhookSource(client, target, settings);
    },
  });
  const { access, events } = settings;
  if (access !== undefined) {
    registries.accessPolicies.register(new WebhookPolicy(client, access, settings));
  }
  if (events === undefined) return;
  poster = new EventPoster(client, events, settings, log, workers.number === 1);
  registries.eventSinks.register(poster);
}

/** Called when it is wanted no more: it waits until events are posted that are left. */
export async function deactivate(): Promise<void> {
  await Promise.all(ending);
}
