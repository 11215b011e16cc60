import { ipcMain, type WebContents } from 'electron';
import { type Disposable, messageOf, toDisposable, UserError } from 'picosocks5';
import * as v from 'valibot';
import { text } from '../words/words.js';
import type {
  Outcome,
  RequestArgument,
  RequestName,
  RequestResult,
  Subscriptions,
} from './contract.js';
import { ARGUMENTS } from './schemas.js';

/** What answers each request. */
export type Handlers = {
  readonly [K in RequestName]: (
    ...argument: RequestArgument<K>
  ) => RequestResult<K> | Promise<RequestResult<K>>;
};

/**
 * Answers the requests of the window: each argument is checked before anything is done, and an
 * error is the answer to its request and nothing else.
 *
 * @param isOurs whether a request comes from a page of ours.
 * @param report told of errors that are bugs.
 * @returns what ends it.
 */
export function serveRequests(
  handlers: Handlers,
  isOurs: (sender: WebContents, url: string) => boolean,
  report: (error: unknown) => void,
): Disposable {
  ipcMain.handle('request', async (event, name: unknown, ...argument: unknown[]) => {
    try {
      if (!isOurs(event.sender, event.senderFrame?.url ?? '')) {
        throw new UserError(text('common.notOurs'));
      }
      return { ok: true, value: await answer(handlers, name, argument) };
    } catch (error) {
      if (!(error instanceof UserError)) report(error);
      return failure(error);
    }
  });
  return toDisposable(() => ipcMain.removeHandler('request'));
}

function answer(handlers: Handlers, name: unknown, argument: unknown[]): unknown {
  if (typeof name !== 'string' || !Object.hasOwn(ARGUMENTS, name)) {
    throw new UserError(text('common.noRequest'));
  }
  const known = name as RequestName;
  const checked = v.safeParse(ARGUMENTS[known], argument);
  if (!checked.success) {
    const [issue] = checked.issues;
    // A message may quote the value: only its place is told, for it may be a password.
    const place = v.getDotPath(issue)?.replace(/^0\.?/, '') ?? '';
    throw new UserError(
      place === ''
        ? text('common.badArgument', { request: known })
        : text('common.badArgumentAt', { request: known, place }),
    );
  }
  const handler = handlers[known] as (...argument: unknown[]) => unknown;
  return handler(...(checked.output as unknown[]));
}

function failure(error: unknown): Outcome<never> {
  const message =
    error instanceof UserError
      ? error.message
      : text('common.internalError', { error: messageOf(error) });
  return { ok: false, error: { message } };
}

/** Tells the window something. */
export function tell<K extends keyof Subscriptions>(
  contents: WebContents | undefined,
  name: K,
  payload: Subscriptions[K],
): void {
  if (contents === undefined || contents.isDestroyed() || contents.isCrashed()) return;
  contents.send(name, payload);
}
