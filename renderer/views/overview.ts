import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import type { Endpoint, Refusal } from '../../main/contract.js';
import { copy, proxyUrl, run, usePort } from '../commands.js';
import { PageElement } from '../element.js';
import { formatBytes, formatDuration, formatEndpoint, formatTime, words } from '../format.js';
import { icon } from '../icon.js';
import { model } from '../model.js';
import './chart.js';

/** Where the server listens, how programs use it, what it moves and what it refuses. */
@customElement('pico-overview')
export class Overview extends PageElement {
  protected override readonly parts = ['app', 'traffic'] as const;

  override render(): TemplateResult {
    const { server, tray } = model.app;
    return html`<div class="page">
      <h1>Overview</h1>
      ${this.#problem()} ${this.#keychainProblem()}
      <section aria-labelledby="addresses">
        <h2 id="addresses">Addresses</h2>
        ${server.endpoints.length === 0 ? this.#nowhere() : this.#endpoints(server.endpoints)}
      </section>
      ${server.endpoints.length === 0 ? nothing : this.#recipes()}
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
          <code>${text}</code> <span class="dim">${endpoint.place}</span>
          ${copyButton(text, `Copy ${text}`)}
        </li>`;
      })}
    </ul>`;
  }

  #recipes(): TemplateResult {
    const url = proxyUrl() ?? '';
    const { endpoints, authentication } = model.app.server;
    const [first] = endpoints;
    const plain = `socks5://${first === undefined ? '' : formatEndpoint(first)}`;
    const lines: readonly (readonly [string, string])[] = [
      ['curl', `curl -x ${url} https://example.com/`],
      ['git', `git config --global http.proxy ${url}`],
      ['Environment', `export ALL_PROXY=${url}`],
      ['Chromium', `chromium --proxy-server=${plain}`],
      [
        'Firefox',
        `Settings, Network Settings, Manual: SOCKS v5 host ${first?.host}, port ${first?.port}`,
      ],
    ];
    return html`<section aria-labelledby="recipes">
      <h2 id="recipes">Use it</h2>
      <dl class="recipes">
        ${lines.map(
          ([name, line]) =>
            html`<dt>${name}</dt>
              <dd><code>${line}</code>${copyButton(line, `Copy for ${name}`)}</dd>`,
        )}
      </dl>
      ${
        authentication
          ? html`<p class="dim">
            Put a user’s name and password in. Browsers cannot log in to a SOCKS proxy: for them,
            allow anonymous access.
          </p>`
          : nothing
      }
    </section>`;
  }

  #totals(): TemplateResult {
    const now = model.traffic.at(-1);
    const { since } = model.app.server;
    const figures: readonly (readonly [string, string])[] = [
      ['Sent', formatBytes(now?.totalUp ?? 0)],
      ['Received', formatBytes(now?.totalDown ?? 0)],
      ['Connections', (now?.totalConnections ?? 0).toLocaleString('en')],
      ['Open now', (now?.connections ?? 0).toLocaleString('en')],
      [
        'Up for',
        since === undefined ? '–' : formatDuration(Math.max(0, (now?.time ?? since) - since)),
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
    if (refusals.length === 0) return html`<p class="empty">Nothing was refused so far.</p>`;
    return html`<table class="plain">
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
        ${refusals.map((refusal: Refusal) => this.#refusal(refusal))}
      </tbody>
    </table>`;
  }

  #refusal({ reason, count, lastTime, lastClient, lastDetail }: Refusal): TemplateResult {
    return html`<tr>
      <td>${words(reason)}</td>
      <td class="number">${count.toLocaleString('en')}</td>
      <td>${formatTime(lastTime)}</td>
      <td>${lastClient}</td>
      <td>${lastDetail}</td>
    </tr>`;
  }
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
