import type { ExtensionItem } from '../../main/ipc/contract.js';
import { request } from '../bridge.js';
import { model } from '../model.js';

/** What can be done about an extension. */
const ACTIONS = {
  enable: ({ enabled, state: own }: ExtensionItem) => !enabled && own !== 'broken',
  disable: ({ enabled, isReplaced }: ExtensionItem) => enabled || isReplaced,
  reload: ({ enabled }: ExtensionItem) => enabled && model.app.server.state === 'running',
  remove: ({ origin }: ExtensionItem) => origin !== 'bundled',
} as const;

export type ExtensionAction = keyof typeof ACTIONS;

/** Whether something can be done about an extension now. */
export function allows(action: ExtensionAction, item: ExtensionItem): boolean {
  return model.elsewhere === undefined && ACTIONS[action](item);
}

/** Does something about an extension. */
export function act(action: ExtensionAction, { name }: ExtensionItem): Promise<boolean> {
  return model.attempt(() => request(`extensions.${action}`, name));
}
