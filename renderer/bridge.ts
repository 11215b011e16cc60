import type { Bridge, RequestArgument, RequestName, RequestResult } from '../main/ipc/contract.js';

declare global {
  interface Window {
    readonly picosocks5: Bridge;
  }
}

/** Why the app did not do what it was asked to: the message is a sentence for the user. */
export class RequestError extends Error {}

let underWay = 0;
let report: (isAsking: boolean) => void = () => {};

/** Says who is told when answers begin to be waited for, and when none is any more. */
export function reportAsking(listener: (isAsking: boolean) => void): void {
  report = listener;
}

function count(change: number): void {
  underWay += change;
  report(underWay > 0);
}

/** Asks the app for something. @throws {RequestError} */
export async function request<K extends RequestName>(
  name: K,
  ...argument: RequestArgument<K>
): Promise<RequestResult<K>> {
  count(1);
  try {
    const outcome = await window.picosocks5.request(name, ...argument);
    if (outcome.ok) return outcome.value;
    throw new RequestError(outcome.error.message);
  } finally {
    count(-1);
  }
}
