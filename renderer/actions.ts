import { text } from '../main/words/words.js';
import { request } from './bridge.js';
import { carryOut } from './commands.js';
import { model } from './model.js';

/** Copies a text, and says so. */
export async function copy(content: string, what: string): Promise<void> {
  if (await model.attempt(() => request('app.copy', content))) {
    model.notify({ severity: 'info', message: text('common.copied', { what }) });
  }
}

/** Moves the server to a port that is free, and starts it there. */
export async function usePort(port: number): Promise<void> {
  const change = { key: 'port', value: port } as const;
  if (await model.attempt(() => request('settings.set', change))) await carryOut('server.restart');
}
