import { request } from './bridge.js';
import { model, type ViewName } from './model.js';

/** Something that the user can do, from a button, a key, the palette or a menu. */
export interface Command {
  readonly id: string;
  readonly title: string;
  /** As `Ctrl+Shift+P`; Ctrl is Cmd on macOS. */
  readonly key?: string;
  /** Whether it can be done now. */
  readonly enabled?: () => boolean;
  readonly run: () => unknown;
}

const runs = () => model.app.server.state === 'running';

function view(name: ViewName, title: string, key: string): Command {
  return { id: `view.${name}`, title: `View: ${title}`, key, run: () => model.show(name) };
}

function theme(value: string, title: string): Command {
  return {
    id: `theme.${value}`,
    title: `Theme: ${title}`,
    run: () => model.attempt(() => request('settings.set', { key: 'theme', value })),
  };
}

/** Commands of the views that are shown now, such as those of the connections table. */
const local = new Map<string, Command>();

/** Adds commands until the result is called. */
export function addCommands(commands: readonly Command[]): () => void {
  for (const command of commands) local.set(command.id, command);
  return () => {
    for (const { id } of commands) local.delete(id);
  };
}

/** Copies a text, and says so. */
export async function copy(text: string, what: string): Promise<void> {
  if (await model.attempt(() => request('app.copy', text))) {
    model.notify({ severity: 'info', message: `${what} copied.` });
  }
}

/** Moves the server to a port that is free, and starts it there. */
export async function usePort(port: number): Promise<void> {
  const change = { key: 'port', value: port } as const;
  if (await model.attempt(() => request('settings.set', change))) await ask('server.restart');
}

/** Starts or restarts the server. Why it cannot is part of its state: two of the views show it. */
async function ask(what: 'server.start' | 'server.restart'): Promise<void> {
  await request(what).catch(() => {
    if (model.view !== 'settings') model.show('overview');
  });
}

/** Shows the users, with the form for a new one open. */
async function addUser(): Promise<void> {
  model.show('users');
  await document.querySelector('pico-workbench')?.updateComplete;
  document.querySelector('pico-users')?.edit('');
}

async function importUsers(): Promise<void> {
  model.show('users');
  await model.attempt(async () => {
    const result = await request('users.import');
    if (result === undefined) return;
    const skipped =
      result.skipped.length === 0 ? '' : ` Already there: ${result.skipped.join(', ')}.`;
    const message = `Users imported: ${result.added}.${skipped}`;
    model.notify({ severity: 'info', message });
  });
}

async function exportUsers(): Promise<void> {
  await model.attempt(async () => {
    const result = await request('users.export');
    if (result === undefined) return;
    const skipped =
      result.skipped.length === 0
        ? ''
        : ` Left out, disabled or without one: ${result.skipped.join(', ')}.`;
    const message =
      `Users exported: ${result.written}, to ${result.file}. ` +
      `The file holds secrets readably.${skipped}`;
    model.notify({ severity: 'info', message });
  });
}

const global: readonly Command[] = [
  {
    id: 'server.start',
    title: 'Server: Start',
    enabled: () => ['stopped', 'error'].includes(model.app.server.state),
    run: () => ask('server.start'),
  },
  {
    id: 'server.stop',
    title: 'Server: Stop',
    enabled: runs,
    run: () => model.attempt(() => request('server.stop')),
  },
  {
    id: 'server.restart',
    title: 'Server: Restart with the present settings',
    enabled: runs,
    run: () => ask('server.restart'),
  },
  {
    id: 'server.copy',
    title: 'Server: Copy address',
    enabled: () => model.app.server.url !== undefined,
    run: () => copy(model.app.server.url ?? '', 'Address'),
  },
  view('overview', 'Overview', 'Ctrl+1'),
  view('connections', 'Connections', 'Ctrl+2'),
  view('users', 'Users', 'Ctrl+3'),
  view('settings', 'Settings', 'Ctrl+4'),
  {
    id: 'users.new',
    title: 'Users: Add a user',
    run: () => addUser(),
  },
  { id: 'users.import', title: 'Users: Import a password file', run: importUsers },
  {
    id: 'users.export',
    title: 'Users: Export a password file',
    enabled: () => model.app.users.users.length > 0,
    run: exportUsers,
  },
  {
    id: 'users.refresh',
    title: 'Users: Look into the keychain again',
    run: () => model.attempt(() => request('users.refresh')),
  },
  theme('system', 'As the system'),
  theme('light', 'Light'),
  theme('dark', 'Dark'),
  theme('high-contrast', 'High contrast'),
  theme('high-contrast-light', 'High contrast, light'),
  {
    id: 'app.palette',
    title: 'Show all commands',
    key: 'Ctrl+Shift+P',
    run: () => model.openPalette(true),
  },
  {
    id: 'app.log',
    title: 'App: Open the folder of the log',
    run: () => model.attempt(() => request('app.open', 'log-folder')),
  },
  {
    id: 'app.settings-folder',
    title: 'App: Open the folder of the settings file',
    run: () => model.attempt(() => request('app.open', 'settings-folder')),
  },
  { id: 'app.quit', title: 'App: Quit', key: 'Ctrl+Q', run: () => request('app.quit') },
];

/** The commands that there are now. */
export function commands(): Command[] {
  return [...local.values(), ...global];
}

/** Runs a command, if it is there and can be run now. */
export function run(id: string): void {
  const command = commands().find((candidate) => candidate.id === id);
  if (command !== undefined && (command.enabled?.() ?? true)) void command.run();
}

/** The command of a key, or undefined. */
export function commandOf(event: KeyboardEvent): Command | undefined {
  const control = model.app.platform === 'darwin' ? event.metaKey : event.ctrlKey;
  const pressed = [
    ...(control ? ['Ctrl'] : []),
    ...(event.shiftKey ? ['Shift'] : []),
    ...(event.altKey ? ['Alt'] : []),
    event.key.length === 1 ? event.key.toUpperCase() : event.key,
  ].join('+');
  return commands().find(({ key }) => key === pressed);
}

/** A key as this system writes it. */
export function keyName(key: string): string {
  return model.app.platform === 'darwin'
    ? key.replace('Ctrl+', '⌘').replace('Shift+', '⇧').replace('Alt+', '⌥')
    : key;
}
