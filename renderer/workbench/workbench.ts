import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query } from 'lit/decorators.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { commandOf, provide, run } from '../commands.js';
import { PageElement } from '../element.js';
import { formatRate } from '../format.js';
import { icon } from '../icon.js';
import { keyName } from '../keys.js';
import { model, type ViewName } from '../model.js';
import { restWhileUnseen } from '../resting.js';
import { systemProxySwitch } from '../systemproxy.js';
import { followTheme } from '../theme.js';
import { putAside, takeBack } from '../unfinished.js';
import { contributedId, type ViewDescriptor, viewOf, views } from '../viewregistry.js';
import '../views/contributed.js';
import { guardDoubleClicks, guardHeldKeys } from './clicks.js';
import { keepFocus } from './focus.js';
import { Places } from './places.js';
import './keypage.js';
import { followZoom } from './zoom.js';
import './palette.js';
import './profilechoice.js';
import './toasts.js';
import './updatepage.js';
import './statusitems.js';
import { elsewhereBanners, focusSwitch, serverSwitch } from './serverswitch.js';
import '../views/connections.js';
import '../views/extensions.js';
import '../views/log.js';
import '../views/overview.js';
import '../views/routing.js';
import '../views/settings.js';
import '../views/servers.js';
import '../views/users.js';
import '../views/welcome.js';

model.command = run;
provide({ 'app.palette': { run: () => model.openPalette(true) } });

/** The window: a title bar, the activity bar, the view that is chosen, and the status bar. */
@customElement('pico-workbench')
export class Workbench extends PageElement {
  protected override readonly parts = ['app', 'view', 'traffic', 'busy'] as const;
  readonly #onKey = (event: KeyboardEvent) => this.#press(event);
  #ends: (() => void)[] = [];
  /** The view that is shown, its element, and whether that is to be drawn for the first time. */
  #name: ViewName | undefined;
  #shown: HTMLElement | undefined;
  #isNew = false;
  readonly #places = new Places();
  @query('main') accessor main!: HTMLElement | null;

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('keydown', this.#onKey);
    this.#ends = [
      window.picosocks5.subscribe('command', run),
      followTheme(),
      followZoom(),
      guardDoubleClicks(this),
      guardHeldKeys(),
      keepFocus(this, () => this.main),
    ];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('keydown', this.#onKey);
    for (const end of this.#ends) end();
  }

  protected override firstUpdated(): void {
    if (this.main !== null) this.#ends.push(restWhileUnseen(this.main));
    focusSwitch(this);
  }

  protected override willUpdate(): void {
    const contributed = contributedId(model.view);
    const name: ViewName | undefined =
      contributed === undefined ? viewOf(model.view)?.id : `contributed:${contributed}`;
    if (name === undefined || name === this.#name) return;
    if (this.#shown !== undefined && this.#name !== undefined) {
      if (this.main !== null) this.#places.leave(this.#name, this.main);
      putAside(this.#name, this.#shown);
    }
    this.#shown = takeBack(name) ?? newView(name, contributed);
    this.#name = name;
    this.#isNew = true;
  }

  protected override updated(): void {
    if (this.#isNew && this.main !== null && this.#name !== undefined) {
      this.#places.enter(this.#name, this.main);
    }
    this.#isNew = false;
  }

  override render(): TemplateResult {
    return html`
      <header class="titlebar">
        <span class="product"><span>PicoSOCKS5</span>${serverSwitch()}</span>
        <button
          class="command-center"
          aria-keyshortcuts="Control+Shift+P"
          @click=${() => run('app.palette')}
        >
          ${icon('search')} ${text('workbench.commands')} <kbd>${keyName('Ctrl+Shift+P')}</kbd>
        </button>
        <div class="switches">${systemProxySwitch(text('systemProxy.title'))} ${this.#power()}</div>
      </header>
      <div class="activitybar">
        <nav aria-label=${text('workbench.views')}>${views().map((view) => this.#item(view))}</nav>
        ${this.#contributed()}
      </div>
      <div class="banners">${elsewhereBanners(model.view)} ${this.#exposed()}</div>
      <main class="view" tabindex="-1">${this.#shown}</main>
      ${this.#statusBar()}
      <pico-keys></pico-keys>
      <pico-updates></pico-updates>
      <pico-palette></pico-palette>
      <pico-toasts></pico-toasts>
    `;
  }

  #power(): TemplateResult {
    const { state } = model.app.server;
    const { elsewhere } = model;
    const runs = state === 'running' || state === 'stopping';
    return html`<button
      class="power ${runs ? 'secondary' : ''}"
      ?disabled=${elsewhere !== undefined || state === 'starting' || state === 'stopping'}
      title=${elsewhere === undefined ? nothing : text('servers.greyPower', { name: elsewhere })}
      @click=${() => run(runs ? 'server.stop' : 'server.start')}
    >
      ${icon(runs ? 'debug-stop' : 'play')} ${runs ? text('menus.stopServer') : text('menus.startServer')}
    </button>`;
  }

  /** What stays in view, whatever is looked at, as long as other computers are let in unasked. */
  #exposed(): TemplateResult | typeof nothing {
    const { server, users, settings } = model.app;
    if (server.exposed.length === 0) return nothing;
    const addresses = server.exposed.join(', ');
    const byRules = settings.values.network.length > 0;
    return html`<div class="banner warning" role="alert">
      ${icon('warning')}
      <p>
        ${text(byRules ? 'workbench.exposedByRules' : 'workbench.exposedToAll', { addresses })}
      </p>
      ${
        users.users.length === 0
          ? html`<button class="secondary" @click=${() => run('users.new')}>${text('common.addUser')}</button>`
          : nothing
      }
      ${
        users.users.length > 0 && settings.values.anonymous
          ? html`<button class="secondary" @click=${this.#demandLogins}>${text('workbench.demandPasswords')}</button>`
          : nothing
      }
    </div>`;
  }

  #demandLogins(): void {
    void model.attempt(() => request('settings.reset', 'anonymous'));
  }

  #item({ id, title, icon: symbol }: ViewDescriptor): TemplateResult {
    const isShown = contributedId(model.view) === undefined && viewOf(model.view)?.id === id;
    return link(id, title(), symbol, isShown);
  }

  /** The views that extensions contribute, if there are any. */
  #contributed(): TemplateResult | typeof nothing {
    const shown = model.app.extensions.views.filter(({ kind }) => kind !== 'status');
    if (shown.length === 0) return nothing;
    const chosen = contributedId(model.view);
    return html`<nav aria-label=${text('workbench.contributed')} class="contributed">
      ${shown.map(({ id, title, kind }) =>
        link(`contributed:${id}`, title, VIEW_ICONS[kind], id === chosen),
      )}
    </nav>`;
  }

  #statusBar(): TemplateResult {
    const { server } = model.app;
    const now = model.traffic.at(-1);
    const runs = server.state === 'running';
    const warns = server.problem !== undefined;
    return html`<footer class="statusbar ${warns ? 'problem' : server.state}">
      <span class="state" role="status">${text(`states.${server.state}`)}</span>
      ${warns ? html`<span class="warn" title=${server.problem}>${icon('warning')}</span>` : nothing}
      ${
        runs
          ? html`<button
            class="listening"
            title=${text('workbench.copyTheAddress')}
            @click=${() => run('server.copy')}
          >
            <span>${server.listening.join(', ')}</span>
          </button>`
          : nothing
      }
      <span class="space">
        ${model.busy > 0 ? html`<progress aria-label=${text('workbench.working')}></progress>` : nothing}
      </span>
      <pico-profile-choice></pico-profile-choice>
      <pico-status-items></pico-status-items>
      <button @click=${() => run('view.connections')}>
        ${icon('arrow-swap')} ${text('workbench.connections', { count: now?.connections ?? 0 })}
      </button>
      <span class="rate">${icon('arrow-up')} ${formatRate(now?.rateUp ?? 0)}</span>
      <span class="rate">${icon('arrow-down')} ${formatRate(now?.rateDown ?? 0)}</span>
    </footer>`;
  }

  #press(event: KeyboardEvent): void {
    const command = commandOf(event);
    if (command === undefined) return;
    event.preventDefault();
    run(command.id);
  }
}

/** The codicons of contributed views. */
const VIEW_ICONS = { table: 'table', form: 'checklist', text: 'note', status: 'info' } as const;

/** Makes the element of a view. @param contributed its id, if an extension contributes it. */
function newView(name: ViewName, contributed: string | undefined): HTMLElement {
  if (contributed === undefined)
    return document.createElement(viewOf(name)?.tag ?? 'pico-overview');
  const view = document.createElement('pico-contributed');
  view.viewId = contributed;
  return view;
}

function link(view: ViewName, title: string, symbol: string, isShown: boolean): TemplateResult {
  const go = (event: Event) => {
    event.preventDefault();
    run(`view.${view}`);
  };
  return html`<a
    href="#${view}"
    title=${title}
    aria-label=${title}
    aria-current=${isShown ? 'page' : 'false'}
    @click=${go}
    >${icon(symbol)}</a
  >`;
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-workbench': Workbench;
  }
}
