import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { repeat } from 'lit/directives/repeat.js';
import {
  isFileSetting,
  type SettingDescriptor,
  type SettingKey,
  type SettingValue,
} from '../../main/ipc/contract.js';
import { usePort } from '../actions.js';
import { request } from '../bridge.js';
import { run } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { recall, remember } from '../memory.js';
import { model, sentence } from '../model.js';
import { registerView } from '../viewregistry.js';
import { addressChoices } from './addresschoices.js';
import './contributedsettings.js';
import { text } from '../../main/words/words.js';
import { matches } from './contributedsettings.js';
import { Drafts } from './drafts.js';

/** How long after the last key a value is checked, ms. */
const TYPING = 250;

/** Reads what was typed; a number that is none becomes one that no setting takes. */
function parse({ type }: SettingDescriptor, text: string): SettingValue {
  if (type === 'number') return /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : -1;
  if (type !== 'list') return text.trim();
  return text
    .split(/[\n,]/)
    .map((item) => item.trim())
    .filter(Boolean);
}

function show(value: SettingValue, between = ', '): string {
  return Array.isArray(value) ? value.join(between) : String(value);
}

/** Whether a setting is a list that may be long: it has a line for each of its items. */
function isLong({ type, pick }: SettingDescriptor): boolean {
  return type === 'list' && pick === undefined;
}

const drafts = new Drafts();

/**
 * All settings, drawn from their descriptions. What is typed is checked meanwhile, and in force
 * once it is done: with Enter, or when its field is left.
 */
@customElement('pico-settings')
export class Settings extends PageElement {
  protected override readonly parts = ['app'] as const;
  @state() accessor search = recall('settings', { search: '' }).search;
  /** What is wrong with what was typed, by setting. */
  @state() accessor problems: Readonly<Partial<Record<SettingKey, string>>> = {};
  readonly #timers = new Map<SettingKey, number>();

  override connectedCallback(): void {
    super.connectedCallback();
    for (const key of drafts.keys) void this.#check(key);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const key of [...this.#timers.keys()]) void this.#commit(key);
  }

  override render(): TemplateResult {
    const shown = this.#found();
    const sections = [...new Set(shown.map(({ section }) => section))];
    const own = model.app.extensions.settings.filter((one) => matches(one, this.#wanted));
    const contributed = [...new Set(own.map(({ section }) => section))];
    return html`<div class="page settings">
      <h1>Settings</h1>
      <input
        class="search"
        type="search"
        aria-label="Search settings"
        placeholder="Search settings"
        .value=${this.search}
        @input=${(event: Event) => {
          this.search = (event.target as HTMLInputElement).value;
          remember('settings', { search: this.search });
        }}
      />
      ${this.#pending()}
      ${sections.map(
        (section) =>
          html`<section aria-label=${section}>
            <h2>${section}</h2>
            ${shown.filter((item) => item.section === section).map((item) => this.#setting(item))}
          </section>`,
      )}
      ${contributed.map(
        (section) =>
          html`<section aria-label=${section}>
            <h2>${section}</h2>
            ${repeat(
              own.filter((item) => item.section === section),
              ({ key }) => key,
              (setting) =>
                html`<pico-contributed-setting .setting=${setting}></pico-contributed-setting>`,
            )}
          </section>`,
      )}
      ${shown.length + own.length === 0 ? html`<p class="empty">No setting has these words.</p>` : nothing}
    </div>`;
  }

  /** The words that are searched for. */
  get #wanted(): string[] {
    return this.search.toLowerCase().split(/\s+/).filter(Boolean);
  }

  #found(): SettingDescriptor[] {
    const wanted = this.#wanted;
    return model.app.descriptors.filter(({ title, description, key, section }) => {
      const text = `${title} ${description} ${key} ${section}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
  }

  #pending(): TemplateResult | typeof nothing {
    const { pending, problem, freePort } = model.app.server;
    if (pending.length === 0 && problem === undefined) return nothing;
    const names = model.app.descriptors.filter(({ key }) => pending.includes(key));
    return html`<div class="banner ${problem === undefined ? 'info' : 'error'}" role="alert">
      ${icon(problem === undefined ? 'info' : 'error')}
      <p>
        ${
          problem ??
          `The server takes over ${names.map(({ title }) => title).join(' and ')} when it is ` +
            'restarted; connections go on.'
        }
      </p>
      ${
        freePort === undefined
          ? nothing
          : html`<button @click=${() => usePort(freePort)}>Use port ${freePort}</button>`
      }
      ${
        pending.length === 0
          ? nothing
          : html`<button
            class=${freePort === undefined ? '' : 'secondary'}
            @click=${() => run('server.restart')}
          >
            Restart server
          </button>`
      }
    </div>`;
  }

  #setting(descriptor: SettingDescriptor): TemplateResult {
    const { key, title, description, type } = descriptor;
    const modified = model.app.settings.modified.includes(key);
    const isTyped = drafts.get(key) !== undefined;
    const problem = this.problems[key] ?? this.#fault(key);
    return html`<div class="setting ${modified ? 'modified' : ''}">
      ${
        type === 'boolean'
          ? nothing
          : html`<label class="title" for="setting-${key}">${title}</label>`
      }
      ${modified || isTyped ? this.#reset(descriptor) : nothing}
      <p class="dim" id="about-${key}">${description} ${this.#defaultText(descriptor)}</p>
      <div class="control">${this.#control(descriptor, problem !== undefined)}</div>
      <p class="invalid" id="wrong-${key}" aria-live="polite">${problem ?? ''}</p>
    </div>`;
  }

  /** What the server says of a setting that it cannot go by. */
  #fault(key: SettingKey): string | undefined {
    const { lanFault } = model.app.server;
    return lanFault?.key === key ? lanFault.message : undefined;
  }

  #defaultText({ type, default: value, unit }: SettingDescriptor): string {
    if (type === 'boolean' || type === 'choice' || show(value) === '') return '';
    return `Default: ${show(value)}${unit === undefined ? '' : ` ${unit}`}.`;
  }

  #reset({ key, title }: SettingDescriptor): TemplateResult {
    const reset = async () => {
      this.#forget(key);
      await model.attempt(() => request('settings.reset', key));
      this.querySelector<HTMLElement>(`#setting-${key}`)?.focus();
    };
    return html`<button
      class="plain reset"
      aria-label="Reset: ${title}"
      title="As it comes"
      @click=${reset}
    >
      ${icon('discard')}
    </button>`;
  }

  #control(descriptor: SettingDescriptor, invalid: boolean): TemplateResult {
    const { key, title, type, choices = [], unit } = descriptor;
    const value = model.app.settings.values[key];
    switch (type) {
      case 'boolean':
        return html`<label class="check">
          <input
            id="setting-${key}"
            type="checkbox"
            aria-describedby="about-${key} wrong-${key}"
            .checked=${value === true}
            @change=${(event: Event) =>
              void this.#save(key, (event.target as HTMLInputElement).checked)}
          />
          <span class="title">${title}</span>
        </label>`;
      case 'choice':
        return html`<select
          id="setting-${key}"
          aria-describedby="about-${key}"
          @change=${(event: Event) =>
            void this.#save(key, (event.target as HTMLSelectElement).value)}
        >
          ${choices.map(
            (choice) =>
              html`<option value=${choice.value} .selected=${choice.value === value}>
                ${choice.label}
              </option>`,
          )}
        </select>`;
      case 'file':
        return this.#fileChoice(descriptor, String(value));
      default:
        return html`${this.#textBox(descriptor, value, invalid)}
        ${unit === undefined ? nothing : html`<span class="dim">${unit}</span>`}
        ${this.#picker(descriptor)}`;
    }
  }

  /** A file is chosen in a dialog of the system, which the app opens: the window cannot name one. */
  #fileChoice({ key, title }: SettingDescriptor, file: string): TemplateResult {
    const choose = async () => {
      if (!isFileSetting(key)) return;
      const problem = await request('settings.choose', key).then(() => undefined, sentence);
      this.#setProblem(key, problem);
    };
    return html`<button
        id="setting-${key}"
        class="secondary"
        aria-label="Choose: ${title}"
        aria-describedby="about-${key} file-${key} wrong-${key}"
        @click=${() => void choose()}
      >
        Choose …
      </button>
      <span id="file-${key}" class="file">${file === '' ? 'none chosen' : file}</span>`;
  }

  #textBox(descriptor: SettingDescriptor, value: SettingValue, invalid: boolean): TemplateResult {
    const { key, type, placeholder = '' } = descriptor;
    const typed = (event: Event) =>
      this.#type(descriptor, (event.target as HTMLInputElement | HTMLTextAreaElement).value);
    const done = () => void this.#commit(key);
    // Who goes to another window has not done yet: the field is still the one that is typed in.
    const leave = ({ target }: FocusEvent) => target !== document.activeElement && done();
    const press = ({ key: pressed, ctrlKey, metaKey }: KeyboardEvent) => {
      if (pressed === 'Enter' && (!isLong(descriptor) || ctrlKey || metaKey)) done();
      else if (pressed === 'Escape') this.#forget(key);
    };
    if (isLong(descriptor)) {
      return html`<textarea
        id="setting-${key}"
        rows="3"
        spellcheck="false"
        placeholder="${placeholder}, one on each line"
        aria-invalid=${invalid}
        aria-describedby="about-${key} wrong-${key}"
        .value=${live(drafts.get(key) ?? show(value, '\n'))}
        @input=${typed}
        @blur=${leave}
        @keydown=${press}
      ></textarea>`;
    }
    return html`<input
      id="setting-${key}"
      type="text"
      class=${type}
      inputmode=${type === 'number' ? 'numeric' : 'text'}
      spellcheck="false"
      autocomplete="off"
      placeholder=${placeholder}
      aria-invalid=${invalid}
      aria-describedby="about-${key} wrong-${key}"
      .value=${live(drafts.get(key) ?? show(value))}
      @input=${typed}
      @blur=${leave}
      @keydown=${press}
    />`;
  }

  /** Addresses of this machine, to be picked. */
  #picker(descriptor: SettingDescriptor): TemplateResult | typeof nothing {
    const { pick, key } = descriptor;
    if (pick === undefined) return nothing;
    const all = addressChoices(pick, model.app.settings.addresses);
    const choose = (event: Event) => {
      const select = event.target as HTMLSelectElement;
      const value = select.value === '' ? [] : [select.value];
      select.selectedIndex = 0;
      this.#forget(key);
      void this.#save(key, value);
    };
    return html`<select aria-label="Pick one of this computer" @change=${choose}>
      <option disabled selected value="-">Pick …</option>
      ${all.map(({ value, label }) => html`<option value=${value}>${label}</option>`)}
    </select>`;
  }

  #type({ key }: SettingDescriptor, text: string): void {
    drafts.set(key, text);
    this.requestUpdate();
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => void this.#check(key), TYPING),
    );
  }

  /** Says what is wrong with what is being typed; it is in force no sooner than it is done. */
  async #check(key: SettingKey): Promise<void> {
    const value = this.#typed(key);
    if (value === undefined) return;
    const problem = await request('settings.check', { key, value }).catch(sentence);
    if (drafts.get(key) !== undefined) this.#setProblem(key, problem);
  }

  /** Puts what was typed into force, if it is valid. */
  async #commit(key: SettingKey): Promise<void> {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    const text = drafts.get(key);
    const value = this.#typed(key);
    if (value === undefined) return;
    await this.#save(key, value, () => drafts.get(key) === text);
  }

  /** What was typed, as the setting has it. */
  #typed(key: SettingKey): SettingValue | undefined {
    const text = drafts.get(key);
    const descriptor = model.app.descriptors.find((candidate) => candidate.key === key);
    return text === undefined || descriptor === undefined ? undefined : parse(descriptor, text);
  }

  /** @param isCurrent whether nothing else was typed meanwhile. */
  async #save(key: SettingKey, value: SettingValue, isCurrent = () => true): Promise<void> {
    const problem = await request('settings.set', { key, value }).then(() => undefined, sentence);
    if (!isCurrent()) return;
    if (problem === undefined) drafts.delete(key);
    this.#setProblem(key, problem);
  }

  #forget(key: SettingKey): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    drafts.delete(key);
    this.#setProblem(key, undefined);
  }

  #setProblem(key: SettingKey, problem: string | undefined): void {
    const { [key]: _before, ...others } = this.problems;
    this.problems = problem === undefined ? others : { ...others, [key]: problem };
  }
}

registerView({
  id: 'settings',
  title: () => text('views.settings'),
  icon: 'settings-gear',
  order: 7,
  tag: 'pico-settings',
});

declare global {
  interface HTMLElementTagNameMap {
    'pico-settings': Settings;
  }
  interface PicoViews {
    settings: Settings;
  }
}
