import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { type Endpoint, formatEndpoint } from '../../main/ipc/contract.js';
import { usePort } from '../actions.js';
import { run } from '../commands.js';
import { PageElement } from '../element.js';
import { formatBytes, formatNumber, formatSeconds } from '../format.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import { systemProxyNote, systemProxySwitch } from '../systemproxy.js';
import { registerView } from '../viewregistry.js';
import './chart.js';
import { pieces, text } from '../../main/words/words.js';
import { copyButton, placeOf } from './recipes.js';
import { refusalTables } from './refusals.js';

/** Where the server listens, how programs use it, what it moves and what it refuses. */
@customElement('pico-overview')
export class Overview extends PageElement {
  protected override readonly parts = ['app', 'traffic'] as const;

  override render(): TemplateResult {
    const { server, tray } = model.app;
    return html`<div class="page">
      <h1>${text('views.overview')}</h1>
      ${this.#problem()} ${this.#lanFault()} ${this.#keychainProblem()}
      <section aria-labelledby="addresses">
        <h2 id="addresses">${text('overview.addresses')}</h2>
        ${server.endpoints.length === 0 ? this.#nowhere() : this.#endpoints(server.endpoints)}
      </section>
      ${model.elsewhere === undefined ? this.#systemProxy() : nothing}
      <pico-recipes></pico-recipes>
      <section aria-labelledby="traffic">
        <h2 id="traffic">${text('overview.throughput')}</h2>
        <pico-chart></pico-chart>
        ${this.#totals()}
      </section>
      ${refusalTables(model.app.refusals)}
      ${tray || model.elsewhere !== undefined ? nothing : this.#noTray()}
    </div>`;
  }

  #problem(): TemplateResult | typeof nothing {
    const { problem, freePort, state } = model.app.server;
    // Of a server elsewhere it stands above all views.
    if (problem === undefined || model.elsewhere !== undefined) return nothing;
    return html`<div class="banner error" role="alert">
      ${icon('error')}
      <p>${problem}</p>
      ${
        freePort === undefined
          ? nothing
          : html`<button @click=${() => usePort(freePort)}>${text('overview.usePort', { port: String(freePort) })}</button>`
      }
      ${
        state === 'error'
          ? html`<button class="secondary" @click=${() => run('server.start')}>${text('common.tryAgain')}</button>`
          : nothing
      }
    </div>`;
  }

  /** The local network is not served as it should be, while all else is. */
  #lanFault(): TemplateResult | typeof nothing {
    const { lanFault } = model.app.server;
    if (lanFault === undefined) return nothing;
    return html`<div class="banner warning" role="alert">
      ${icon('warning')}
      <p>${text('overview.lanFault', { problem: lanFault.message })}</p>
      ${
        model.app.users.users.length === 0
          ? html`<button class="secondary" @click=${() => run('users.new')}>${text('common.addUser')}</button>`
          : nothing
      }
      <button class="secondary" @click=${() => run('view.settings')}>${text('views.settings')}</button>
    </div>`;
  }

  #keychainProblem(): TemplateResult | typeof nothing {
    const { keychainProblem } = model.app.users;
    if (keychainProblem === undefined || model.app.users.users.length === 0) return nothing;
    return html`<div class="banner error" role="alert">
      ${icon('lock')}
      <p>${text('overview.usersLockedOut', { problem: keychainProblem })}</p>
      <button class="secondary" @click=${() => run('users.refresh')}>${text('common.tryAgain')}</button>
    </div>`;
  }

  #noTray(): TemplateResult {
    return html`<p class="note dim">${icon('info')} ${text('overview.noTray')}</p>`;
  }

  #nowhere(): TemplateResult {
    const name = model.elsewhere;
    if (name !== undefined) return html`<p class="empty">${text('servers.nowhere', { name })}</p>`;
    const { listenAddress, port } = model.app.settings.values;
    const where = listenAddress.map((host) => formatEndpoint({ host, port })).join(', ');
    const address = html`<code>${where}</code>`;
    return html`<p class="empty">${pieces('overview.nowhere', { address })}</p>`;
  }

  #endpoints(endpoints: readonly Endpoint[]): TemplateResult {
    return html`<ul class="endpoints" aria-label=${text('overview.addresses')}>
      ${endpoints.map((endpoint) => {
        const address = formatEndpoint(endpoint);
        return html`<li>
          <code>${address}</code> <span class="dim">${placeOf(endpoint)}</span>
          ${copyButton(address, text('common.copyWhat', { what: address }))}
        </li>`;
      })}
    </ul>`;
  }

  /** Whether the programs of this computer use it, and why they do not. */
  #systemProxy(): TemplateResult {
    return html`<section aria-labelledby="system-proxy">
      <h2 id="system-proxy">${text('systemProxy.title')}</h2>
      ${systemProxySwitch(text('systemProxy.use'))}
      <p class="dim">${systemProxyNote()}</p>
    </section>`;
  }

  #totals(): TemplateResult {
    const now = model.traffic.at(-1);
    const { since } = model.app.server;
    const figures: readonly (readonly [string, string])[] = [
      [text('overview.sent'), formatBytes(now?.totalUp ?? 0)],
      [text('overview.received'), formatBytes(now?.totalDown ?? 0)],
      [text('overview.connections'), formatNumber(now?.totalConnections ?? 0)],
      [text('overview.openNow'), formatNumber(now?.connections ?? 0)],
      [text('overview.upFor'), since === undefined ? '–' : formatSeconds(model.instant - since)],
    ];
    return html`<dl class="totals">
      ${figures.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>`;
  }
}

registerView({
  id: 'overview',
  title: () => text('views.overview'),
  icon: 'dashboard',
  order: 1,
  tag: 'pico-overview',
});

declare global {
  interface HTMLElementTagNameMap {
    'pico-overview': Overview;
  }
  interface PicoViews {
    overview: Overview;
  }
}
