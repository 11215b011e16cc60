import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import {
  type Endpoint,
  formatEndpoint,
  httpProxyUrl,
  proxyUrl,
  type Refusal,
  THIS_COMPUTER,
} from '../../main/ipc/contract.js';
import { copy, usePort } from '../actions.js';
import { run } from '../commands.js';
import { PageElement } from '../element.js';
import { formatBytes, formatDuration, formatNumber, formatTime } from '../format.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import { explain, explainDetail } from '../reasons.js';
import { recipesFor } from '../recipes.js';
import { systemProxyNote, systemProxySwitch } from '../systemproxy.js';
import { registerView } from '../viewregistry.js';
import { placeName } from './addresschoices.js';
import './chart.js';
import { pieces, text } from '../../main/words/words.js';

/** Where the server listens, how programs use it, what it moves and what it refuses. */
@customElement('pico-overview')
export class Overview extends PageElement {
  protected override readonly parts = ['app', 'traffic'] as const;
  /** The address that the recipes are for, if the user has chosen one. */
  @state() accessor from: string | undefined;

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
      ${this.#recipes(server.endpoints.filter(isOfUse))}
      <section aria-labelledby="traffic">
        <h2 id="traffic">${text('overview.throughput')}</h2>
        <pico-chart></pico-chart>
        ${this.#totals()}
      </section>
      <section aria-labelledby="refused">
        <h2 id="refused">${text('overview.refused')}</h2>
        ${this.#refusals()}
      </section>
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

  /** For an address that other computers reach as well, where there is one. */
  #recipes(endpoints: readonly Endpoint[]): TemplateResult | typeof nothing {
    const { server, platform } = model.app;
    const endpoint =
      endpoints.find((candidate) => formatEndpoint(candidate) === this.from) ??
      endpoints.find(({ place }) => place !== THIS_COMPUTER) ??
      endpoints[0];
    if (endpoint === undefined) return nothing;
    const { http } = server;
    const authentication = server.authentication || endpoint.lan === true;
    const url = proxyUrl(endpoint, authentication);
    const httpUrl = http ? httpProxyUrl(endpoint, authentication) : undefined;
    const lines = recipesFor({ url, httpUrl, endpoint, authentication }, platform);
    return html`<section aria-labelledby="recipes">
      <h2 id="recipes">${text('overview.use')}</h2>
      ${endpoints.length > 1 ? this.#choice(endpoints, endpoint) : nothing}
      <dl class="recipes">
        ${lines.map(
          ([name, line]) =>
            html`<dt>${name}</dt>
              <dd><code>${line}</code>${copyButton(line, text('overview.copyFor', { name }))}</dd>`,
        )}
      </dl>
      ${this.#advice(endpoint)}
    </section>`;
  }

  #advice({ lan, certificate }: Endpoint): TemplateResult | typeof nothing {
    const { authentication, http } = model.app.server;
    const login = authentication || lan;
    if (!login && certificate === undefined) return nothing;
    return html`<p class="dim">
      ${login ? loginNote(http) : nothing}
      ${
        certificate?.selfSigned
          ? pieces('overview.selfSigned', { file: html`<code>${certificate.file}</code>` })
          : nothing
      }
    </p>`;
  }

  /** Whether the programs of this computer use it, and why they do not. */
  #systemProxy(): TemplateResult {
    return html`<section aria-labelledby="system-proxy">
      <h2 id="system-proxy">${text('systemProxy.title')}</h2>
      ${systemProxySwitch(text('systemProxy.use'))}
      <p class="dim">${systemProxyNote()}</p>
    </section>`;
  }

  #choice(endpoints: readonly Endpoint[], chosen: Endpoint): TemplateResult {
    return html`<label class="choice">
      <span>${text('overview.through')}</span>
      <select
        aria-label=${text('overview.through')}
        @change=${(event: Event) => {
          this.from = (event.target as HTMLSelectElement).value;
        }}
      >
        ${endpoints.map(
          (endpoint) =>
            html`<option value=${formatEndpoint(endpoint)} .selected=${endpoint === chosen}>
              ${formatEndpoint(endpoint)} (${placeOf(endpoint)})
            </option>`,
        )}
      </select>
    </label>`;
  }

  #totals(): TemplateResult {
    const now = model.traffic.at(-1);
    const { since } = model.app.server;
    const figures: readonly (readonly [string, string])[] = [
      [text('overview.sent'), formatBytes(now?.totalUp ?? 0)],
      [text('overview.received'), formatBytes(now?.totalDown ?? 0)],
      [text('overview.connections'), formatNumber(now?.totalConnections ?? 0)],
      [text('overview.openNow'), formatNumber(now?.connections ?? 0)],
      [
        text('overview.upFor'),
        since === undefined ? '–' : formatDuration(Math.max(0, model.instant - since)),
      ],
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

  #refusals(): TemplateResult {
    const { refusals } = model.app;
    if (refusals.length === 0) return html`<p class="empty">${text('overview.nothingRefused')}</p>`;
    return html`<table class="plain refusals" aria-labelledby="refused">
      <thead>
        <tr>
          <th>${text('overview.reason')}</th>
          <th class="number">${text('overview.times')}</th>
          <th>${text('overview.last')}</th>
          <th>${text('overview.client')}</th>
          <th>${text('overview.detail')}</th>
        </tr>
      </thead>
      <tbody>
        ${refusals.map((refusal) => this.#refusal(refusal))}
      </tbody>
    </table>`;
  }

  #refusal(refusal: Refusal): TemplateResult {
    const { reason, count, lastTime, lastClient, lastDetail, lastDiagnosis } = refusal;
    const detail = explainDetail(lastDetail, lastDiagnosis);
    return html`<tr>
      <td title=${reason}>${explain(reason)}</td>
      <td class="number">${formatNumber(count)}</td>
      <td>${formatTime(lastTime)}</td>
      <td title=${lastClient}>${lastClient}</td>
      <td title=${detail}>${detail}</td>
    </tr>`;
  }
}

/** @param http whether the proxy is one of HTTP as well. */
function loginNote(http: boolean): string {
  return text(http ? 'overview.loginHttp' : 'overview.loginSocks');
}

/** Whose address it is, and what is needed there. */
function placeOf({ place, lan, certificate }: Endpoint): string {
  const more = [lan && text('overview.usersOnly'), certificate && 'TLS'].filter(Boolean);
  return [placeName(place), ...more].join(', ');
}

/** Whether programs on this computer can use an address: the loopback of a server elsewhere is none. */
function isOfUse({ host }: Endpoint): boolean {
  return model.elsewhere === undefined || !/^127\.|^::1$/.test(host);
}

function copyButton(line: string, name: string): TemplateResult {
  return html`<button
    class="plain"
    aria-label=${name}
    title=${text('common.copy')}
    @click=${() => copy(line, text('common.line'))}
  >
    ${icon('copy')}
  </button>`;
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
