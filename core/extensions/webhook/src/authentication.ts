import { createHmac, randomBytes } from 'node:crypto';
import type { AuthenticationSource, Identity, Verification } from 'picosocks5';
import { unexpected, type WebClient, WebhookError } from './client.js';
import { Memory } from './memory.js';
import type { Settings } from './settings.js';
import type { Target } from './target.js';

/** Logins that are remembered at most. */
const MAX_KNOWN = 10_000;

/** What an answer may say of the limits of a user, each a whole number from 1 on. */
const LIMITS = ['connections', 'devices', 'rateUp', 'rateDown', 'perDay', 'perMonth'];

/**
 * Has a web service say who may log in. What was right is remembered for a while by a digest under a
 * key of this process: no password is kept.
 */
export class WebhookSource implements AuthenticationSource {
  readonly name: string;
  readonly kinds = new Set(['password'] as const);
  readonly #client: WebClient;
  readonly #target: Target;
  readonly #settings: Settings;
  readonly #key = randomBytes(32);
  readonly #memory: Memory<Identity | undefined>;

  constructor(client: WebClient, target: Target, settings: Settings) {
    this.name = `webhook:${target.shown}`;
    this.#client = client;
    this.#target = target;
    this.#settings = settings;
    this.#memory = new Memory(settings.cache, MAX_KNOWN, (identity) => identity !== undefined);
  }

  verify(
    user: string,
    password: Uint8Array,
    { client }: Verification,
  ): Identity | undefined | Promise<Identity | undefined> {
    const text = textOf(password);
    // JSON has no other octets: no service could take it.
    if (text === undefined) return undefined;
    const digest = createHmac('sha256', this.#key)
      .update(JSON.stringify([user, client]))
      .update(password)
      .digest('base64');
    return this.#memory.ask(digest, () => this.#ask(user, text, client));
  }

  async #ask(user: string, password: string, client: string): Promise<Identity | undefined> {
    const { status, text } = await this.#client.post(this.#target, {
      type: 'application/json',
      body: JSON.stringify({ user, password, client }),
      time: this.#settings.timeout,
      retries: this.#settings.retries,
    });
    if (status === 401 || status === 403) return undefined;
    if (status !== 200) throw unexpected(this.#target, status);
    return identityIn(text, user, this.#target);
  }
}

/** @throws {WebhookError} if an answer is not what it has to be: nobody gets in by a mistake. */
function identityIn(text: string, asked: string, { shown }: Target): Identity {
  const wrong = (problem: string) => new WebhookError(`${shown} answered ${problem}`);
  if (text.trim() === '') return { user: asked, group: undefined };
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw wrong('what is no JSON');
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw wrong('JSON that is no object');
  }
  const { user = asked, group, limits } = given as Readonly<Record<string, unknown>>;
  if (typeof user !== 'string' || user === '') throw wrong('a user that is no text');
  if (group !== undefined && group !== null && typeof group !== 'string') {
    throw wrong('a group that is no text');
  }
  const account = limitsIn(limits, wrong);
  return { user, group: group ?? undefined, ...(account && { account }) };
}

function limitsIn(
  given: unknown,
  wrong: (problem: string) => WebhookError,
): Readonly<Record<string, number>> | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given !== 'object' || Array.isArray(given)) throw wrong('limits that are no object');
  for (const [name, value] of Object.entries(given)) {
    if (!LIMITS.includes(name)) {
      throw wrong(`an unknown limit ${JSON.stringify(name.slice(0, 40))}`);
    }
    if (!Number.isSafeInteger(value) || value < 1) {
      throw wrong(`limits whose ${name} is no whole number from 1 on`);
    }
  }
  return given as Readonly<Record<string, number>>;
}

function textOf(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}
