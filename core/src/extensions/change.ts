import type { AuthenticationSourceFormat } from '../auth/source.js';
import { UserError } from '../base/errors.js';
import type { Registry } from '../base/registry.js';
import type { ResolverProvider } from '../outbound/lookup.js';
import type { Outbound } from '../outbound/outbound.js';
import type { LayerFormat } from '../session/layer.js';
import { contributes } from './catalog.js';
import type { Extension } from './extension.js';
import type { ExtensionHost } from './host.js';
import type { Point } from './manifest.js';
import type { Asked, Plan, Planned } from './plan.js';
import type { Registries } from './registries.js';
import type { Secrets } from './secrets.js';
import type { SettingValue } from './settingschema.js';
import { lateOutbound } from './slots/lateoutbound.js';
import { LateResolver } from './slots/lateresolver.js';
import { PendingLayer } from './slots/layers.js';
import { has, type Item } from './slots/slots.js';
import { PendingSource } from './slots/sources.js';

interface Reconfigured {
  readonly extension: Extension;
  readonly before: ReadonlyMap<string, SettingValue>;
}

/**
 * One change of the extensions of a server: what is wanted is activated, what it registers is kept
 * aside, and all of it comes into force in one moment, or nothing of it.
 */
export class ExtensionChange {
  readonly #host: ExtensionHost;
  readonly #plan: Plan;
  readonly #asked: readonly Asked[];
  readonly #secrets: ReadonlyMap<Planned, Secrets>;
  /** What is activated anew: planned, and what it takes the place of. */
  readonly #starting: (readonly [planned: Planned, before: Extension | undefined])[] = [];
  /** Those whose settings are changed, and that want to be told. */
  readonly #changing: (readonly [extension: Extension, planned: Planned])[] = [];
  readonly #ending: Extension[] = [];
  readonly #started: Extension[] = [];
  readonly #reconfigured: Reconfigured[] = [];
  /** Opens what was asked for before the extensions were activated that have it. */
  readonly #waiting: (() => unknown)[] = [];
  #isActivated = false;

  constructor(
    host: ExtensionHost,
    plan: Plan,
    asked: readonly Asked[],
    secrets: ReadonlyMap<Planned, Secrets>,
  ) {
    this.#host = host;
    this.#plan = plan;
    this.#asked = asked;
    this.#secrets = secrets;
    const wanted = new Map(plan.wanted.map((planned) => [planned.manifest.name, planned]));
    for (const [name, extension] of host.running) {
      if (!wanted.has(name)) this.#ending.push(extension);
    }
    for (const [name, planned] of wanted) this.#sort(planned, host.running.get(name));
  }

  #sort(planned: Planned, running: Extension | undefined): void {
    const isNew = this.#host.renewed.has(planned.manifest.name);
    if (running === undefined || running.isOff || running.code !== planned.code || isNew) {
      this.#starting.push([planned, running]);
      return;
    }
    const { configuration, secrets } = running;
    const sameSecrets = this.#secretsOf(planned).isSameAs(secrets);
    if (sameSecrets && configuration.changes(planned.settings).length === 0) return;
    if (sameSecrets && configuration.isHeard) this.#changing.push([running, planned]);
    else this.#starting.push([planned, running]);
  }

  #secretsOf(planned: Planned): Secrets {
    return this.#secrets.get(planned) as Secrets;
  }

  /** Whether nothing of an extension runs because of it. */
  get isEmpty(): boolean {
    return this.#starting.length + this.#changing.length + this.#ending.length === 0;
  }

  /** Whether one extension goes when another comes. */
  replaces(old: Extension, fresh: Extension): boolean {
    if (this.#ending.includes(old)) return true;
    return old !== fresh && old.manifest.name === fresh.manifest.name;
  }

  /**
   * What the server will have. Before the activation, sources of users that extensions have are
   * there, and opened later.
   */
  get registries(): Registries {
    const going = new Set([...this.#ending, ...this.#starting.flatMap(([, one]) => one ?? [])]);
    const goes = new Set(
      [...this.#host.registrations].flatMap(({ extension, item }) =>
        going.has(extension) ? [item] : [],
      ),
    );
    const own = new Set([...this.#host.registrations].map(({ item }) => item));
    const { registries } = this.#host.options;
    const copies: Partial<Record<Point, Registry<Item>>> = {};
    for (const point of this.#host.points) {
      const registry = registries[point] as unknown as Registry<Item>;
      // Resolvers outlive the extensions that they are of.
      const isLate = point === 'resolvers';
      const copy = registry.copy((item) => !(isLate ? own : goes).has(item));
      for (const one of this.#host.registrations) {
        const isStarted = this.#started.includes(one.extension);
        if (one.point === point && isStarted && !isLate) copy.register(one.item);
      }
      copies[point] = copy;
    }
    const copied = { ...registries, ...copies } as unknown as Registries;
    for (const { point, id, byId = false } of this.#asked) {
      const isWanted = this.#plan.wanted.some(({ manifest }) => contributes(manifest, point, id));
      if (!isWanted || has(copied, point, id)) continue;
      if (point === 'authenticationSources') copied[point].register(this.#lateSources(id));
      if (point === 'layers') copied[point].register(this.#lateLayers(id));
      if (point === 'resolvers') copied[point].register(this.#lateResolvers(id));
      if (point === 'outbounds') copied[point].register(this.#lateOutbound(id, byId));
    }
    return copied;
  }

  #lateSources(id: string): AuthenticationSourceFormat {
    return {
      id,
      open: (argument, warn) => {
        if (this.#isActivated) throw this.#notRegistered('authenticationSources', id);
        const source = new PendingSource(`${id}:${argument}`);
        this.#waiting.push(async () => {
          const { authenticationSources: formats } = this.registries;
          const format = formats.get(id);
          if (format === undefined) throw this.#notRegistered('authenticationSources', id);
          source.become(await format.open(argument, warn));
        });
        return source;
      },
    };
  }

  #lateLayers(id: string): LayerFormat {
    const contributed = this.#plan.wanted.flatMap(
      ({ manifest }) => manifest.contributes.layers ?? [],
    );
    const identifies = contributed.some((one) => one.id === id && one.identifies);
    return {
      id,
      open: (options, warn) => {
        if (this.#isActivated) throw this.#notRegistered('layers', id);
        const layer = new PendingLayer(id, identifies);
        this.#waiting.push(async () => {
          const format = this.registries.layers.get(id);
          if (format === undefined) throw this.#notRegistered('layers', id);
          const opened = await format.open(options, warn);
          for (const message of opened.warnings?.() ?? []) warn(message);
          layer.become(opened);
        });
        return layer;
      },
    };
  }

  #lateResolvers(scheme: string): ResolverProvider {
    const host = this.#host;
    const opens = ({ schemes }: ResolverProvider) => schemes.includes(scheme);
    const find = () => [...host.options.registries.resolvers].findLast(opens);
    return {
      id: `${scheme}://`,
      schemes: [scheme],
      open: (url, tools) => {
        const check = () => {
          const all = [...host.registrations].filter(({ point }) => point === 'resolvers');
          const fresh = all.filter(({ extension }) => this.#started.includes(extension));
          const items = [...all, ...fresh].map(({ item }) => item as ResolverProvider);
          const provider = items.findLast(opens);
          if (provider === undefined) throw this.#notRegistered('resolvers', scheme);
          provider.open(url, tools).dispose?.();
        };
        if (this.#isActivated) check();
        else this.#waiting.push(check);
        return new LateResolver(find, url, tools);
      },
    };
  }

  /** @param asked the scheme of a URL, or the id of one that has no schemes. */
  #lateOutbound(asked: string, byId: boolean): Outbound {
    const host = this.#host;
    const isMeant = ({ id, schemes, before }: Outbound) =>
      before !== true && (schemes?.includes(asked) ?? id === asked);
    const check = () => {
      const items = [...host.registrations].filter(({ point }) => point === 'outbounds');
      if (items.some(({ item }) => isMeant(item as Outbound))) return;
      throw this.#notRegistered('outbounds', asked);
    };
    if (this.#isActivated) check();
    else this.#waiting.push(check);
    const find = () => [...host.options.registries.outbounds].findLast(isMeant);
    return lateOutbound(asked, !byId, find);
  }

  /**
   * Activates what is new, and tells those whose settings are changed.
   *
   * @throws {UserError} if that fails; it is to be undone then.
   */
  async activate(): Promise<void> {
    for (const [extension, { settings }] of this.#changing) {
      const { configuration } = extension;
      this.#reconfigured.push({ extension, before: configuration.values });
      try {
        await configuration.change(settings);
      } catch (error) {
        const { name } = extension.manifest;
        throw new UserError(
          `the extension "${name}" does not take its settings: ${extension.words(error)}`,
        );
      }
    }
    for (const [planned] of this.#starting) {
      const isFresh = this.#host.renewed.delete(planned.manifest.name);
      const secrets = this.#secretsOf(planned);
      const extension = await this.#host.activate(planned, this.#plan, secrets, isFresh);
      if (extension !== undefined) this.#started.push(extension);
    }
    this.#isActivated = true;
    for (const open of this.#waiting.splice(0)) await open();
  }

  /** The error for what an extension contributes and has not registered. */
  #notRegistered(point: Point, id: string): UserError {
    const owner = this.#plan.wanted.find(({ manifest }) => contributes(manifest, point, id));
    const who = `the extension "${owner?.manifest.name}"`;
    return new UserError(`${who} contributes "${id}" to ${point}, and has not registered it`);
  }

  /** Brings all of it into force. */
  commit(): void {
    const host = this.#host;
    for (const [{ manifest }, before] of this.#starting) {
      // What could not be activated, and need not be, is left as it was.
      const hasStarted = this.#started.some((one) => one.manifest.name === manifest.name);
      if (before !== undefined && hasStarted) this.#ending.push(before);
    }
    for (const extension of this.#ending) {
      for (const one of host.registrations) if (one.extension === extension) one.live?.dispose();
      host.running.delete(extension.manifest.name);
    }
    for (const extension of this.#started) {
      host.running.set(extension.manifest.name, extension);
      for (const one of host.registrations) if (one.extension === extension) host.install(one);
    }
    host.settle(this.#plan);
  }

  /** Leaves all as it was. */
  async undo(): Promise<void> {
    this.#host.settle(undefined);
    for (const { extension, before } of this.#reconfigured) {
      try {
        await extension.configuration.change(before);
      } catch (error) {
        extension.failed('taking its settings back', error);
      }
    }
    await Promise.all(this.#started.map((extension) => extension.end()));
  }

  /** After it came into force: deactivates those that are not wanted any more. */
  async finish(): Promise<void> {
    await Promise.all(this.#ending.map((extension) => extension.end()));
  }
}
