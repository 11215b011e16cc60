import { html, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { text } from '../../main/words/words.js';
import { changeSetting } from '../actions.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { model, sentence } from '../model.js';
import { passFocus } from '../workbench/focus.js';
import { draftMark } from './draftmark.js';
import {
  type ChangedRules,
  END,
  moved,
  placeOf,
  type RuleDraft,
  type RulesKey,
  rulesView,
  withDraft,
  without,
} from './rulesview.js';
import { RULE_KINDS } from './ruletexts.js';

/** How long after the last key a rule is checked, ms. */
const TYPING = 250;

/** The keys that do something with the chosen rule. */
const SHORTCUTS = 'Enter Delete Alt+ArrowUp Alt+ArrowDown';

/**
 * A list of rules in their order: one that is edited is in force once it is saved. The keys: up and
 * down choose, with Alt they move the chosen rule; Enter edits, Delete removes.
 */
@customElement('pico-rules')
export class RuleList extends PageElement {
  protected override readonly parts = ['app'] as const;
  @property() accessor setting: RulesKey = 'via';
  /** What is wrong with what is typed. */
  @state() accessor problem = '';
  /** What a screen reader is to say. */
  @state() accessor news = '';
  /** The rule that is dragged, and where it would go. */
  @state() accessor dragged: number | undefined;
  @state() accessor target: number | undefined;
  #timer: number | undefined;
  /** How many changes are under way. */
  #changes = 0;
  /** The rule that is being moved: a key that is held is about it, whatever is shown in its place. */
  #moving: string | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.#draft !== undefined) void this.#check();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  override render(): TemplateResult {
    const { title, noun, hint, otherwise } = RULE_KINDS[this.setting];
    const rules = this.#rules;
    const { chosen } = rulesView.look(this.setting);
    const draft = this.#draft;
    const current = Math.min(chosen, rules.length - 1);
    const items = rules.map((rule, i) => this.#rule(rule, i, i === current));
    if (draft !== undefined) {
      const { at, isNew } = placeOf(rules, draft);
      items.splice(at, isNew ? 0 : 1, this.#editor(draft.text, at, isNew));
    }
    return html`<section aria-labelledby="title-${this.setting}">
      <h2 id="title-${this.setting}">${text(title)}</h2>
      <p class="dim">${text(hint)}</p>
      <div
        class="rules"
        ?hidden=${items.length === 0}
        role="grid"
        aria-label=${text(title)}
        aria-rowcount=${items.length}
        aria-describedby="otherwise-${this.setting}"
      >
        ${items}
      </div>
      <p class="dim otherwise" id="otherwise-${this.setting}">${otherwise(rules)}</p>
      <button class="secondary add" @click=${() => this.add()}>${icon('add')} ${text(noun === 'route' ? 'routing.addRoute' : 'routing.addRule')}</button>
      <p class="hidden" aria-live="polite">${this.news}</p>
    </section>`;
  }

  /** Begins a new rule. @param at its place. @param select what of its text is typed over. */
  add(rule = RULE_KINDS[this.setting].initial, at = END, select = rule): void {
    void this.#edit({ at, text: rule, was: undefined }, rule.lastIndexOf(select), select.length);
  }

  /** Passes the focus to a rule. @param from what had it when that began. */
  async choose(at: number, from = document.activeElement): Promise<void> {
    rulesView.change(this.setting, { chosen: Math.max(0, at) });
    this.requestUpdate();
    await this.updateComplete;
    const row = this.querySelector<HTMLElement>(`[data-at="${at}"]`);
    passFocus(from, row ?? this.querySelector<HTMLElement>('button.add'));
  }

  get #rules(): readonly string[] {
    return model.rules(this.setting);
  }

  get #draft(): RuleDraft | undefined {
    return model.elsewhere === undefined ? rulesView.look(this.setting).draft : undefined;
  }

  #name(at: number): string {
    return text(`routing.${RULE_KINDS[this.setting].noun}`, { number: at + 1 });
  }

  #rule(rule: string, at: number, isCurrent: boolean): TemplateResult {
    const { show, say } = RULE_KINDS[this.setting];
    const last = this.#rules.length - 1;
    const isTarget = this.target === at && this.dragged !== undefined && this.dragged !== at;
    const below = isTarget && (this.dragged ?? 0) < at;
    return html`<div
      class="rule ${isTarget ? (below ? 'below' : 'above') : ''}"
      role="row"
      data-at=${at}
      draggable=${model.elsewhere === undefined}
      tabindex=${isCurrent ? '0' : '-1'}
      aria-rowindex=${at + 1}
      aria-selected=${isCurrent}
      aria-label="${this.#name(at)}: ${say(rule)}"
      aria-keyshortcuts=${SHORTCUTS}
      title=${rule}
      @keydown=${(event: KeyboardEvent) => this.#press(event, at)}
      @focusin=${() => this.#current(at)}
      @dblclick=${() => this.#edit({ at, text: rule, was: rule })}
      @dragstart=${(event: DragEvent) => this.#drag(event, at)}
      @dragover=${(event: DragEvent) => this.#dragOver(event, at)}
      @drop=${(event: DragEvent) => this.#drop(event, at)}
      @dragend=${() => this.#endDrag()}
    >
      <span class="handle" aria-hidden="true">${icon('gripper')}</span>
      <span class="number" role="gridcell">${at + 1}</span>
      <span class="text" role="gridcell">${show(rule)}</span>
      <span class="actions" role="gridcell">
        ${this.#action(text('common.edit', { name: this.#name(at) }), 'edit', isCurrent, () =>
          this.#edit({ at, text: rule, was: rule }),
        )}
        ${this.#action(
          text('routing.moveUp', { name: this.#name(at) }),
          'arrow-up',
          isCurrent,
          () => this.#move(at, at - 1),
          at === 0,
        )}
        ${this.#action(
          text('routing.moveDown', { name: this.#name(at) }),
          'arrow-down',
          isCurrent,
          () => this.#move(at, at + 1),
          at === last,
        )}
        ${this.#action(text('routing.remove', { name: this.#name(at) }), 'trash', isCurrent, () => this.#remove(at))}
      </span>
    </div>`;
  }

  /** @param isCurrent whether it is reached by Tab: that of other rules is reached with theirs. */
  #action(
    name: string,
    symbol: string,
    isCurrent: boolean,
    act: () => unknown,
    disabled = false,
  ): TemplateResult {
    return html`<button
      class="plain"
      tabindex=${isCurrent ? '0' : '-1'}
      aria-label=${name}
      title=${name}
      ?disabled=${disabled}
      @click=${() => void act()}
      @dblclick=${(event: Event) => event.stopPropagation()}
    >
      ${icon(symbol)}
    </button>`;
  }

  #editor(typed: string, at: number, isNew: boolean): TemplateResult {
    const { placeholder, noun } = RULE_KINDS[this.setting];
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Enter') void this.#save();
      else if (event.key === 'Escape') this.#cancel();
    };
    const name = isNew
      ? text(noun === 'route' ? 'routing.newRoute' : 'routing.newRule')
      : text('common.edit', { name: this.#name(at) });
    return html`<div class="rule editing" role="row">
      <span class="text" role="gridcell">
        <input
          type="text"
          class="rule-text"
          spellcheck="false"
          autocomplete="off"
          maxlength="1000"
          aria-label=${name}
          aria-invalid=${this.problem !== ''}
          aria-describedby="draft-${this.setting} wrong-${this.setting}"
          placeholder=${text(placeholder)}
          .value=${live(typed)}
          @input=${(event: Event) => this.#type((event.target as HTMLInputElement).value)}
          @keydown=${press}
        />
        ${draftMark(`draft-${this.setting}`)}
        <p id="wrong-${this.setting}" class="invalid" role="alert">${this.problem}</p>
      </span>
      <span class="actions" role="gridcell">
        <button @click=${() => void this.#save()}>${text('common.save')}</button>
        <button class="secondary" @click=${() => this.#cancel()}>${text('common.cancel')}</button>
      </span>
    </div>`;
  }

  /** @param from the first character that is typed over; all are, if it is left out. */
  async #edit(draft: RuleDraft, from = 0, length = draft.text.length): Promise<void> {
    if (model.elsewhere !== undefined) return;
    clearTimeout(this.#timer);
    this.problem = '';
    rulesView.change(this.setting, { draft, chosen: placeOf(this.#rules, draft).at });
    this.requestUpdate();
    await this.updateComplete;
    const input = this.querySelector<HTMLInputElement>('input.rule-text');
    input?.focus();
    input?.setSelectionRange(from, from + length);
  }

  #type(typed: string): void {
    const draft = this.#draft;
    if (draft === undefined) return;
    rulesView.change(this.setting, { draft: { ...draft, text: typed } });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), TYPING);
  }

  /** Says what is wrong with what is being typed. */
  async #check(): Promise<void> {
    const draft = this.#draft;
    if (draft === undefined || draft.text.trim() === '') {
      this.problem = '';
      return;
    }
    const problem = await this.#problemOf(draft);
    if (this.#draft === draft) this.problem = problem ?? '';
  }

  #problemOf(draft: RuleDraft): Promise<string | undefined> {
    const { rules: value } = withDraft(this.#rules, draft);
    return request('settings.check', { key: this.setting, value }).catch(sentence);
  }

  /** Puts what was typed into force, if it is valid. */
  async #save(): Promise<void> {
    clearTimeout(this.#timer);
    const draft = this.#draft;
    if (draft === undefined) return;
    const { at, isNew } = placeOf(this.#rules, draft);
    if (draft.text.trim() === '') {
      this.#forgetDraft();
      if (isNew) void this.choose(at);
      else await this.#remove(at);
      return;
    }
    const problem = await this.#problemOf(draft);
    if (this.#draft !== draft) return;
    this.problem = problem ?? '';
    if (problem !== undefined) return;
    this.#forgetDraft();
    const isSaved = await this.#change(
      (rules) => withDraft(rules, draft),
      (place) => text('routing.saved', { name: this.#name(place) }),
    );
    if (!isSaved && this.#draft === undefined) await this.#edit(draft);
  }

  #cancel(): void {
    const at = this.#draft === undefined ? 0 : placeOf(this.#rules, this.#draft).at;
    this.#forgetDraft();
    void this.choose(at);
  }

  #forgetDraft(): void {
    clearTimeout(this.#timer);
    this.problem = '';
    rulesView.change(this.setting, { draft: undefined });
    this.requestUpdate();
  }

  #current(at: number): void {
    if (rulesView.look(this.setting).chosen === at) return;
    rulesView.change(this.setting, { chosen: at });
    this.requestUpdate();
  }

  /** @param was the rule that is moved: by default the one whose place that is. */
  async #move(from: number, to: number, was = this.#rules[from]): Promise<void> {
    if (was === undefined) return;
    this.#moving = was;
    await this.#change(
      (rules) => moved(rules, { at: from, was }, to - from),
      (place) => text('routing.moved', { name: this.#name(from), place: this.#name(place) }),
    );
    if (this.#changes === 0) this.#moving = undefined;
  }

  async #remove(at: number): Promise<void> {
    const was = this.#rules[at];
    if (was === undefined) return;
    const isRemoved = await this.#change(
      (rules) => without(rules, { at, was }),
      () => text('routing.removed', { name: this.#name(at) }),
    );
    if (!isRemoved) return;
    const restore = () =>
      this.#change(
        (rules) => withDraft(rules, { at, text: was, was: undefined }),
        () => text('routing.restored'),
      );
    const { noun } = RULE_KINDS[this.setting];
    model.notify(
      { severity: 'info', message: text(`routing.${noun}Removed`, { rule: was }) },
      { label: text('common.undo'), run: () => void restore() },
    );
  }

  /**
   * Changes the rules, and gives the focus to the one that it was about.
   *
   * @param news what has happened, by the place of that rule.
   * @returns whether they have changed.
   */
  async #change(
    change: (rules: readonly string[]) => ChangedRules | undefined,
    news: (at: number) => string,
  ): Promise<boolean> {
    if (model.elsewhere !== undefined) return false;
    const { activeElement: from } = document;
    let changed: ChangedRules | undefined;
    const make = (rules: readonly string[]) => {
      changed = change(rules);
      return changed?.rules;
    };
    this.#changes++;
    const isChanged = await changeSetting(this.setting, make);
    this.#changes--;
    if (!isChanged || changed === undefined) return false;
    const { at, rules } = changed;
    this.news = news(at);
    if (!this.isConnected) return true;
    const { activeElement: active } = document;
    // Of several keys in a row each is for the rule that the one before has moved.
    const isHere = active?.closest('pico-rules') === this && active.matches('[data-at]');
    await this.choose(Math.min(at, rules.length - 1), isHere ? active : from);
    return true;
  }

  #press(event: KeyboardEvent, at: number): void {
    if (event.target !== event.currentTarget) return;
    const rule = this.#rules[at] ?? '';
    const last = this.#rules.length - 1;
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: at - 1,
      ArrowDown: at + 1,
      Home: 0,
      End: last,
    };
    const step = steps[event.key];
    if (step !== undefined && event.altKey) void this.#move(at, step, this.#moving);
    else if (step !== undefined) void this.choose(Math.max(0, Math.min(step, last)));
    else if (event.key === 'Enter' || event.key === 'F2') {
      void this.#edit({ at, text: rule, was: rule });
    } else if (event.key === 'Delete') void this.#remove(at);
    else return;
    event.preventDefault();
  }

  #drag(event: DragEvent, at: number): void {
    this.dragged = at;
    event.dataTransfer?.setData('text/plain', this.#rules[at] ?? '');
    if (event.dataTransfer !== null) event.dataTransfer.effectAllowed = 'move';
  }

  /** Only a rule of this list is taken. */
  #dragOver(event: DragEvent, at: number): void {
    if (this.dragged === undefined) return;
    event.preventDefault();
    this.target = at;
  }

  #drop(event: DragEvent, at: number): void {
    const { dragged } = this;
    this.#endDrag();
    if (dragged === undefined) return;
    event.preventDefault();
    void this.#move(dragged, at);
  }

  #endDrag(): void {
    this.dragged = undefined;
    this.target = undefined;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-rules': RuleList;
  }
}
