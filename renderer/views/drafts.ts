import { type SettingKey, showsPassword } from '../../main/ipc/contract.js';
import { recall, remember } from '../memory.js';

/** A setting of the app, or of an extension, by its key. */
export type DraftKey = SettingKey | `extension:${string}`;

/**
 * What was typed into settings and is not in force: it outlives visits to other views, and the page
 * itself. Never a password.
 */
class Drafts {
  #texts: Partial<Record<DraftKey, string>> = recall('drafts', {});
  readonly #listeners = new Set<() => void>();

  get keys(): DraftKey[] {
    return Object.keys(this.#texts) as DraftKey[];
  }

  get(key: DraftKey): string | undefined {
    return this.#texts[key];
  }

  set(key: DraftKey, text: string): void {
    this.#keep({ ...this.#texts, [key]: text });
  }

  delete(key: DraftKey): void {
    if (this.#texts[key] === undefined) return;
    const { [key]: _text, ...others } = this.#texts;
    this.#keep(others);
  }

  /** Calls back when there is another draft, or one less. @returns what ends that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(texts: Partial<Record<DraftKey, string>>): void {
    const isOther = Object.keys(texts).length !== this.keys.length;
    this.#texts = texts;
    const { via = '', ...others } = texts;
    remember('drafts', showsPassword(via) ? others : texts);
    if (isOther) for (const listener of this.#listeners) listener();
  }
}

export const drafts = new Drafts();
