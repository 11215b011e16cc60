import { readFileSync } from 'node:fs';
import {
  type ConnectionInfo,
  type Disposable,
  type EventSink,
  messageOf,
  Sequence,
  type ServerEvent,
  type Usage,
} from 'picosocks5';
import type { UserActivity } from '../ipc/contract.js';
import { writeWholeFile } from '../wholefile.js';
import { text } from '../words/words.js';
import type { DesktopUsers } from './users.js';

/** How often what users have done is written, ms: a crash forgets no more than this. */
const PERIOD = 30_000;

/** What is kept of a user over all runs. */
interface Kept {
  readonly lastSeen: number | undefined;
  /** Bytes of connections that are over. */
  readonly up: number;
  readonly down: number;
  readonly usage: Usage | undefined;
}

/** What connections that there are have moved. */
interface Live {
  readonly connections: number;
  readonly up: number;
  readonly down: number;
}

const NOTHING: Kept = { lastSeen: undefined, up: 0, down: 0, usage: undefined };
const NOBODY: Live = { connections: 0, up: 0, down: 0 };

/** What users have done: when they were connected last, and what they have moved. */
export class UserActivities implements EventSink, Disposable {
  readonly id = 'activity';
  readonly #file: string;
  readonly #users: Pick<DesktopUsers, 'has'>;
  readonly #warn: (message: string) => void;
  readonly #kept: Map<string, Kept>;
  /** The users who were connected when a sample was taken last. */
  #live: ReadonlyMap<string, Live> = new Map();
  /** Who is another than when a sample was taken last. */
  readonly #touched = new Set<string>();
  #isWritten = true;
  readonly #writes = new Sequence();
  readonly #timer: NodeJS.Timeout;

  /** @param warn told in one sentence if the file cannot be used. */
  constructor(
    file: string,
    users: Pick<DesktopUsers, 'has' | 'on'>,
    warn: (message: string) => void,
  ) {
    this.#file = file;
    this.#users = users;
    this.#warn = warn;
    this.#kept = read(file, warn);
    this.#timer = setInterval(() => void this.#write(), PERIOD).unref();
    users.on('renamed', (from, to) => this.#rename(from, to));
  }

  wants(type: ServerEvent['type']): boolean {
    return type === 'authenticated' || type === 'closed';
  }

  handle(event: ServerEvent): void {
    if (event.type !== 'authenticated' && event.type !== 'closed') return;
    const { user, time } = event;
    if (user === undefined || !this.#users.has(user)) return;
    const { up, down } = event.type === 'closed' ? event : NOBODY;
    const before = this.#keptOf(user);
    this.#keep(user, {
      ...before,
      lastSeen: time,
      up: before.up + up,
      down: before.down + down,
    });
  }

  /**
   * Looks at what there is, once a second.
   *
   * @param usage what those with limits have used, by `user NAME`.
   * @param now ms since 1970.
   * @returns those who are others than before.
   */
  sample(
    connections: readonly ConnectionInfo[],
    usage: Readonly<Record<string, Usage>>,
    now = Date.now(),
  ): UserActivity[] {
    const live = new Map<string, Live>();
    for (const { user, up, down } of connections) {
      if (user === undefined || !this.#users.has(user)) continue;
      const sum = live.get(user) ?? NOBODY;
      live.set(user, {
        connections: sum.connections + 1,
        up: sum.up + up,
        down: sum.down + down,
      });
    }
    for (const name of live.keys()) this.#keep(name, { ...this.#keptOf(name), lastSeen: now });
    for (const name of this.#live.keys()) this.#touched.add(name);
    for (const [key, used] of Object.entries(usage)) {
      const name = key.startsWith('user ') ? key.slice('user '.length) : '';
      const before = this.#keptOf(name);
      if (before.usage !== used && this.#users.has(name))
        this.#keep(name, { ...before, usage: used });
    }
    this.#live = live;
    const changed = [...this.#touched].map((name) => this.#activityOf(name, now));
    this.#touched.clear();
    return changed;
  }

  /** What is known of all who have done something. @param now ms since 1970. */
  all(now = Date.now()): UserActivity[] {
    const names = [...this.#kept.keys()].filter((name) => this.#users.has(name));
    return names.map((name) => this.#activityOf(name, now));
  }

  /** Writes what is not written yet. */
  close(): Promise<void> {
    this.dispose();
    return this.#write();
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  #keptOf(name: string): Kept {
    return this.#kept.get(name) ?? NOTHING;
  }

  #keep(name: string, kept: Kept): void {
    this.#kept.set(name, kept);
    this.#touched.add(name);
    this.#isWritten = false;
  }

  #rename(from: string, to: string): void {
    const kept = this.#kept.get(from);
    if (kept === undefined) return;
    this.#kept.delete(from);
    // What counts for quotas is by name.
    this.#keep(to, { ...kept, usage: undefined });
  }

  #activityOf(name: string, now: number): UserActivity {
    const { lastSeen, up, down, usage } = this.#keptOf(name);
    const live = this.#live.get(name) ?? NOBODY;
    const { dayBytes, monthBytes } = usedAt(usage, new Date(now));
    return {
      name,
      lastSeen,
      connections: live.connections,
      up: up + live.up,
      down: down + live.down,
      dayBytes,
      monthBytes,
    };
  }

  #write(): Promise<void> {
    return this.#writes.run(async () => {
      if (this.#isWritten) return;
      this.#isWritten = true;
      const entries = [...this.#kept].filter(([name]) => this.#users.has(name));
      try {
        await writeWholeFile(this.#file, `${JSON.stringify(entries)}\n`, { secret: true });
      } catch (error) {
        this.#isWritten = false;
        this.#warn(messageOf(error));
      }
    });
  }
}

/** What of a usage counts at a time: a new day, and a new month, begins with nothing. */
function usedAt(usage: Usage | undefined, now: Date): Pick<Usage, 'dayBytes' | 'monthBytes'> {
  if (usage === undefined) return { dayBytes: 0, monthBytes: 0 };
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  // A clock that was set back takes what was used over, as the server does.
  const isOf = (length: number) => usage.day.slice(0, length) >= day.slice(0, length);
  return {
    dayBytes: isOf(10) ? usage.dayBytes : 0,
    monthBytes: isOf(7) ? usage.monthBytes : 0,
  };
}

/** What a file has; nothing, if there is none or it is damaged: then that is told. */
function read(file: string, warn: (message: string) => void): Map<string, Kept> {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    return new Map();
  }
  try {
    const entries: unknown = JSON.parse(content);
    if (!Array.isArray(entries) || !entries.every(isEntry)) throw new Error('it is no such list');
    return new Map(entries);
  } catch {
    warn(text('accounts.activityDamaged', { file }));
    return new Map();
  }
}

function isEntry(entry: unknown): entry is [string, Kept] {
  if (!Array.isArray(entry) || typeof entry[0] !== 'string') return false;
  const kept: unknown = entry[1];
  if (typeof kept !== 'object' || kept === null) return false;
  const { lastSeen, up, down, usage } = kept as Partial<Kept>;
  const isSeen = lastSeen === undefined || Number.isFinite(lastSeen);
  return isSeen && Number.isFinite(up) && Number.isFinite(down) && isUsage(usage);
}

function isUsage(usage: unknown): boolean {
  if (usage === undefined) return true;
  if (typeof usage !== 'object' || usage === null) return false;
  const { day, dayBytes, monthBytes } = usage as Partial<Usage>;
  return typeof day === 'string' && Number.isFinite(dayBytes) && Number.isFinite(monthBytes);
}
