import { withDeadline } from '../base/awaitable.js';
import { type Disposable, toDisposable } from '../base/disposable.js';
import type { ViewHandle, ViewProvider } from './api.js';
import { notContributed } from './context.js';
import type { Extension } from './extension.js';
import { faults } from './faults.js';
import type { ViewContribution } from './manifest.js';
import { demandMethod, methodOf } from './slots/owner.js';
import {
  checkFormValues,
  checkViewContent,
  type FormContent,
  type ShownView,
} from './viewcontent.js';
import { facade, view } from './views.js';

/** How often it is told at most that a view shows something else, ms. */
const CHANGE_PERIOD = 100;

interface Registered {
  readonly extension: Extension;
  readonly contribution: ViewContribution;
  content(): unknown;
  readonly submit: ((values: unknown) => unknown) | undefined;
}

/** What extensions have to show, and who is told when it is something else. */
export class ShownViews {
  readonly #registered = new Set<Registered>();
  readonly #listeners = new Set<(id: string) => void>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** @throws {UserError} if package.json does not contribute it, or it is registered already. */
  register(extension: Extension, id: string, provider: ViewProvider): ViewHandle {
    const { views } = extension.manifest;
    const contribution = views.find((one) => one.id === id);
    if (contribution === undefined) {
      const known = views.map((one) => one.id);
      throw notContributed(extension, `the view "${id}"`, String(id), 'views', known);
    }
    if (this.#of(extension, id) !== undefined) {
      throw extension.wrong(`the view "${id}" is registered already`);
    }
    if (typeof provider !== 'object' || provider === null) {
      throw extension.wrong(`the view "${id}" has nothing that provides its content`);
    }
    const registered: Registered = {
      extension,
      contribution,
      content: demandMethod(provider, 'content', extension),
      submit: methodOf(provider, 'submit', extension),
    };
    this.#registered.add(registered);
    this.#note(id);
    const kept = extension.keep(() => {
      this.#registered.delete(registered);
      this.#note(id);
    });
    return facade({ changed: () => this.#note(id), dispose: () => kept.dispose() });
  }

  /** Whether an extension has said what one of its views shows. */
  has(extension: Extension, id: string): boolean {
    return this.#of(extension, id) !== undefined;
  }

  /**
   * What a view shows now.
   *
   * @throws {UserError} if its extension fails to say that, or in time.
   */
  async content(extension: Extension, id: string): Promise<ShownView> {
    const { contribution, content } = this.#demand(extension, id);
    const commands = extension.manifest.commands.map(({ command }) => command);
    try {
      const given = await this.#answer(extension, content);
      // What is looked at may be the extension's code.
      return extension.run(() => checkViewContent(given, { kind: contribution.kind, commands }));
    } catch (error) {
      throw extension.wrong(`its view "${id}": ${extension.words(error)}`);
    }
  }

  /**
   * Hands over what was filled in.
   *
   * @returns what the extension has to say to that.
   * @throws {UserError} if it is not what the form asks for, or the extension does not take it.
   */
  async submit(extension: Extension, id: string, values: unknown): Promise<unknown> {
    const { submit } = this.#demand(extension, id);
    const form = await this.content(extension, id);
    if (form.kind !== 'form' || submit === undefined) {
      throw extension.wrong(`its view "${id}" takes nothing`);
    }
    const checked = checkFormValues(form as FormContent, values);
    try {
      return await this.#answer(extension, () => submit(view(checked)));
    } catch (error) {
      throw extension.mistake(error);
    }
  }

  /** Calls back when a view shows something else, not too often. */
  onChange(listener: (id: string) => void): Disposable {
    this.#listeners.add(listener);
    return toDisposable(() => this.#listeners.delete(listener));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #answer(extension: Extension, ask: () => unknown): Promise<unknown> {
    const { answerTime } = extension;
    const late = () => new Error(`no answer within ${answerTime / 1000} s`);
    return withDeadline(Promise.resolve(extension.run(ask)), answerTime, late);
  }

  #of(extension: Extension, id: string): Registered | undefined {
    for (const one of this.#registered) {
      if (one.extension === extension && one.contribution.id === id) return one;
    }
    return undefined;
  }

  #demand(extension: Extension, id: string): Registered {
    const found = this.#of(extension, id);
    if (found !== undefined) return found;
    throw extension.wrong(`it shows nothing in its view "${id}"`);
  }

  #note(id: string): void {
    if (this.#listeners.size === 0) return;
    this.#changed.add(id);
    this.#timer ??= faults.outside(() =>
      setTimeout(() => {
        const changed = [...this.#changed];
        this.#changed.clear();
        this.#timer = undefined;
        for (const one of changed) for (const listener of this.#listeners) listener(one);
      }, CHANGE_PERIOD).unref(),
    );
  }
}
