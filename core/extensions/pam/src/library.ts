import type { Answer, Login, Question } from './question.js';

type Koffi = typeof import('koffi');
type KoffiFunction = ReturnType<ReturnType<Koffi['load']>['func']>;
type Pointer = bigint | null;

const LIBRARY = 'libpam.so.0';

/** Codes, items and kinds of messages of Linux-PAM (_pam_types.h). */
const SUCCESS = 0;
const CONVERSATION_ERROR = 19;
const Item = { user: 2, tty: 3, rhost: 4, failDelay: 10 } as const;
const Style = { promptEchoOff: 1, promptEchoOn: 2, error: 3, info: 4 } as const;
/** Messages that a module may send at once (PAM_MAX_NUM_MSG). */
const MAX_MESSAGES = 32;

/** PR_SET_PDEATHSIG of prctl(2), and the signal. */
const SET_PARENT_DEATH_SIGNAL = 1;
const SIGKILL = 9;

/** Modules, and what they call in turn, have the stack that they have in a program of C. */
const STACK = 8 * 1024 * 1024;
/** Groups of a user that are looked at. */
const MAX_GROUPS = 65_536;

/** The system's PAM, as Linux-PAM has it. All its calls block: it is for a process of its own. */
export class Library {
  readonly #koffi: Koffi;
  readonly #start: KoffiFunction;
  readonly #startIn: KoffiFunction | undefined;
  readonly #end: KoffiFunction;
  readonly #authenticate: KoffiFunction;
  readonly #checkAccount: KoffiFunction;
  readonly #setText: KoffiFunction;
  readonly #setPointer: KoffiFunction;
  readonly #getText: KoffiFunction;
  readonly #words: KoffiFunction;
  readonly #calloc: KoffiFunction;
  readonly #duplicate: KoffiFunction;
  readonly #free: KoffiFunction;
  readonly #passwd: KoffiFunction;
  readonly #group: KoffiFunction;
  readonly #groupList: KoffiFunction;
  readonly #passwdStruct;
  readonly #groupStruct;
  readonly #responseSize: number;
  readonly #conversation: bigint;
  readonly #delayed: bigint;
  /** Who is being asked about. */
  #login: { readonly user: Uint8Array; readonly password: Uint8Array } | undefined;
  /** What the modules want, ms. */
  #delay = 0;

  private constructor(koffi: Koffi) {
    this.#koffi = koffi;
    koffi.config({ sync_stack_size: STACK });
    const lib = koffi.load(LIBRARY);
    const { out, inout, pointer, struct, proto } = koffi;
    const handle = 'void *';
    const conversation = pointer(proto('int PamConversation(int, void *, void *, void *)'));
    const delayed = pointer(proto('void PamDelayed(int, uint, void *)'));
    const conv = pointer(struct({ conv: conversation, data: handle }));
    const [made, text] = [out(pointer(handle)), out(pointer('str'))];
    this.#start = lib.func('pam_start', 'int', ['str', 'str', conv, made]);
    try {
      this.#startIn = lib.func('pam_start_confdir', 'int', ['str', 'str', conv, 'str', made]);
    } catch {
      // Before Linux-PAM 1.4: said when it is asked for.
    }
    this.#end = lib.func('pam_end', 'int', [handle, 'int']);
    this.#authenticate = lib.func('pam_authenticate', 'int', [handle, 'int']);
    this.#checkAccount = lib.func('pam_acct_mgmt', 'int', [handle, 'int']);
    this.#setText = lib.func('pam_set_item', 'int', [handle, 'int', 'str']);
    this.#setPointer = lib.func('pam_set_item', 'int', [handle, 'int', handle]);
    this.#getText = lib.func('pam_get_item', 'int', [handle, 'int', text]);
    this.#words = lib.func('pam_strerror', 'str', [handle, 'int']);
    // Of what the library is linked with.
    this.#calloc = lib.func('calloc', handle, ['size_t', 'size_t']);
    this.#duplicate = lib.func('strdup', handle, [handle]);
    this.#free = lib.func('free', 'void', [handle]);
    this.#passwd = lib.func('getpwnam', handle, ['str']);
    this.#group = lib.func('getgrnam', handle, ['str']);
    const count = inout(pointer('int'));
    this.#groupList = lib.func('getgrouplist', 'int', ['str', 'uint32', handle, count]);
    this.#passwdStruct = struct({ name: handle, password: handle, uid: 'uint32', gid: 'uint32' });
    this.#groupStruct = struct({ name: handle, password: handle, gid: 'uint32' });
    this.#responseSize = koffi.sizeof(struct({ response: handle, code: 'int' }));
    this.#conversation = koffi.register(
      (count: number, messages: Pointer, responses: Pointer) =>
        this.#answerMessages(count, messages, responses),
      conversation,
    );
    this.#delayed = koffi.register((code: number, microseconds: number) => {
      if (code !== SUCCESS) this.#delay += microseconds / 1000;
    }, delayed);
    // A call that hangs hears nothing of the server's end.
    const prctl = lib.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
    prctl(SET_PARENT_DEATH_SIGNAL, SIGKILL, 0, 0, 0);
  }

  /** @throws {Error} with one sentence if it is not there. */
  static async load(): Promise<Library> {
    const koffi = await importKoffi();
    try {
      return new Library(koffi);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `${LIBRARY} cannot be used (${reason}): it is in the package libpam0g of Debian and ` +
          'Ubuntu, and in pam-libs of Fedora',
        { cause },
      );
    }
  }

  /** Asks PAM, and waits until it answers. @throws {Error} if it cannot be asked. */
  ask({ service, confdir, login }: Question): Answer {
    this.#delay = 0;
    const handle = [null as Pointer];
    const conv = { conv: this.#conversation, data: null };
    const user = login?.user ?? null;
    if (confdir !== undefined && this.#startIn === undefined) {
      throw new Error(`pam.confdir needs Linux-PAM 1.4 or later, and ${LIBRARY} is an older one`);
    }
    const started =
      confdir === undefined
        ? this.#start(service, user, conv, handle)
        : this.#startIn?.(service, user, conv, confdir, handle);
    const pam = handle[0] ?? null;
    let code: number = started;
    try {
      if (started === SUCCESS && login !== undefined) code = this.#check(pam, login);
      const name = (code === SUCCESS && pam !== null && this.#textOf(pam, Item.user)) || user || '';
      return {
        code,
        words: this.#words(pam, code) ?? `code ${code}`,
        user: name,
        group: code === SUCCESS ? this.#groupOf(name, login?.groups ?? []) : undefined,
        delay: this.#delay,
      };
    } finally {
      if (pam !== null) this.#end(pam, code);
    }
  }

  #check(pam: Pointer, { user, password, client }: Login): number {
    const secret = terminated(password);
    this.#login = { user: terminated(Buffer.from(user)), password: secret };
    try {
      // A failure is to take time in the server, and not to hold this process up.
      let code = this.#setPointer(pam, Item.failDelay, this.#delayed);
      if (code === SUCCESS) code = this.#setText(pam, Item.rhost, client);
      if (code === SUCCESS) code = this.#setText(pam, Item.tty, 'picosocks5');
      if (code === SUCCESS) code = this.#authenticate(pam, 0);
      if (code === SUCCESS) code = this.#checkAccount(pam, 0);
      return code;
    } finally {
      this.#login = undefined;
      secret.fill(0);
      password.fill(0);
    }
  }

  /** What modules ask and say (pam_conv(3)). What they are given is freed by them. */
  #answerMessages(count: number, messages: Pointer, responses: Pointer): number {
    const login = this.#login;
    const isSane = count >= 1 && count <= MAX_MESSAGES && messages !== null && responses !== null;
    if (login === undefined || !isSane) return CONVERSATION_ERROR;
    const { decode, encode, sizeof } = this.#koffi;
    const made: Pointer[] = [];
    const block: Pointer = this.#calloc(count, this.#responseSize);
    if (block === null) return CONVERSATION_ERROR;
    try {
      for (let i = 0; i < count; i++) {
        const message: bigint = decode(messages, i * sizeof('void *'), 'void *');
        const style: number = decode(message, 'int');
        if (style === Style.error || style === Style.info) continue;
        if (style !== Style.promptEchoOff && style !== Style.promptEchoOn) {
          throw new Error(`a message of the kind ${style}`);
        }
        const text = style === Style.promptEchoOff ? login.password : login.user;
        const copy: Pointer = this.#duplicate(text);
        if (copy === null) throw new Error('no memory');
        made.push(copy);
        encode(block, i * this.#responseSize, 'void *', copy);
      }
      encode(responses, 'void *', block);
      return SUCCESS;
    } catch {
      for (const copy of made) this.#free(copy);
      this.#free(block);
      return CONVERSATION_ERROR;
    }
  }

  #textOf(pam: Pointer, item: number): string | undefined {
    const text = [null as string | null];
    return this.#getText(pam, item, text) === SUCCESS ? (text[0] ?? undefined) : undefined;
  }

  /** The first of the groups that the system has the user in. */
  #groupOf(user: string, groups: readonly string[]): string | undefined {
    if (groups.length === 0) return undefined;
    const passwd: Pointer = this.#passwd(user);
    if (passwd === null) return undefined;
    const { gid }: { gid: number } = this.#koffi.decode(passwd, this.#passwdStruct);
    const ids = this.#groupIds(user, gid);
    return groups.find((name) => {
      const group: Pointer = this.#group(name);
      return group !== null && ids.has(this.#koffi.decode(group, this.#groupStruct).gid);
    });
  }

  #groupIds(user: string, gid: number): ReadonlySet<number> {
    for (let room = 64; ; room *= 4) {
      const ids = new Uint32Array(room);
      const count = [room];
      const fits = this.#groupList(user, gid, ids, count) >= 0;
      if (fits || room >= MAX_GROUPS)
        return new Set(ids.subarray(0, Math.min(room, count[0] ?? 0)));
    }
  }
}

/** A text as C has it. */
function terminated(octets: Uint8Array): Uint8Array {
  const text = Buffer.alloc(octets.length + 1);
  text.set(octets);
  return text;
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
