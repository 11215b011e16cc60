type Koffi = typeof import('koffi');
type KoffiFunction = ReturnType<ReturnType<Koffi['load']>['func']>;
type TypeSpec = Parameters<Koffi['out']>[0];

const LIBRARY = 'libgssapi_krb5.so.2';

/** What the library has of a context, credentials or a name: where it is. */
export type Handle = bigint | null;

/** Bits of a status that say more of a call that has worked (RFC 2744 section 3.9.1). */
export const CONTINUE_NEEDED = 1;
export const DUPLICATE_TOKEN = 2;
export const OLD_TOKEN = 4;
const SUPPLEMENTARY = 0xffff;

/** Flags of a context (RFC 2744 section 5.1). */
export const CONFIDENTIALITY_FLAG = 16;
export const INTEGRITY_FLAG = 32;
export const ANONYMOUS_FLAG = 64;

const ACCEPT_ONLY = 2;
const NO_TIME_LIMIT = 0xffffffff;
/** Calls that run beside the event loop at once at most; koffi takes 256, Node has four threads. */
const MAX_CALLS = 8;
/** Words of a status that say only that the other one may say more, and what it is if it does not. */
const saysNothing = /^(Unspecified GSS failure|Success$|Unknown error$)/;
/** Messages of a status at most. */
const MAX_WORDS = 4;

/** A call has failed: in the library's own words. */
export class GssError extends Error {
  override readonly name = 'GssError';
}

/** What a token of a client has brought about. */
export interface Accepted {
  readonly context: Handle;
  readonly isEstablished: boolean;
  /** For the client; it may be empty. */
  readonly answer: Uint8Array;
  readonly flags: number;
  /** The client's principal, once the context is established. */
  readonly principal: string;
}

/** What was taken out of a token. */
export interface Unwrapped {
  readonly octets: Uint8Array;
  readonly isConfidential: boolean;
  /** Bits that say that it has come before, or out of its order. */
  readonly status: number;
}

/** A buffer of the library's (RFC 2744 section 3.2). */
interface Description {
  readonly length?: number | bigint;
  readonly value?: Handle;
}

/** What clients are accepted with: given back when nothing uses it any more. */
export class Credentials {
  readonly #handle: Handle;
  readonly #release: () => void;
  #used = 0;
  #disposed = false;

  constructor(handle: Handle, release: () => void) {
    this.#handle = handle;
    this.#release = release;
  }

  /** @throws {GssError} if they were given back. */
  async use<T>(call: (handle: Handle) => Promise<T>): Promise<T> {
    if (this.#disposed) throw new GssError('the server accepts no tickets any more');
    this.#used++;
    try {
      return await call(this.#handle);
    } finally {
      this.#used--;
      if (this.#disposed && this.#used === 0) this.#release();
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#used === 0) this.#release();
  }
}

/** The system's GSS-API (RFC 2744), as MIT Kerberos has it. */
export class Library {
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  readonly #hostbased: Handle;
  readonly #acquire: KoffiFunction;
  readonly #importName: KoffiFunction;
  readonly #accept: KoffiFunction;
  readonly #displayName: KoffiFunction;
  readonly #displayStatus: KoffiFunction;
  readonly #limit: KoffiFunction;
  readonly #wrap: KoffiFunction;
  readonly #unwrap: KoffiFunction;
  readonly #releaseBuffer: KoffiFunction;
  readonly #releaseName: KoffiFunction;
  readonly #releaseCredentials: KoffiFunction;
  readonly #deleteContext: KoffiFunction;
  readonly #copy: KoffiFunction;

  private constructor(koffi: Koffi) {
    const lib = koffi.load(LIBRARY);
    const { out, inout, pointer } = koffi;
    const buffer = koffi.struct({ length: 'size_t', value: 'void *' });
    const element = koffi.struct({ key: 'str', value: 'str' });
    const store = koffi.struct({ count: 'uint32', elements: pointer(element) });
    const handle = 'void *';
    const [number, int, taken] = [
      out(pointer('uint32')),
      out(pointer('int')),
      out(pointer(handle)),
    ];
    const [given, made, held] = [pointer(buffer), out(pointer(buffer)), inout(pointer(handle))];
    /** All have the status of the mechanism first. */
    const func = (name: string, ...rest: TypeSpec[]) => lib.func(name, 'uint32', [number, ...rest]);
    this.#hostbased = koffi.decode(lib.symbol('GSS_C_NT_HOSTBASED_SERVICE', handle), handle);
    this.#acquire = func(
      'gss_acquire_cred_from',
      ...[handle, 'uint32', handle, 'int', pointer(store), taken, handle, handle],
    );
    this.#importName = func('gss_import_name', given, handle, taken);
    this.#accept = func(
      'gss_accept_sec_context',
      ...[held, handle, given, handle, taken, handle, made, number, handle, handle],
    );
    this.#displayName = func('gss_display_name', handle, made, handle);
    const context = inout(pointer('uint32'));
    this.#displayStatus = func('gss_display_status', 'uint32', 'int', handle, context, made);
    this.#limit = func('gss_wrap_size_limit', handle, 'int', 'uint32', 'uint32', number);
    this.#wrap = func('gss_wrap', handle, 'int', 'uint32', given, int, made);
    this.#unwrap = func('gss_unwrap', handle, given, made, int, number);
    this.#releaseBuffer = func('gss_release_buffer', inout(pointer(buffer)));
    this.#releaseName = func('gss_release_name', held);
    this.#releaseCredentials = func('gss_release_cred', held);
    this.#deleteContext = func('gss_delete_sec_context', held, handle);
    // Of what the library is linked with.
    this.#copy = lib.func('memcpy', handle, [handle, handle, 'size_t']);
  }

  /** @throws {Error} with one sentence if it is not there. */
  static async load(): Promise<Library> {
    const koffi = await importKoffi();
    try {
      return new Library(koffi);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `${LIBRARY} cannot be loaded (${reason}): it is in the package libgssapi-krb5-2 of Debian ` +
          'and Ubuntu, and in krb5-libs of Fedora',
        { cause },
      );
    }
  }

  /**
   * Credentials to accept clients with, read from a keytab each time that one comes.
   *
   * @param keytab its name; undefined: the system's.
   * @param service whose principals serve; undefined: all.
   * @throws {GssError}
   */
  acquire(keytab: string | undefined, service?: string): Credentials {
    const minor = [0];
    const name = [null as Handle];
    const credentials = [null as Handle];
    const store =
      keytab === undefined ? null : { count: 1, elements: [{ key: 'keytab', value: keytab }] };
    try {
      if (service !== undefined) {
        const text = Buffer.from(service);
        this.#demand(this.#importName(minor, given(text), this.#hostbased, name), minor);
      }
      const status = this.#acquire(
        minor,
        ...[name[0], NO_TIME_LIMIT, null, ACCEPT_ONLY, store, credentials, null, null],
      );
      this.#demand(status, minor);
      const handle = credentials[0] ?? null;
      return new Credentials(handle, () => this.#releaseCredentials([0], [handle]));
    } finally {
      if (name[0] !== null) this.#releaseName([0], name);
    }
  }

  /**
   * Takes a token of a client, beside the event loop.
   *
   * @param context null at first; if this fails it is gone.
   * @throws {GssError}
   */
  async accept(context: Handle, credentials: Credentials, token: Uint8Array): Promise<Accepted> {
    const [minor, held, source, flags] = [[0], [context], [null as Handle], [0]];
    const made: [Description] = [{}];
    const status = await credentials.use((handle) =>
      this.#later(
        this.#accept,
        ...[minor, held, handle, given(token), null, source, null, made, flags, null, null],
      ),
    );
    try {
      const answer = this.#take(made, 0);
      this.#demand(status, minor);
      const isEstablished = (status & CONTINUE_NEEDED) === 0;
      const principal = isEstablished ? this.#nameOf(source[0] ?? null) : '';
      return { context: held[0] ?? null, isEstablished, answer, flags: flags[0] ?? 0, principal };
    } catch (error) {
      this.deleteContext(held[0] ?? null);
      throw error;
    } finally {
      if (source[0] !== null) this.#releaseName([0], source);
    }
  }

  deleteContext(context: Handle): void {
    if (context !== null) this.#deleteContext([0], [context], null);
  }

  /** How many octets fit into a token of that many. @throws {GssError} */
  limit(context: Handle, isConfidential: boolean, token: number): number {
    const [minor, size] = [[0], [0]];
    this.#demand(this.#limit(minor, context, Number(isConfidential), 0, token, size), minor);
    return size[0] ?? 0;
  }

  /**
   * Wraps octets into a token.
   *
   * @param room octets to leave free before it.
   * @throws {GssError}
   */
  wrap(context: Handle, isConfidential: boolean, octets: Uint8Array, room: number): Uint8Array {
    const [minor, encrypted, made] = [[0], [0], [{}] as [Description]];
    const input = given(octets);
    const status = this.#wrap(minor, context, Number(isConfidential), 0, input, encrypted, made);
    return this.#wrapped(status, minor, made, room, isConfidential && encrypted[0] === 0);
  }

  /** As {@link wrap}, beside the event loop: the octets must not change meanwhile. */
  async wrapLater(
    context: Handle,
    isConfidential: boolean,
    octets: Uint8Array,
    room: number,
  ): Promise<Uint8Array> {
    const [minor, encrypted, made] = [[0], [0], [{}] as [Description]];
    const input = given(octets);
    const status = await this.#later(
      this.#wrap,
      ...[minor, context, Number(isConfidential), 0, input, encrypted, made],
    );
    return this.#wrapped(status, minor, made, room, isConfidential && encrypted[0] === 0);
  }

  /** Takes octets out of a token. @throws {GssError} */
  unwrap(context: Handle, token: Uint8Array): Unwrapped {
    const [minor, encrypted, made] = [[0], [0], [{}] as [Description]];
    const status = this.#unwrap(minor, context, given(token), made, encrypted, [0]);
    return this.#unwrapped(status, minor, made, encrypted[0] !== 0);
  }

  /** As {@link unwrap}, beside the event loop: the token must not change meanwhile. */
  async unwrapLater(context: Handle, token: Uint8Array): Promise<Unwrapped> {
    const [minor, encrypted, made] = [[0], [0], [{}] as [Description]];
    const input = given(token);
    const status = await this.#later(this.#unwrap, minor, context, input, made, encrypted, [0]);
    return this.#unwrapped(status, minor, made, encrypted[0] !== 0);
  }

  #wrapped(
    status: number,
    minor: readonly number[],
    made: [Description],
    room: number,
    isBare: boolean,
  ): Uint8Array {
    const token = this.#take(made, room);
    this.#demand(status, minor);
    if (isBare) throw new GssError('the library did not encrypt a message');
    return token;
  }

  #unwrapped(
    status: number,
    minor: readonly number[],
    made: [Description],
    isConfidential: boolean,
  ): Unwrapped {
    const octets = this.#take(made, 0);
    this.#demand(status, minor);
    return { octets, isConfidential, status: status & SUPPLEMENTARY };
  }

  #nameOf(name: Handle): string {
    const [minor, made] = [[0], [{}] as [Description]];
    this.#demand(this.#displayName(minor, name, made, null), minor);
    return Buffer.from(this.#take(made, 0)).toString();
  }

  /** A copy of a buffer of the library's, which is given back. */
  #take(made: [Description], room: number): Uint8Array {
    const { length = 0, value = null } = made[0];
    const size = Number(length);
    const octets = Buffer.allocUnsafeSlow(room + size);
    if (size > 0 && value !== null) this.#copy(octets.subarray(room), value, size);
    if (value !== null) this.#releaseBuffer([0], made);
    return octets;
  }

  /** @throws {GssError} if a call has failed. */
  #demand(status: number, minor: readonly number[]): void {
    if ((status & ~SUPPLEMENTARY) === 0) return;
    const words = [...this.#words(status, 1), ...this.#words(minor[0] ?? 0, 2)];
    if (words.length === 0) words.push(`the library fails, and does not say why (${minor[0]})`);
    throw new GssError(
      words
        .join(': ')
        .replace(/[\s.]+(?=: |$)/g, '')
        .replace(/\s+/g, ' '),
    );
  }

  /** @param type 1 for a status of the GSS-API, 2 for one of the mechanism. */
  #words(status: number, type: 1 | 2): string[] {
    const words: string[] = [];
    if (type === 2 && status === 0) return words;
    const more = [0];
    for (let i = 0; i < MAX_WORDS; i++) {
      const made: [Description] = [{}];
      const failed = this.#displayStatus([0], status, type, null, more, made) !== 0;
      const text = Buffer.from(this.#take(made, 0)).toString();
      if (failed) break;
      if (!saysNothing.test(text)) words.push(text);
      if (more[0] === 0) break;
    }
    return words;
  }

  /** Calls beside the event loop, in its turn. @returns the status. */
  async #later(call: KoffiFunction, ...args: unknown[]): Promise<number> {
    if (this.#running >= MAX_CALLS) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running++;
    try {
      return await new Promise((resolve, reject) => {
        call.async(...args, (error: Error | null, status: number) => {
          // Until now nothing of it may be collected.
          if (error === null && args.length > 0) resolve(status >>> 0);
          else reject(error);
        });
      });
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

function given(octets: Uint8Array): { readonly length: number; readonly value: Uint8Array } {
  return { length: octets.length, value: octets };
}

/** @throws {Error} with one sentence if it is not installed. */
async function importKoffi(): Promise<Koffi> {
  try {
    return await import('koffi');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const problem = isMissing
      ? 'is not installed ("npm install koffi" beside picosocks5)'
      : `cannot be loaded (${cause instanceof Error ? cause.message : String(cause)})`;
    throw new Error(`the package koffi, which calls the system's libraries, ${problem}`, { cause });
  }
}
