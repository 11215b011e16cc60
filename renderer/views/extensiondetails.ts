import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { ContributionGroup, ExtensionItem } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { run } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { markdown } from '../markdown.js';
import { remember } from '../memory.js';
import { model } from '../model.js';
import { act, allows, type ExtensionAction } from './extensionactions.js';

const BUTTONS: readonly (readonly [action: ExtensionAction, symbol: string])[] = [
  ['enable', 'play'],
  ['disable', 'circle-slash'],
  ['reload', 'refresh'],
  ['remove', 'trash'],
];

/** What an extension is, what it contributes, what it says of itself, and what can be done about it. */
@customElement('pico-extension-details')
export class ExtensionDetails extends PageElement {
  protected override readonly parts = ['app'] as const;
  @property({ attribute: false }) accessor item!: ExtensionItem;
  @state() accessor readme = '';
  @state() accessor acting = false;
  /** Of which the README was asked for. */
  #asked = '';

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('item')) return;
    const { name, version, place } = this.item;
    const asked = `${name} ${version} ${place}`;
    if (asked === this.#asked) return;
    if (!this.#asked.startsWith(`${name} `)) this.readme = '';
    this.#asked = asked;
    void this.#load(name);
  }

  override render(): TemplateResult {
    const { displayName, name, version, publisher, description, origin, place } = this.item;
    const { state: own, error, contributes } = this.item;
    const facts: readonly (readonly [string, string])[] = [
      [text('extensions.state'), text(`extensions.state.${own}`)],
      [text('extensions.package'), name],
      [text('extensions.version'), version],
      [text('extensions.publisher'), publisher],
      [text(origin === 'installed' ? 'extensions.installedFrom' : 'extensions.folder'), place],
    ];
    return html`<article class="extension" aria-label=${text('extensions.extension', { name: displayName })}>
      <header>
        <h2 class="name">${displayName}</h2>
        <span class="badge ${own}">${text(`extensions.state.${own}`)}</span>
        <span class="dim">${text(`extensions.origin.${origin}`)}</span>
      </header>
      ${description === '' ? nothing : html`<p>${description}</p>`}
      <div class="toolbar" role="group" aria-label=${text('common.actions')}>
        ${BUTTONS.map((button) => this.#button(...button))} ${this.#settingsButton()}
      </div>
      ${
        error === undefined
          ? nothing
          : html`<div class="banner error" role="alert">${icon('error')}<p>${error}</p></div>`
      }
      <dl>
        ${facts
          .filter(([, value]) => value !== '')
          .map(([title, value]) => html`<div><dt>${title}</dt><dd>${value}</dd></div>`)}
      </dl>
      ${
        contributes.length === 0
          ? nothing
          : html`<section aria-label=${text('extensions.contributes')}>
            <h3>${text('extensions.contributes')}</h3>
            ${contributes.map(group)}
          </section>`
      }
      ${
        this.readme === ''
          ? nothing
          : html`<section aria-label=${text('extensions.readme')} class="readme">${markdown(this.readme)}</section>`
      }
    </article>`;
  }

  #button(action: ExtensionAction, symbol: string): TemplateResult | typeof nothing {
    const { item } = this;
    const label = text(`extensions.${action}`);
    const isAbout = { enable: !item.enabled, disable: item.enabled || item.isReplaced };
    if (action === 'enable' || action === 'disable') {
      if (!isAbout[action]) return nothing;
    } else if (action === 'remove' && !allows(action, item)) return nothing;
    return html`<button
      class=${action === 'enable' ? '' : 'secondary'}
      ?disabled=${this.acting || !allows(action, item)}
      title=${action === 'reload' ? text('extensions.reload.hint') : label}
      @click=${() => void this.#act(action)}
    >
      ${icon(symbol)} ${label}
    </button>`;
  }

  /** Leads to the extension's settings. */
  #settingsButton(): TemplateResult | typeof nothing {
    const keys = this.item.contributes.find(({ kind }) => kind === 'settings')?.items ?? [];
    const { settings } = model.app.extensions;
    const own = settings.find(({ key }) => keys.some(({ id }) => id === key));
    if (own === undefined) return nothing;
    const show = () => {
      remember('settings', { search: own.section });
      run('view.settings');
    };
    return html`<button class="secondary" @click=${show}>${icon('settings-gear')} ${text('views.settings')}</button>`;
  }

  async #act(action: ExtensionAction): Promise<void> {
    this.acting = true;
    await act(action, this.item);
    this.acting = false;
    if (action === 'reload' && this.isConnected) await this.#load(this.item.name);
  }

  async #load(name: string): Promise<void> {
    const readme = await request('extensions.readme', name).catch(() => '');
    if (this.item.name === name) this.readme = readme;
  }
}

function group({ title, items }: ContributionGroup): TemplateResult {
  return html`<div class="contribution">
    <h4>${title}</h4>
    <ul>
      ${items.map(
        ({ id, description }) =>
          html`<li><code>${id}</code> ${description === '' ? nothing : html`<span>${description}</span>`}</li>`,
      )}
    </ul>
  </div>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-extension-details': ExtensionDetails;
  }
}
