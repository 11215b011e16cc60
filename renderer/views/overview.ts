import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import {
  type Endpoint,
  formatEndpoint,
  httpProxyUrl,
  proxyUrl,
  type Refusal,
} from '../../main/ipc/contract.js';
import { copy, usePort } from '../actions.js';
import { run } from '../commands.js';
import { PageElement } from '../element.js';
import { formatBytes, formatDuration, formatTime } from '../format.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import { explain, explainDetail } from '../reasons.js';
import { recipesFor } from '../recipes.js';
import { registerView } from '../viewregistry.js';
import './chart.js';
import { text } from '../../main/words/words.js';

/** Where the server listens, how programs use it, what it moves and what it refuses. */
@customElement('pico-overview')
export class Overview extends PageElement {
  protected override readonly parts = ['app', 'traffic'] as const;
  /** The address that the recipes are for, if the user has chosen one. */
  @state() accessor from: string | undefined;

  override render(): TemplateResult {
    const { server, tray } = model.app;
    return html`<div class="page">
      <h1>Overview</h1>
      ${this.#problem()} ${this.#lanFault()} ${this.#keychainProblem()}
      <section aria-labelledby="addresses">
        <h2 id="addresses">Addresses</h2>
        ${server.endpoints.length === 0 ? this.#nowhere() : this.#endpoints(server.endpoints)}
      </section>
      ${this.#recipes(server.endpoints)}
      <section aria-labelledby="traffic">
        <h2 id="traffic">Throughput</h2>
        <pico-chart></pico-chart>
        ${this.#totals()}
      </section>
      <section aria-labelledby="refused">
        <h2 id="refused">Refused</h2>
        ${this.#refusals()}
      </section>
      ${tray ? nothing : this.#noTray()}
    </div>`;
  }

  #problem(): TemplateResult | typeof nothing {
    const { problem, freePort, state } = model.app.server;
    if (problem === undefined) return nothing;
    return html`<div class="banner error" role="alert">
      ${icon('error')}
      <p>${problem}</p>
      ${
        freePort === undefined
          ? nothing
          : html`<button @click=${() => usePort(freePort)}>Use port ${freePort}</button>`
      }
      ${
        state === 'error'
          ? html`<button class="secondary" @click=${() => run('server.start')}>Try again</button>`
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
      <p>The local network is not served. ${lanFault.message}</p>
      ${
        model.app.users.users.length === 0
          ? html`<button class="secondary" @click=${() => run('users.new')}>Add a user</button>`
          : nothing
      }
      <button class="secondary" @click=${() => run('view.settings')}>Settings</button>
    </div>`;
  }

  #keychainProblem(): TemplateResult | typeof nothing {
    const { keychainProblem } = model.app.users;
    if (keychainProblem === undefined || model.app.users.users.length === 0) return nothing;
    return html`<div class="banner error" role="alert">
      ${icon('lock')}
      <p>Users cannot log in. ${keychainProblem}</p>
      <button class="secondary" @click=${() => run('users.refresh')}>Try again</button>
    </div>`;
  }

  #noTray(): TemplateResult {
    return html`<p class="note dim">
      ${icon('info')} This desktop shows no tray icons, so closing the window asks what to do. On
      GNOME the extension “AppIndicator and KStatusNotifierItem Support” adds them.
    </p>`;
  }

  #nowhere(): TemplateResult {
    const { listenAddress, port } = model.app.settings.values;
    const where = listenAddress.map((host) => formatEndpoint({ host, port })).join(', ');
    return html`<p class="empty">
      Nothing is listening yet. “Start” in the title bar makes the proxy available at
      <code>${where}</code>.
    </p>`;
  }

  #endpoints(endpoints: readonly Endpoint[]): TemplateResult {
    return html`<ul class="endpoints" aria-label="Addresses">
      ${endpoints.map((endpoint) => {
        const text = formatEndpoint(endpoint);
        return html`<li>
          <code>${text}</code> <span class="dim">${placeOf(endpoint)}</span>
          ${copyButton(text, `Copy ${text}`)}
        </li>`;
      })}
    </ul>`;
  }

  /** For an address that other computers reach as well, where there is one. */
  #recipes(endpoints: readonly Endpoint[]): TemplateResult | typeof nothing {
    const { server, platform } = model.app;
    const endpoint =
      endpoints.find((candidate) => formatEndpoint(candidate) === this.from) ??
      endpoints.find(({ place }) => place !== 'this computer') ??
      endpoints[0];
    if (endpoint === undefined) return nothing;
    const { http } = server;
    const authentication = server.authentication || endpoint.lan === true;
    const url = proxyUrl(endpoint, authentication);
    const httpUrl = http ? httpProxyUrl(endpoint, authentication) : undefined;
    const lines = recipesFor({ url, httpUrl, endpoint, authentication }, platform);
    return html`<section aria-labelledby="recipes">
      <h2 id="recipes">Use it</h2>
      ${endpoints.length > 1 ? this.#choice(endpoints, endpoint) : nothing}
      <dl class="recipes">
        ${lines.map(
          ([name, line]) =>
            html`<dt>${name}</dt>
              <dd><code>${line}</code>${copyButton(line, `Copy for ${name}`)}</dd>`,
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
          ? html`The certificate vouches for itself: programs and browsers have to be told to trust
            the file <code>${certificate.file}</code>, copied to where they run.`
          : nothing
      }
    </p>`;
  }

  #choice(endpoints: readonly Endpoint[], chosen: Endpoint): TemplateResult {
    return html`<label class="choice">
      <span>Through</span>
      <select
        aria-label="Through"
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
      ['Sent', formatBytes(now?.totalUp ?? 0)],
      ['Received', formatBytes(now?.totalDown ?? 0)],
      ['Connections', (now?.totalConnections ?? 0).toLocaleString('en')],
      ['Open now', (now?.connections ?? 0).toLocaleString('en')],
      ['Up for', since === undefined ? '–' : formatDuration(Math.max(0, model.instant - since))],
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
    if (refusals.length === 0) return html`<p class="empty">Nothing was refused so far.</p>`;
    return html`<table class="plain refusals" aria-labelledby="refused">
      <thead>
        <tr>
          <th>Reason</th>
          <th class="number">Times</th>
          <th>Last</th>
          <th>Client</th>
          <th>Detail</th>
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
      <td class="number">${count.toLocaleString('en')}</td>
      <td>${formatTime(lastTime)}</td>
      <td title=${lastClient}>${lastClient}</td>
      <td title=${detail}>${detail}</td>
    </tr>`;
  }
}

/** @param http whether the proxy is one of HTTP as well. */
function loginNote(http: boolean): string {
  const browsers = http
    ? 'Browsers, which use it as an HTTP proxy, ask for them.'
    : 'Browsers cannot log in to a SOCKS proxy: for them, switch HTTP on in the settings, or allow ' +
      'anonymous access.';
  return `Put a user’s name and password in. ${browsers}`;
}

/** Whose address it is, and what is needed there. */
function placeOf({ place, lan, certificate }: Endpoint): string {
  const more = [lan && 'users only', certificate && 'TLS'].filter(Boolean);
  return [place, ...more].join(', ');
}

function copyButton(text: string, name: string): TemplateResult {
  return html`<button
    class="plain"
    aria-label=${name}
    title="Copy"
    @click=${() => copy(text, 'Line')}
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
