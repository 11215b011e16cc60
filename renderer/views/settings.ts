import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { text } from '../../main/words/words.js';
import { usePort } from '../actions.js';
import { provide, run } from '../commands.js';
import { PageElement } from '../element.js';
import { formatList } from '../format.js';
import { icon } from '../icon.js';
import { recall, remember } from '../memory.js';
import { model } from '../model.js';
import { registerView } from '../viewregistry.js';
import { passFocus } from '../workbench/focus.js';
import './contributedsettings.js';
import { drafts } from './drafts.js';
import './profilelist.js';
import type { SettingField } from './settingfield.js';
import './settingfield.js';
import { type Found, findSettings, parseSearch, withModified } from './settingsearch.js';
import './settingsjson.js';
import { type Section, SectionFollower } from './settingsections.js';
import './settingstransfer.js';

/** What is open besides the settings themselves. */
export type SettingsPanel = 'json' | 'export' | 'import' | undefined;

/** All settings: at the left their sections, at the right they themselves, as in VS Code. */
@customElement('pico-settings')
export class Settings extends PageElement {
  protected override readonly parts = ['app'] as const;
  @state() accessor search = recall('settings', { search: '' }).search;
  @state() accessor panel: SettingsPanel = recall<{ panel?: SettingsPanel }>(
    'settingsPanel',
    {},
  ).panel;
  /** The section that is at the top. */
  @state() accessor current = '';
  #unlisten: () => void = () => {};
  readonly #follower = new SectionFollower(this, (id) => {
    this.current = id;
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unlisten = drafts.listen(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unlisten();
    this.#follower.stop();
  }

  override updated(): void {
    this.#follower.follow();
    showCurrent(this.querySelector('nav.contents'));
  }

  open(panel: SettingsPanel): void {
    this.panel = panel;
    // What is chosen to be exported or imported is not for another day.
    remember('settingsPanel', panel === 'json' ? { panel } : {});
  }

  /** Closes what is open above the settings: the focus goes back to what opened it. */
  #closePanel(): void {
    const { panel } = this;
    this.open(undefined);
    void this.updateComplete.then(() =>
      passFocus(null, this.querySelector<HTMLElement>(`[data-panel="${panel}"]`)),
    );
  }

  /** Goes to a setting: whatever was searched for, or is edited as JSON, would hide it. */
  async reveal(key: string): Promise<void> {
    this.open(undefined);
    this.#seek('');
    await this.updateComplete;
    await this.querySelector<SettingField>(`pico-setting[data-of="${key}"]`)?.updateComplete;
    const field = this.querySelector<HTMLElement>(`#setting-${key}`);
    field?.scrollIntoView({ block: 'center' });
    field?.focus();
  }

  override render(): TemplateResult {
    return html`<div class="page settings">
      <h1>${text('settings.title')}</h1>
      ${this.panel === 'json' ? this.#json() : this.#list()}
    </div>`;
  }

  #json(): TemplateResult {
    return html`${this.#pending()}
      <pico-settings-json @close=${() => this.#closePanel()}></pico-settings-json>`;
  }

  #list(): TemplateResult {
    const search = parseSearch(this.search);
    const { descriptors, extensions, settings } = model.app;
    const profiles = text('profiles.title');
    const found = findSettings(
      ...[search, descriptors, extensions.settings, settings, drafts.keys, profiles],
    );
    const sections = this.#sections(found);
    const count = found.own.length + found.contributed.length;
    return html`<div class="settings-head">
        <input
          class="search"
          type="search"
          aria-label=${text('settings.search')}
          placeholder=${text('settings.placeholder')}
          .value=${this.search}
          @input=${(event: Event) => this.#seek((event.target as HTMLInputElement).value)}
        />
        <label class="check">
          <input
            type="checkbox"
            .checked=${search.modified}
            @change=${(event: Event) =>
              this.#seek(withModified(this.search, (event.target as HTMLInputElement).checked))}
          />
          ${text('settings.onlyModified')}
        </label>
        <p class="hidden" role="status">
          ${this.search === '' ? '' : text('settings.found', { count })}
        </p>
      </div>
      <div class="toolbar">
        ${this.#opener('json', 'settingsfile.edit', 'json')}
        ${this.#opener('export', 'settingsfile.export', 'export')}
        ${this.#opener('import', 'settingsfile.import', 'cloud-download')}
      </div>
      ${this.#transfer()} ${this.#pending()} ${this.#drafts()}
      <div class="settings-body">
        ${this.#contents(sections)}
        <div class="settings-list">
          ${sections.map(
            ({ id, title, content }) =>
              html`<section aria-label=${title} data-section=${id}>
                <h2>${title}</h2>
                ${content}
              </section>`,
          )}
          ${
            sections.length === 0
              ? html`<p class="empty">
                ${text(search.modified && search.words.length === 0 ? 'settings.nothingModified' : 'settings.nothing')}
              </p>`
              : nothing
          }
        </div>
      </div>`;
  }

  #opener(
    panel: Exclude<SettingsPanel, undefined>,
    label: 'settingsfile.edit' | 'settingsfile.export' | 'settingsfile.import',
    symbol: string,
  ): TemplateResult {
    return html`<button
      class="secondary"
      aria-expanded=${panel === 'json' ? nothing : this.panel === panel}
      data-panel=${panel}
      @click=${() => this.open(this.panel === panel ? undefined : panel)}
    >
      ${icon(symbol)} ${text(label)}
    </button>`;
  }

  #transfer(): TemplateResult | typeof nothing {
    const close = () => this.#closePanel();
    if (this.panel === 'export') {
      return html`<pico-settings-export @close=${close}></pico-settings-export>`;
    }
    if (this.panel === 'import') {
      return html`<pico-settings-import @close=${close}></pico-settings-import>`;
    }
    return nothing;
  }

  #seek(search: string): void {
    this.search = search;
    remember('settings', { search });
  }

  /** What is shown, by its headings: profiles, the app's own settings, those of extensions. */
  #sections({ own, contributed, profiles }: Found): Section[] {
    const titles = [...new Set(own.map(({ section }) => section))];
    const ofExtensions = [...new Set(contributed.map(({ section }) => section))];
    return [
      ...titles.map((title) => ({
        id: `own-${title}`,
        title,
        content: repeat(
          own.filter(({ section }) => section === title),
          ({ key }) => key,
          (descriptor) =>
            html`<pico-setting
              data-of=${descriptor.key}
              .descriptor=${descriptor}
            ></pico-setting>`,
        ),
      })),
      ...(profiles
        ? [
            {
              id: 'profiles',
              title: text('profiles.title'),
              content: html`<pico-profiles></pico-profiles>`,
            },
          ]
        : []),
      ...ofExtensions.map((title) => ({
        id: `extension-${title}`,
        title,
        content: repeat(
          contributed.filter(({ section }) => section === title),
          ({ key }) => key,
          (setting) =>
            html`<pico-contributed-setting .setting=${setting}></pico-contributed-setting>`,
        ),
      })),
    ];
  }

  #contents(sections: readonly Section[]): TemplateResult {
    const isThere = sections.some(({ id }) => id === this.current);
    const current = isThere ? this.current : sections[0]?.id;
    return html`<nav class="contents" aria-label=${text('settings.contents')}>
      ${sections.map(({ id, title }) => {
        const go = (event: Event) => {
          event.preventDefault();
          this.#follower.go(id);
        };
        return html`<a
          href="#${encodeURIComponent(id)}"
          title=${title}
          aria-current=${id === current ? 'true' : 'false'}
          @click=${go}
          >${title}</a
        >`;
      })}
    </nav>`;
  }

  /** What was typed, and is in force nowhere: it may not be in view. */
  #drafts(): TemplateResult | typeof nothing {
    const count = drafts.keys.length;
    if (count === 0) return nothing;
    return html`<p class="draft" role="status">${icon('edit')} ${text('settings.drafts', { count })}</p>`;
  }

  #pending(): TemplateResult | typeof nothing {
    const { pending, problem, freePort } = model.app.server;
    if (pending.length === 0 && problem === undefined) return nothing;
    const waiting = model.app.descriptors.filter(({ key }) => pending.includes(key));
    const names = formatList(waiting.map(({ title }) => title));
    return html`<div class="banner ${problem === undefined ? 'info' : 'error'}" role="alert">
      ${icon(problem === undefined ? 'info' : 'error')}
      <p>${problem ?? text('settings.pending', { names })}</p>
      ${
        freePort === undefined
          ? nothing
          : html`<button @click=${() => usePort(freePort)}>
            ${text('settings.usePort', { port: String(freePort) })}
          </button>`
      }
      ${
        pending.length === 0
          ? nothing
          : html`<button
            class=${freePort === undefined ? '' : 'secondary'}
            @click=${() => run('server.restart')}
          >
            ${text('settings.restart')}
          </button>`
      }
    </div>`;
  }
}

/** Brings the entry of the section that is at the top into view, where there are many. */
function showCurrent(contents: HTMLElement | null): void {
  const entry = contents?.querySelector<HTMLElement>('[aria-current=true]');
  if (!contents || !entry) return;
  const { offsetTop, offsetHeight } = entry;
  const bottom = offsetTop + offsetHeight - contents.clientHeight;
  contents.scrollTop = Math.min(offsetTop, Math.max(contents.scrollTop, bottom));
}

async function shown(panel: SettingsPanel): Promise<void> {
  model.show('settings');
  await document.querySelector('pico-workbench')?.updateComplete;
  document.querySelector('pico-settings')?.open(panel);
}

provide({
  'settings.json': { run: () => shown('json') },
  'settings.export-all': { run: () => shown('export') },
  'settings.import-all': { run: () => shown('import') },
});

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
