import { type SettingKey, showsPassword } from '../../main/ipc/contract.js';
import { recall, remember } from '../memory.js';

/** What was typed into settings and is not in force: it outlives visits to other views. */
export class Drafts {
  #texts: Partial<Record<SettingKey, string>> = recall('drafts', {});

  get keys(): SettingKey[] {
    return Object.keys(this.#texts) as SettingKey[];
  }

  get(key: SettingKey): string | undefined {
    return this.#texts[key];
  }

  set(key: SettingKey, text: string): void {
    this.#keep({ ...this.#texts, [key]: text });
  }

  delete(key: SettingKey): void {
    const { [key]: _text, ...others } = this.#texts;
    this.#keep(others);
  }

  #keep(texts: Partial<Record<SettingKey, string>>): void {
    this.#texts = texts;
    const { via = '', ...others } = texts;
    remember('drafts', showsPassword(via) ? others : texts);
  }
}
