import type { TestContext } from 'node:test';
import { Client, serve } from './sockets.js';

/** The head of a message, and its body where it has a length. */
export interface RawMessage {
  readonly line: string;
  /** In lower case, in their order. */
  readonly fields: readonly string[];
  readonly body: string;
}

/** Reads a head, octet by octet: what follows it stays. */
export async function readHead(client: Client): Promise<string> {
  let text = '';
  while (!text.endsWith('\r\n\r\n')) text += (await client.read(1)).toString('latin1');
  return text.slice(0, -4);
}

/** Reads a message that has no body, or one of a length. */
export async function readMessage(client: Client, hasBody = true): Promise<RawMessage> {
  const [line = '', ...fields] = (await readHead(client)).split('\r\n');
  const lower = fields.map((field) => field.replace(/^[^:]*/, (name) => name.toLowerCase()));
  const length = lower.find((field) => field.startsWith('content-length: '))?.slice(16);
  const body = hasBody && length !== undefined ? await client.read(Number(length)) : '';
  return { line, fields: lower, body: String(body) };
}

/** A request for an http:// address, or to CONNECT. */
export function request(line: string, ...fields: string[]): string {
  return `${[`${line} HTTP/1.1`, ...fields].join('\r\n')}\r\n\r\n`;
}

/** A server whose connections a test speaks for, one after the other. */
export interface Origin {
  readonly port: number;
  /** The next connection that comes, or has come. */
  next(): Promise<Client>;
  /** How many have come. */
  readonly count: number;
}

export async function originServer(t: TestContext, host = '127.0.0.1'): Promise<Origin> {
  const come: Client[] = [];
  let taken = 0;
  let wake = () => {};
  const port = await serve(
    t,
    (socket) => {
      come.push(Client.of(socket));
      wake();
    },
    host,
  );
  return {
    port,
    get count() {
      return come.length;
    },
    async next() {
      while (come.length <= taken) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return come[taken++] as Client;
    },
  };
}
