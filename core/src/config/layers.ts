import { UserError } from '../base/errors.js';
import type { Registries } from '../extensions/registries.js';
import type { ListenAddress } from '../listening/listeningsocket.js';
import { formatEndpoint } from '../protocol/address.js';
import type { Layer } from '../session/layer.js';
import type { DescribedListener } from './listeners.js';
import type { CheckedOptions, ServerOptions } from './settings.js';

type Warn = (message: string) => void;
type ByScheme = ReadonlyMap<string, Layer>;

/** Opens the layers that listeners' addresses name. */
export class Layers {
  readonly #formats: Registries['layers'];
  readonly #warn: Warn;

  constructor({ layers }: Registries, warn: Warn) {
    this.#formats = layers;
    this.#warn = once(warn);
  }

  /**
   * @returns those of a listener by their schemes.
   * @throws {UserError} for a scheme that is none, or if a layer cannot be used.
   */
  async open(addresses: readonly ListenAddress[], listener: DescribedListener): Promise<ByScheme> {
    const layers = new Map<string, Layer>();
    for (const address of addresses) {
      const { scheme } = address;
      if (scheme === undefined || layers.has(scheme)) continue;
      const format = this.#formats.get(scheme);
      if (format === undefined) {
        const known = this.#formats.ids.map((id) => `${id}://`).join(', ');
        throw new UserError(
          `listen: "${formatEndpoint(address)}": there is no ${scheme}://; ` +
            `expected ${known} or none`,
        );
      }
      layers.set(scheme, await format.open(optionsOf(listener), this.#warn));
    }
    warnOf(layers, this.#warn);
    return layers;
  }
}

/** A listener's options: a certificate of its own goes with a key of its own. */
function optionsOf({ own, options }: DescribedListener): CheckedOptions {
  if (own.tlsCert === undefined || own.tlsKey !== undefined) return { ...options };
  const { tlsKey: _, ...others } = options;
  return others;
}

/** Tells what of several listeners' layers deserves a warning at the moment, each once. */
export function warnOfLayers(listeners: readonly { readonly layers: ByScheme }[], warn: Warn) {
  const told = once(warn);
  for (const { layers } of listeners) warnOf(layers, told);
}

function warnOf(layers: ByScheme, warn: Warn): void {
  for (const layer of layers.values()) {
    for (const message of layer.warnings?.() ?? []) warn(message);
  }
}

function once(warn: Warn): Warn {
  const told = new Set<string>();
  return (message) => {
    if (!told.has(message)) warn(message);
    told.add(message);
  };
}

const tlsNames = {
  tlsCert: 'tls-cert',
  tlsKey: 'tls-key',
  tlsClientCa: 'tls-client-ca',
} as const;

/** Options of TLS where no address has it. @returns a sentence for each place. */
export function idleTlsOptions(
  options: CheckedOptions,
  listeners: readonly (DescribedListener & { readonly layers: ByScheme })[],
): string[] {
  const messages: string[] = [];
  const add = (place: string, given: ServerOptions, which: string) => {
    const keys = Object.keys(tlsNames) as (keyof typeof tlsNames)[];
    const names = keys.filter((key) => given[key] !== undefined).map((key) => tlsNames[key]);
    if (names.length === 0) return;
    const verb = names.length === 1 ? 'is' : 'are';
    const list = names.join(', ').replace(/, (?=[^,]*$)/, ' and ');
    messages.push(`${place}${list} ${verb} not in force: no ${which} is behind tls://`);
  };
  if (!listeners.some(({ layers }) => layers.has('tls'))) {
    add('', options, 'address to listen at');
  }
  for (const { name, own, layers } of listeners) {
    if (!layers.has('tls')) add(`[listener:${name}]: `, own, 'address of it');
  }
  return messages;
}
