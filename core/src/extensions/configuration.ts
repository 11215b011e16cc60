import { isDeepStrictEqual } from 'node:util';
import type { Awaitable } from '../base/awaitable.js';
import { type Disposable, toDisposable } from '../base/disposable.js';
import { didYouMean } from '../base/guess.js';
import type { Manifest } from './manifest.js';
import type { SettingSchema, SettingValue } from './settingschema.js';

type Values = ReadonlyMap<string, SettingValue>;
type Listener = (keys: readonly string[]) => Awaitable<void>;

/** The settings of an extension, and who is told when they change. */
export class Configuration {
  readonly #schemas: ReadonlyMap<string, SettingSchema>;
  readonly #listeners = new Set<Listener>();
  #values: Values;

  constructor({ settings }: Manifest, values: Values) {
    this.#schemas = settings;
    this.#values = values;
  }

  /** @throws {Error} if there is no such setting, or if it is a secret. */
  get(key: string): SettingValue | undefined {
    const schema = this.#schemas.get(key);
    if (schema === undefined) {
      throw new Error(`there is no setting "${key}"${didYouMean(key, this.#schemas.keys())}`);
    }
    if (schema.secret) throw new Error(`"${key}" is a secret: expected context.secrets.get()`);
    return this.#values.get(key) ?? schema.default;
  }

  onDidChange(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return toDisposable(() => this.#listeners.delete(listener));
  }

  /** Whether somebody is told of changes. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  get values(): Values {
    return this.#values;
  }

  /** The keys of settings that would be others. */
  changes(values: Values): string[] {
    const keys = new Set([...this.#values.keys(), ...values.keys()]);
    return [...keys].filter((key) => !isDeepStrictEqual(this.#values.get(key), values.get(key)));
  }

  /**
   * Takes other values, and tells who listens.
   *
   * @throws what a listener throws: then some have been told.
   */
  async change(values: Values): Promise<void> {
    const keys = Object.freeze(this.changes(values));
    this.#values = values;
    for (const listener of this.#listeners) await listener(keys);
  }
}
