import {
  type AppCommandId,
  COMMANDS,
  type CommandId,
  type CommandState,
  type ContributedCall,
  type ContributedCommand,
  type Command as Descriptor,
  isOfApp,
  isOnlyLocal,
  titleOf,
  type WindowCommandId,
} from '../main/ipc/contract.js';
import { text } from '../main/words/words.js';
import { request } from './bridge.js';
import { presentKey, pressedKey } from './keys.js';
import { model, type ViewName } from './model.js';

/** What can be run here: a command of the table, of an extension, or one that shows a view. */
export type RunnableId =
  | CommandId
  | `view.${ViewName}`
  | `extension:${string}`
  | `profile:${string}`;

/** What runs a command of the window. */
export interface Handler {
  readonly run: () => unknown;
  /** Whether it can be run now, besides what the table says. */
  readonly enabled?: () => boolean;
}

/** A command that can be run here, if it is enabled. */
export interface Command {
  readonly id: RunnableId;
  readonly title: string;
  /** As `Ctrl+Shift+P`; Ctrl is Cmd on macOS. */
  readonly key: string | undefined;
  /** Whether the palette has it. */
  readonly inPalette: boolean;
  readonly enabled: () => boolean;
  readonly run: () => unknown;
}

function state(): CommandState {
  const { server, users, settings, extensions, updates } = model.app;
  const { startAtLogin, systemProxy } = settings.values;
  const { safeMode } = extensions;
  const hasUsers = users.users.length > 0;
  const updateReady = updates?.state === 'ready';
  return { server, hasUsers, startAtLogin, systemProxy, safeMode, updateReady };
}

function fromTable(descriptor: Descriptor, { run, enabled }: Handler): Command {
  const { id, key, palette } = descriptor;
  const isElsewhere = () => isOnlyLocal(id) && model.elsewhere !== undefined;
  const isEnabled = () =>
    !isElsewhere() && (descriptor.enabled?.(state()) ?? true) && (enabled?.() ?? true);
  return {
    ...{ id, inPalette: palette ?? true, enabled: isEnabled, run },
    get key() {
      return presentKey(id, key);
    },
    get title() {
      return titleOf(id);
    },
  };
}

/** The commands that can be run now, by their ids. */
const present = new Map<RunnableId, Command>();

for (const descriptor of COMMANDS) {
  const { id } = descriptor;
  if (isOfApp(id)) present.set(id, fromTable(descriptor, { run: () => carryOut(id) }));
}

/** Has the app carry out a command of its own, whether it is enabled or not. */
export async function carryOut(id: AppCommandId): Promise<void> {
  const { failsInState, done } = COMMANDS.find((command) => command.id === id) ?? {};
  if (failsInState) {
    const { view } = model;
    await request(id).catch(() => {
      // Two of the views show what is wrong with the server; who has gone on is not called back.
      if (model.view === view && view !== 'settings') model.show('overview');
    });
  } else if ((await model.attempt(() => request(id))) && done !== undefined) {
    model.notify({ severity: 'info', message: text(done) });
  }
}

/** Says what runs commands of the window. @returns what takes them back. */
export function provide(handlers: Partial<Readonly<Record<WindowCommandId, Handler>>>): () => void {
  const provided = COMMANDS.flatMap((descriptor) => {
    const handler = isOfApp(descriptor.id) ? undefined : handlers[descriptor.id];
    return handler === undefined ? [] : [fromTable(descriptor, handler)];
  });
  for (const command of provided) present.set(command.id, command);
  return () => {
    for (const { id } of provided) present.delete(id);
  };
}

/** Adds the command that shows a view; what the table says of it has precedence. */
export function provideView(name: ViewName, title: () => string, key: string): void {
  const id = `view.${name}` as const;
  const descriptor = COMMANDS.find((command) => command.id === id);
  const run = () => model.show(name);
  const own = {
    ...{ id, key, inPalette: true, enabled: () => true, run },
    get title() {
      return text('commands.view', { view: title() });
    },
  };
  present.set(id, descriptor === undefined ? own : fromTable(descriptor, { run }));
}

const order = new Map<RunnableId, number>(COMMANDS.map(({ id }, i) => [id, i]));

/** The commands that there are now, in the order of the table; those of extensions stand behind. */
export function commands(): Command[] {
  const placeOf = ({ id }: Command) => order.get(id) ?? order.size;
  const own = [...present.values()].sort((a, b) => placeOf(a) - placeOf(b));
  const extended = [...model.app.extensions.commands.map(fromExtension), ...viewsOfExtensions()];
  return [...own, ...profileCommands(), ...extended];
}

/** One for each profile that is not in use, and one for none. */
function profileCommands(): Command[] {
  const { profiles, active } = model.app.settings.profiles;
  const command = (name: string | undefined, title: string): Command => ({
    ...{ id: `profile:${name ?? ''}`, title, key: undefined, inPalette: true },
    enabled: () => name !== active,
    run: () => model.attempt(() => request('profiles.use', name)),
  });
  return [
    ...profiles.map(({ name }) => command(name, text('profiles.command', { name }))),
    ...(profiles.length > 0 ? [command(undefined, text('profiles.commandNone'))] : []),
  ];
}

/** Commands of extensions run with the server. */
function fromExtension({ id, title }: ContributedCommand): Command {
  return {
    id: `extension:${id}`,
    title,
    key: presentKey(`extension:${id}`, undefined),
    inPalette: true,
    enabled: () => model.app.server.state === 'running',
    run: () => runContributed({ id }),
  };
}

function viewsOfExtensions(): Command[] {
  const shown = model.app.extensions.views.filter(({ kind }) => kind !== 'status');
  return shown.map(({ id, title }) => ({
    id: `view.contributed:${id}`,
    title: text('commands.view', { view: title }),
    key: undefined,
    inPalette: true,
    enabled: () => true,
    run: () => model.show(`contributed:${id}`),
  }));
}

/** Has a command of an extension run, and shows what it has to say. */
export async function runContributed(call: ContributedCall): Promise<void> {
  await model.attempt(async () => {
    const message = await request('extensions.run', call);
    if (message !== undefined) model.notify({ severity: 'info', message });
  });
}

/** Runs a command, if it can be run now; of one that is not there the user is told. */
export function run(id: RunnableId): void {
  const command = present.get(id) ?? commands().find((candidate) => candidate.id === id);
  if (command === undefined) {
    model.notify({ severity: 'warning', message: text('common.notHere', { id }) });
  } else if (command.enabled()) void command.run();
}

/** The command of a key, or undefined: of several with the same key, one that can be run. */
export function commandOf(event: KeyboardEvent): Command | undefined {
  const pressed = pressedKey(event);
  if (pressed === undefined) return undefined;
  const found = commands().filter(({ key }) => key === pressed);
  return found.find(({ enabled }) => enabled()) ?? found[0];
}
