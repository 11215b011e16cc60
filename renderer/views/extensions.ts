import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { AppCommandId, ExtensionItem, ExtensionOrigin } from '../../main/ipc/contract.js';
import { request } from '../bridge.js';
import { provide, run } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { recall, remember } from '../memory.js';
import { model } from '../model.js';
import { registerView } from '../viewregistry.js';
import { act, allows, type ExtensionAction } from './extensionactions.js';
import './extensiondetails.js';
import { text } from '../../main/words/words.js';

const ORIGINS: readonly ExtensionOrigin[] = ['folder', 'installed', 'bundled'];

/** The name of the extension that is chosen. */
let chosenName = recall('extension', { name: '' }).name;

function chosen(): ExtensionItem | undefined {
  return model.app.extensions.extensions.find(({ name }) => name === chosenName);
}

function choose(name: string): void {
  chosenName = name;
  remember('extension', { name });
}

/** The extensions that there are: what each is, and what can be done about it. */
@customElement('pico-extensions')
export class Extensions extends PageElement {
  protected override readonly parts = ['app'] as const;
  @state() accessor search = recall('extensions', { search: '' }).search;
  @state() accessor name = chosenName;

  /** The names of those that were there before. */
  #names: ReadonlySet<string> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#names = undefined;
    void request('extensions.look').catch(() => {});
  }

  override render(): TemplateResult {
    const { extensions, problem, safeMode } = model.app.extensions;
    const found = this.#found();
    const shown = found.find(({ name }) => name === this.name) ?? found[0];
    return html`<div class="page extensions">
      <h1>${text('views.extensions')}</h1>
      <div class="toolbar">
        <input
          class="filter"
          type="search"
          aria-label=${text('extensions.search')}
          placeholder=${text('extensions.search')}
          .value=${this.search}
          @input=${(event: Event) => {
            this.search = (event.target as HTMLInputElement).value;
            remember('extensions', { search: this.search });
          }}
        />
        ${command('extensions.install-folder', 'folder-opened', text('extensions.installFolder'))}
        ${command('extensions.install-file', 'package', text('extensions.installFile'))}
        ${command('extensions.develop', 'beaker', text('extensions.develop'))}
      </div>
      ${safeMode ? safeModeBanner() : nothing}
      ${
        problem === undefined
          ? nothing
          : html`<div class="banner error" role="alert">${icon('error')}<p>${problem}</p></div>`
      }
      ${extensions.length === 0 && problem === undefined ? empty() : nothing}
      ${
        extensions.length > 0 && found.length === 0
          ? html`<p class="empty">${text('extensions.notFound')}</p>`
          : nothing
      }
      ${
        shown === undefined
          ? nothing
          : html`<div class="panes">
            <div class="list">${ORIGINS.map((origin) => this.#group(origin, found, shown))}</div>
            <pico-extension-details .item=${shown}></pico-extension-details>
          </div>`
      }
    </div>`;
  }

  /** One that has come, as by being installed, is shown. */
  protected override willUpdate(): void {
    const { extensions } = model.app.extensions;
    const fresh = extensions.find(({ name }) => this.#names?.has(name) === false);
    this.#names = new Set(extensions.map(({ name }) => name));
    if (fresh !== undefined) this.#choose(fresh.name);
  }

  protected override updated(_changed: PropertyValues): void {
    // What is shown first is what commands are about.
    const [first] = this.#found();
    if (chosen() === undefined && first !== undefined) this.#choose(first.name);
  }

  #found(): ExtensionItem[] {
    const wanted = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    const place = ({ origin }: ExtensionItem) => ORIGINS.indexOf(origin);
    const { extensions } = model.app.extensions;
    return [...extensions]
      .sort((a, b) => place(a) - place(b))
      .filter((item) => {
        const { name, displayName, publisher, description, contributes } = item;
        const ids = contributes.flatMap(({ items }) => items.map(({ id }) => id));
        const own = [name, displayName, publisher, description, ...ids].join(' ').toLowerCase();
        return wanted.every((word) => own.includes(word));
      });
  }

  #group(
    origin: ExtensionOrigin,
    found: readonly ExtensionItem[],
    shown: ExtensionItem,
  ): TemplateResult | typeof nothing {
    const items = found.filter((item) => item.origin === origin);
    if (items.length === 0) return nothing;
    const title = text(`extensions.origin.${origin}`);
    return html`<section aria-label=${title}>
      <h2 class="origin">${title}</h2>
      <ul class="entries">
        ${items.map((item) => this.#entry(item, item.name === shown.name))}
      </ul>
    </section>`;
  }

  #entry(item: ExtensionItem, isShown: boolean): TemplateResult {
    const { name, displayName, version, publisher, description, state: own } = item;
    return html`<li>
      <button
        class="plain entry ${own}"
        aria-current=${isShown}
        @click=${() => this.#choose(name)}
      >
        <span class="line">
          <strong>${displayName}</strong>
          <span class="dim">${version}</span>
          <span class="badge ${own}">${text(`extensions.state.${own}`)}</span>
        </span>
        ${description === '' ? nothing : html`<span class="about">${description}</span>`}
        ${publisher === '' ? nothing : html`<span class="dim">${publisher}</span>`}
      </button>
    </li>`;
  }

  #choose(name: string): void {
    choose(name);
    this.name = name;
  }
}

function command(id: AppCommandId, symbol: string, title: string): TemplateResult {
  return html`<button
    class="secondary"
    ?disabled=${model.elsewhere !== undefined}
    @click=${() => run(id)}
  >
    ${icon(symbol)} ${title}
  </button>`;
}

function empty(): TemplateResult {
  return html`<p class="empty">
    ${text('extensions.empty')}
  </p>`;
}

function safeModeBanner(): TemplateResult {
  return html`<div class="banner warning" role="alert">
    ${icon('warning')}
    <p>
      ${text('extensions.safeMode')}
    </p>
    <button class="secondary" @click=${() => run('extensions.resume')}>${text('extensions.useAgain')}</button>
  </div>`;
}

function aboutChosen(action: ExtensionAction) {
  const item = () => chosen();
  return {
    run: () => {
      const found = item();
      if (found !== undefined) void act(action, found);
    },
    enabled: () => {
      const found = item();
      return found !== undefined && allows(action, found);
    },
  };
}

provide({
  'extensions.enable-chosen': aboutChosen('enable'),
  'extensions.disable-chosen': aboutChosen('disable'),
  'extensions.reload-chosen': aboutChosen('reload'),
  'extensions.remove-chosen': aboutChosen('remove'),
});

registerView({
  id: 'extensions',
  title: () => text('views.extensions'),
  icon: 'extensions',
  order: 5,
  tag: 'pico-extensions',
});

declare global {
  interface HTMLElementTagNameMap {
    'pico-extensions': Extensions;
  }
  interface PicoViews {
    extensions: Extensions;
  }
}
