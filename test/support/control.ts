import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Command, PICOSOCKS5 } from './command.js';
import { temporaryDirectory } from './files.js';
import { type Output, run } from './programs.js';
import { freePort } from './sockets.js';

/** What a control interface answers. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** If it is JSON. */
  readonly body: unknown;
}

export interface Asking {
  readonly socketPath?: string;
  readonly port?: number;
  readonly body?: unknown;
  /** In the place of JSON. */
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks a control interface. */
export function askControl(
  method: string,
  path: string,
  { body, raw, headers = {}, ...place }: Asking,
): Promise<Reply> {
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const options = { method, path, agent: false, ...place, headers: { ...json, ...headers } };
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more) => {
        text += more;
      });
      response.once('end', () => {
        const isJson = response.headers['content-type'] === 'application/json';
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          body: isJson ? JSON.parse(text) : undefined,
        });
      });
    });
    asked.once('error', reject);
    asked.end(content);
  });
}

/** A running `picosocks5 --control`. */
export interface Controlled {
  readonly command: Command;
  readonly port: number;
  /** The path of its socket. */
  readonly path: string;
  ask(method: string, path: string, asking?: Asking): Promise<Reply>;
  /** Runs a command that asks it. */
  picosocks5(...args: string[]): Promise<Output>;
}

/** @param args of the server, besides where it listens and can be asked. */
export async function startControlled(
  t: TestContext,
  args: readonly string[] = [],
): Promise<Controlled> {
  const path = join(temporaryDirectory(t), 'control.sock');
  const port = await freePort(t);
  const place = `unix:${path}`;
  const command = new Command(t, ['--control', place, ...args, `127.0.0.1:${port}`]);
  await command.line(/listening.*?address=/);
  const ask: Controlled['ask'] = (method, asked, asking) =>
    askControl(method, asked, { socketPath: path, ...asking });
  // It listens before it can be asked.
  for (;;) {
    const isThere = await ask('GET', '/healthz').then(
      () => true,
      () => false,
    );
    if (isThere) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const env = { ...process.env, PICOSOCKS5_CONTROL: place };
  return {
    command,
    port,
    path,
    ask,
    picosocks5: (...words) => run(t, process.execPath, [PICOSOCKS5, ...words], { env }),
  };
}
