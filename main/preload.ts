import { contextBridge, ipcRenderer } from 'electron';
import type { Bridge, Subscriptions } from './contract.js';

/** What the window may listen to: nothing else gets through. */
const names: readonly (keyof Subscriptions)[] = [
  'server',
  'traffic',
  'refusals',
  'settings',
  'users',
  'connections',
  'notification',
  'tray',
  'command',
];

const bridge: Bridge = {
  request: (name, ...argument) => ipcRenderer.invoke('request', name, ...argument),
  subscribe(name, listener) {
    if (!names.includes(name)) throw new Error(`there is no subscription "${name}"`);
    const listen = (_event: unknown, payload: Parameters<typeof listener>[0]) => listener(payload);
    ipcRenderer.on(name, listen);
    return () => ipcRenderer.off(name, listen);
  },
};

contextBridge.exposeInMainWorld('picosocks5', bridge);
