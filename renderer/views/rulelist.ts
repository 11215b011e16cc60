import { html, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { model, sentence } from '../model.js';
import { draftMark } from './draftmark.js';
import {
  moved,
  placeOf,
  type RuleDraft,
  type RulesKey,
  rulesView,
  withDraft,
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
  add(rule = RULE_KINDS[this.setting].initial, at = this.#rules.length, select = rule): void {
    void this.#edit({ at, text: rule, was: undefined }, rule.lastIndexOf(select), select.length);
  }

  /** Gives the focus to a rule. */
  async choose(at: number): Promise<void> {
    rulesView.change(this.setting, { chosen: Math.max(0, at) });
    this.requestUpdate();
    await this.updateComplete;
    const row = this.querySelector<HTMLElement>(`[data-at="${at}"]`);
    (row ?? this.querySelector<HTMLElement>('button.add'))?.focus();
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
    rulesView.change(this.setting, { draft, chosen: draft.at });
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
    const value = withDraft(this.#rules, draft);
    const problem = await request('settings.check', { key: this.setting, value }).catch(sentence);
    if (this.#draft === draft) this.problem = problem ?? '';
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
    const value = withDraft(this.#rules, draft);
    const problem = await request('settings.check', { key: this.setting, value }).catch(sentence);
    if (this.#draft !== draft) return;
    this.problem = problem ?? '';
    if (problem !== undefined) return;
    this.#forgetDraft();
    await this.#keep(value, at, text('routing.saved', { name: this.#name(at) }));
  }

  #cancel(): void {
    const { at } = this.#draft === undefined ? { at: 0 } : placeOf(this.#rules, this.#draft);
    this.#forgetDraft();
    void this.choose(Math.min(at, this.#rules.length - 1));
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

  async #move(from: number, to: number): Promise<void> {
    const rules = this.#rules;
    if (to < 0 || to >= rules.length || from === to) return;
    const news = text('routing.moved', { name: this.#name(from), place: this.#name(to) });
    await this.#keep(moved(rules, from, to), to, news);
  }

  async #remove(at: number): Promise<void> {
    const rules = this.#rules;
    const removed = rules[at];
    if (removed === undefined) return;
    const left = rules.toSpliced(at, 1);
    const news = text('routing.removed', { name: this.#name(at) });
    if (!(await this.#keep(left, Math.min(at, left.length - 1), news))) return;
    const restore = () =>
      this.#keep(this.#rules.toSpliced(at, 0, removed), at, text('routing.restored'));
    const { noun } = RULE_KINDS[this.setting];
    model.notify(
      { severity: 'info', message: text(`routing.${noun}Removed`, { rule: removed }) },
      { label: text('common.undo'), run: () => void restore() },
    );
  }

  /** Keeps the rules, and gives the focus to one of them. */
  async #keep(value: readonly string[], focus: number, news: string): Promise<boolean> {
    if (model.elsewhere !== undefined) return false;
    const change = { key: this.setting, value };
    if (!(await model.attempt(() => request('settings.set', change)))) return false;
    this.news = news;
    if (this.isConnected) await this.choose(focus);
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
    if (step !== undefined && event.altKey) void this.#move(at, step);
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
