import { setTimeout } from 'node:timers/promises';
import {
  type DestinationMatcher,
  destinationMatcher,
  type ExtensionConnectRequest,
  type ExtensionContext,
  parseSize,
  type Transport,
} from 'picosocks5';
import { type Conditions, describe, PRESETS, presetOf } from './conditions.js';
import { Link } from './line.js';
import { Slowed } from './slowed.js';
import { showViews } from './views.js';

/** How long a connection that is to be reset lives if nothing comes from the far side, ms. */
const DOOMED_TIME = 1000;

/** Reads the settings, and stands before all ways out. */
export function activate(context: ExtensionContext): void {
  const { registries, commands, configuration, server, workers, log } = context;
  const network = new Network();
  /** Its name; undefined where the settings say more than one. */
  let preset: string | undefined;

  const switchTo = (conditions: Conditions) => {
    network.change(conditions);
    if (conditions.loss < 100) return;
    // Those that were there before this extension ran.
    for (const { id, command, destination } of server.connections()) {
      if (command !== 'connect' || destination === undefined) continue;
      if (network.matches(destination)) server.disconnect(id);
    }
  };
  const readSettings = () => {
    const rate = configuration.get<string>('conditions.rate');
    const matcher = destinationMatcher(
      configuration.get<readonly string[]>('conditions.destinations') ?? ['*'],
    );
    const own: Partial<Conditions> = {
      ...given('delay', configuration.get<number>('conditions.delay')),
      ...given('jitter', configuration.get<number>('conditions.jitter')),
      ...given('rate', rate === undefined ? undefined : rateOf(rate)),
      ...given('loss', configuration.get<number>('conditions.loss')),
    };
    const named = presetOf(configuration.get<string>('conditions.preset') ?? 'none');
    network.matches = matcher;
    preset = Object.keys(own).length === 0 ? named.name : undefined;
    switchTo({ ...named, ...own });
  };
  const use = (name: string): string => {
    const found = presetOf(name);
    preset = found.name;
    switchTo(found);
    const words = `${found.name}: ${describe(found)}`;
    log.info(words);
    changed();
    return words;
  };
  /** Here, and in all other processes that serve. */
  const useEverywhere = (name: string): string => {
    const words = use(name);
    if (workers.count > 1) workers.send({ use: presetOf(name).name });
    return words;
  };

  readSettings();
  registries.outbounds.register({
    id: 'conditions',
    before: true,
    resolves: true,
    connect: (request, signal) => network.connect(request, signal),
  });
  for (const { name, command } of PRESETS) commands.register(command, () => useEverywhere(name));
  commands.register('conditions.use', (name = '') => useEverywhere(name));
  workers.onMessage((message) => {
    const { use: name } = message as { use?: unknown };
    if (typeof name === 'string') use(name);
  });
  const changed = showViews(context, () => ({ preset, conditions: network.conditions }));
  configuration.onDidChange(() => {
    readSettings();
    changed();
  });
}

function given<K extends string>(key: K, value: number | undefined): { [key in K]?: number } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: number };
}

/** @throws {UserError} naming the setting. */
function rateOf(text: string): number {
  return /^0+(\.0*)?[kmgt]?b?$/i.test(text) ? 0 : parseSize(text);
}

/** What lies between here and the destinations. */
class Network {
  matches: DestinationMatcher = () => true;
  #conditions: Conditions = presetOf('none');
  readonly #up = new Link(() => this.#conditions);
  readonly #down = new Link(() => this.#conditions);
  readonly #open = new Set<Slowed>();

  get conditions(): Conditions {
    return this.#conditions;
  }

  /** Changes what it is like, also for what is open: where nothing gets through, that is reset. */
  change(conditions: Conditions): void {
    this.#conditions = conditions;
    if (conditions.loss < 100) return;
    for (const slowed of this.#open) slowed.fail();
  }

  /** @throws an error whose code is that of a network which does not let it through. */
  async connect(request: ExtensionConnectRequest, signal: AbortSignal): Promise<Transport> {
    const { destination, addresses, onward } = request;
    if (onward === undefined) throw new Error('it stands before other ways, and is none itself');
    if (!this.matches(destination, addresses)) return onward();
    const { loss, delay, jitter } = this.#conditions;
    const isLost = Math.random() * 100 < loss;
    if (loss === 100) throw failure('ENETUNREACH', 'offline');
    const wait = delay + Math.random() * jitter;
    if (wait > 0) await setTimeout(wait, undefined, { signal });
    // Of those that are lost, half do not get there, and half do not get back.
    const isReset = isLost && Math.random() < 0.5;
    if (isLost && !isReset) throw failure('ECONNREFUSED', `one of the ${loss} % that are lost`);
    return this.#slow(await onward(), isReset);
  }

  #slow(transport: Transport, isReset: boolean): Transport {
    const slowed = new Slowed(transport, this.#up, this.#down, (one) => this.#open.delete(one));
    this.#open.add(slowed);
    if (isReset) {
      slowed.doom();
      globalThis.setTimeout(() => slowed.fail(), DOOMED_TIME).unref();
    }
    if (this.#conditions.loss === 100) slowed.fail();
    return slowed;
  }
}

function failure(code: string, why: string): Error {
  return Object.assign(new Error(`network conditions: ${why}`), { code });
}
