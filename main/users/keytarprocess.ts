import keytar from 'keytar';
import { messageOf } from 'picosocks5';

/** What the app asks for: a function of keytar and its arguments. */
export interface KeytarCall {
  readonly id: number;
  readonly method: 'getPassword' | 'setPassword' | 'deletePassword' | 'findCredentials';
  readonly args: readonly string[];
}

export interface Credential {
  readonly account: string;
  readonly password: string;
}

export interface KeytarAnswer {
  readonly id: number;
  readonly result?: string | boolean | Credential[] | null | undefined;
  readonly error?: string;
}

process.parentPort.on('message', async ({ data }) => {
  const { id, method, args } = data as KeytarCall;
  const call = keytar[method] as (...args: string[]) => Promise<KeytarAnswer['result']>;
  const answer = await call(...args).then(
    (result): KeytarAnswer => ({ id, result }),
    (error: unknown): KeytarAnswer => ({ id, error: messageOf(error) }),
  );
  process.parentPort.postMessage(answer);
});
