import type { Bridge, RequestArgument, RequestName, RequestResult } from '../main/ipc/contract.js';

declare global {
  interface Window {
    readonly picosocks5: Bridge;
  }
}

/** Why the app did not do what it was asked to: the message is a sentence for the user. */
export class RequestError extends Error {}

/** Asks the app for something. @throws {RequestError} */
export async function request<K extends RequestName>(
  name: K,
  ...argument: RequestArgument<K>
): Promise<RequestResult<K>> {
  const outcome = await window.picosocks5.request(name, ...argument);
  if (outcome.ok) return outcome.value;
  throw new RequestError(outcome.error.message);
}
