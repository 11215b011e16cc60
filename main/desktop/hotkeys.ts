import { type CommandId, GLOBAL_COMMANDS, globalKeyOf } from '../ipc/contract.js';

/** A key of a command, as Electron names it (Accelerator). */
export function accelerator(key: string): string {
  return key
    .replace(/^Ctrl\+/, 'CommandOrControl+')
    .replace(/\+\+$/, '+Plus')
    .replace(/Arrow(Up|Down|Left|Right)$/, '$1');
}

/** What the system has for keys that work wherever the user is: Electron's `globalShortcut`. */
interface Registry {
  register(accelerator: string, run: () => void): boolean;
  unregister(accelerator: string): void;
}

interface Parts {
  readonly registry: Registry;
  readonly run: (id: CommandId) => void;
  /** Told which key could not be had. */
  readonly refused: (key: string) => void;
}

/** The keys that work wherever the user is. */
export class HotKeys {
  readonly #parts: Parts;
  /** By their commands, as Electron names them. */
  readonly #registered = new Map<CommandId, string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Takes the keys of the setting; those that are the same already stay. */
  apply(entries: readonly string[]): void {
    const { registry, run, refused } = this.#parts;
    const wanted = GLOBAL_COMMANDS.map((id) => [id, globalKeyOf(id, entries)] as const);
    for (const [id, key] of wanted) {
      const before = this.#registered.get(id);
      if (before === undefined || (key !== undefined && accelerator(key) === before)) continue;
      registry.unregister(before);
      this.#registered.delete(id);
    }
    for (const [id, key] of wanted) {
      if (key === undefined || this.#registered.has(id)) continue;
      const name = accelerator(key);
      if (this.#take(name, () => run(id))) this.#registered.set(id, name);
      else refused(key);
    }
  }

  dispose(): void {
    this.apply([]);
  }

  /** Some systems throw where they do not know a key. */
  #take(name: string, run: () => void): boolean {
    const { registry } = this.#parts;
    try {
      return registry.register(name, run);
    } catch {
      return false;
    }
  }
}
