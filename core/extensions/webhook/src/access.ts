import type { AccessPolicy, AccessRequest, Denial } from 'picosocks5';
import { unexpected, type WebClient } from './client.js';
import { Memory } from './memory.js';
import type { Settings } from './settings.js';
import type { Target } from './target.js';

/** Answers that are remembered at most. */
const MAX_KNOWN = 10_000;

/** Has a web service say whether a request is allowed: once for all addresses of a name. */
export class WebhookPolicy implements AccessPolicy {
  readonly id = 'webhook';
  readonly #client: WebClient;
  readonly #target: Target;
  readonly #settings: Settings;
  readonly #memory: Memory<boolean>;

  constructor(client: WebClient, target: Target, settings: Settings) {
    this.#client = client;
    this.#target = target;
    this.#settings = settings;
    this.#memory = new Memory(settings.accessCache, MAX_KNOWN);
  }

  onAddress(request: AccessRequest): Denial | undefined | Promise<Denial | undefined> {
    const { user = null, group = null, command, listener } = request;
    const { host, port } = request.destination;
    const client = textOf(request.client);
    const question = { user, group, client, listener, command, destination: { host, port } };
    const body = JSON.stringify(question);
    const answer = this.#memory.ask(body, () => this.#ask(body));
    return typeof answer === 'boolean' ? this.#denial(answer) : answer.then(this.#denial);
  }

  readonly #denial = (isAllowed: boolean): Denial | undefined =>
    isAllowed ? undefined : { by: `the webhook ${this.#target.shown}` };

  async #ask(body: string): Promise<boolean> {
    const { status } = await this.#client.post(this.#target, {
      type: 'application/json',
      body,
      time: this.#settings.timeout,
      retries: this.#settings.retries,
    });
    if (status === 401 || status === 403) return false;
    if (status !== 200) throw unexpected(this.#target, status);
    return true;
  }
}

/** An IP address of 4 or 16 octets as text (RFC 5952). */
function textOf(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
