import { contextBridge, ipcRenderer } from 'electron';
import type { Bridge, Subscriptions } from './contract.js';

/** What the window may listen to: nothing else gets through. */
const names = {
  server: true,
  systemProxy: true,
  traffic: true,
  refusals: true,
  settings: true,
  language: true,
  users: true,
  usersTransfer: true,
  activity: true,
  upstreams: true,
  extensions: true,
  viewChanged: true,
  connections: true,
  unseen: true,
  updates: true,
  logLines: true,
  logState: true,
  servers: true,
  remote: true,
  lockouts: true,
  notification: true,
  tray: true,
  command: true,
} satisfies Record<keyof Subscriptions, true>;

const bridge: Bridge = {
  request: (name, ...argument) => ipcRenderer.invoke('request', name, ...argument),
  subscribe(name, listener) {
    if (!Object.hasOwn(names, name)) throw new Error(`there is no subscription "${name}"`);
    const listen = (_event: unknown, payload: Parameters<typeof listener>[0]) => listener(payload);
    ipcRenderer.on(name, listen);
    return () => ipcRenderer.off(name, listen);
  },
};

contextBridge.exposeInMainWorld('picosocks5', bridge);
