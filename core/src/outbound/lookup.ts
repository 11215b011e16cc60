import type { CancellationToken } from '../base/cancellation.js';
import { type Family, familyName } from './prefer.js';

/** What is known of a name. */
export interface NameAnswer {
  /** Its IP addresses; none if there is no such name, or if it has no address. */
  readonly addresses: readonly string[];
  /** How long that holds, ms; 0: for those who ask now. */
  readonly ttl: number;
  /** Who says so, as messages call it. */
  readonly by?: string;
}

/** A look-up that can be given up. */
export interface Lookup {
  /** @throws an error whose code is `ENOTFOUND`, or `EAI_AGAIN` if nobody knows now. */
  readonly answer: Promise<NameAnswer>;
  /** Makes `answer` fail at once if it can. @returns whether it can. */
  cancel(): boolean;
}

/** A name that has no address, or of which nobody knows now. */
export class LookupError extends Error {
  override readonly name = 'LookupError';
  readonly code: string;
  /** Why it is not known, or which family it has no address of. */
  readonly detail: string | undefined;

  constructor(code: 'ENOTFOUND' | 'EAI_AGAIN', detail?: string) {
    super(code === 'ENOTFOUND' ? notFound(detail) : notKnown(detail));
    this.code = code;
    this.detail = detail;
  }

  /** The error of a name without addresses. */
  static notFound(family: Family | undefined): LookupError {
    return new LookupError('ENOTFOUND', family && familyName(family));
  }
}

function notFound(family: string | undefined): string {
  return family === undefined ? 'the name does not resolve' : `the name has no ${family} address`;
}

function notKnown(why: string | undefined): string {
  const what = 'the name cannot be resolved now';
  return why === undefined ? what : `${what}: ${why}`;
}

/** A name that is to be looked up. */
export interface NameQuestion {
  /** In ASCII and lower case; a dot at its end says that it is whole. */
  readonly name: string;
  /** Only this family's addresses are of use; undefined: both families' are. */
  readonly family: Family | undefined;
  /** Whose look-up it is: clients take turns. The server itself: ''. */
  readonly client: string;
  /** Gives up. */
  readonly cancellation: CancellationToken;
  /** The same, for who wants a signal: it is made when it is asked for. */
  readonly signal: AbortSignal;
}

/** Looks names up in one place. */
export interface NameResolver {
  /**
   * @returns what is known of a name; without addresses if it is known that there are none.
   * @throws if that is not known now: then the next resolver is asked. Its message says why.
   */
  lookup(question: NameQuestion): Promise<NameAnswer>;
  /** Lets go of connections. What is asked then is asked in vain. */
  dispose?(): void;
}

/** What a resolver is opened with. */
export interface ResolverTools {
  /** The addresses of a host as the system knows them: of the resolver's own server. */
  resolve(host: string): Promise<readonly string[]>;
  /** The system's way of looking names up. */
  lookup(question: NameQuestion): Promise<readonly string[]>;
}

/** A kind of resolvers: what opens the URLs of `--resolver`. */
export interface ResolverProvider {
  readonly id: string;
  /** Schemes of URLs that it opens, such as `tls`; a word of its own, such as `system`, is one. */
  readonly schemes: readonly string[];
  /**
   * Nothing is asked yet.
   *
   * @throws {UserError} if the URL is none that it can open.
   */
  open(url: string, tools: ResolverTools): NameResolver;
}
