import { html, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { PageElement } from '../element.js';
import { sentence } from '../model.js';
import { passFocus } from '../workbench/focus.js';

/** How long after the last key a value is checked, ms. */
const TYPING = 250;

/** What is chosen from a list. */
interface Choice {
  readonly value: string;
  readonly label: string;
}

/**
 * The field of a setting. What is typed is checked meanwhile, and in force once it is valid and
 * done: with Enter, or when its field is left; Escape gives the former value back. What is chosen is
 * in force at once.
 */
export abstract class DraftField<V> extends PageElement {
  /** What is wrong with what was typed. */
  @state() accessor problem: string | undefined;
  /** What was chosen and is about to be in force. */
  @state() accessor chosen: V | undefined;
  #timer: number | undefined;

  /** What was typed and is not in force. */
  abstract get draft(): string | undefined;
  abstract set draft(typed: string | undefined);

  /** What is in force. */
  protected abstract get value(): V | undefined;

  /** The name of its setting, of which the ids of its parts are made. */
  protected abstract get key(): string;

  /** Whether it has several lines, where Enter begins another one. */
  protected abstract get isLong(): boolean;

  /** Reads what was typed. */
  protected abstract parse(typed: string): V;

  /** Asks what is wrong with a value. */
  protected abstract verify(value: V): Promise<string | undefined>;

  /** Puts a value into force. @throws {RequestError} */
  protected abstract put(value: V): Promise<unknown>;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#check();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    void this.commit();
  }

  protected checkBox(title: string): TemplateResult {
    return html`<label class="check">
      <input
        id="setting-${this.key}"
        type="checkbox"
        aria-describedby="about-${this.key} wrong-${this.key}"
        .checked=${live((this.chosen ?? this.value) === true)}
        @change=${(event: Event) => void this.choose((event.target as HTMLInputElement).checked as V)}
      />
      <span class="title">${title}</span>
    </label>`;
  }

  /** @param first what stands before the choices. */
  protected choiceList(choices: readonly Choice[], first: unknown): TemplateResult {
    const value = this.chosen ?? this.value;
    return html`<select
      id="setting-${this.key}"
      aria-describedby="about-${this.key} wrong-${this.key}"
      @change=${(event: Event) => void this.choose((event.target as HTMLSelectElement).value as V)}
    >
      ${first}
      ${choices.map(
        (choice) =>
          html`<option value=${choice.value} .selected=${choice.value === value}>
            ${choice.label}
          </option>`,
      )}
    </select>`;
  }

  protected readonly typed = ({ target }: Event): void => {
    this.draft = (target as HTMLInputElement | HTMLTextAreaElement).value;
    this.requestUpdate();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), TYPING);
  };

  // Who goes to another window has not done yet: the field is still the one that is typed in.
  protected readonly left = ({ target }: FocusEvent): void => {
    if (target !== document.activeElement) void this.commit();
  };

  protected readonly pressed = ({ key, ctrlKey, metaKey }: KeyboardEvent): void => {
    if (key === 'Escape') this.forget();
    else if (key === 'Enter' && (!this.isLong || ctrlKey || metaKey)) void this.enter();
  };

  /** Says what is wrong with what is being typed; it is in force no sooner than it is done. */
  async #check(): Promise<void> {
    const { draft } = this;
    if (draft === undefined) return;
    const problem = await this.verify(this.parse(draft)).catch(sentence);
    if (this.draft === draft) this.problem = problem;
  }

  /** Puts what was typed into force, if it is valid. */
  protected async commit(): Promise<void> {
    clearTimeout(this.#timer);
    const { draft } = this;
    if (draft === undefined) return;
    await this.attempt(
      () => this.put(this.parse(draft)),
      () => this.draft === draft,
    );
  }

  /** What Enter does. */
  protected async enter(): Promise<void> {
    await this.commit();
  }

  /** Puts what was chosen into force, and shows it meanwhile. */
  protected async choose(value: V): Promise<void> {
    this.chosen = value;
    await this.attempt(
      () => this.put(value),
      () => this.chosen === value,
    );
    if (this.chosen === value) this.chosen = undefined;
  }

  /** Does something about the value. @param isCurrent whether nothing else was typed meanwhile. */
  protected async attempt(action: () => Promise<unknown>, isCurrent: () => boolean): Promise<void> {
    const problem = await action().then(() => undefined, sentence);
    if (!isCurrent()) return;
    if (problem === undefined) this.draft = undefined;
    this.problem = problem;
    this.requestUpdate();
  }

  /** Gives up what was typed. */
  protected forget(): void {
    clearTimeout(this.#timer);
    this.draft = undefined;
    this.problem = undefined;
    this.requestUpdate();
  }

  /** Passes the focus to the field. @param from what had it when that began. */
  protected focusField(from = document.activeElement): void {
    passFocus(from, this.querySelector<HTMLElement>(`[id="setting-${this.key}"]`));
  }
}
