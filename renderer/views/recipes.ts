import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { type Endpoint, formatEndpoint, httpProxyUrl, proxyUrl } from '../../main/ipc/contract.js';
import { pieces, text } from '../../main/words/words.js';
import { copy } from '../actions.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { keep, kept } from '../memory.js';
import { model } from '../model.js';
import { recipesFor, SHELLS, type Shell, usualShell } from '../recipes.js';
import { isOwnOnly } from '../useraddress.js';
import { placeName } from './addresschoices.js';

/** How programs use the proxy: at an address, as one types it in a shell. */
@customElement('pico-recipes')
export class Recipes extends PageElement {
  protected override readonly parts = ['app'] as const;
  /** The address that they are for, if the user has chosen one. */
  @state() accessor from: string | undefined;
  /** The shell, if the user has chosen one. */
  @state() accessor shell = kept<{ name: Shell | undefined }>('shell', { name: undefined }).name;

  /** For an address that other computers reach as well, where there is one. */
  override render(): TemplateResult | typeof nothing {
    const { server, platform } = model.app;
    const { http } = server;
    const endpoints = server.endpoints.filter(isOfUse);
    const endpoint =
      endpoints.find((candidate) => formatEndpoint(candidate) === this.from) ??
      endpoints.find((candidate) => !isOwnOnly(candidate)) ??
      endpoints[0];
    if (endpoint === undefined) return nothing;
    const authentication = server.authentication || endpoint.lan === true;
    const url = proxyUrl(endpoint, authentication);
    const httpUrl = http ? httpProxyUrl(endpoint, authentication) : undefined;
    const shell = this.shell ?? usualShell(platform);
    const lines = recipesFor({ url, httpUrl, endpoint, authentication }, { shell, platform });
    return html`<section aria-labelledby="recipes">
      <h2 id="recipes">${text('overview.use')}</h2>
      <div class="choices">
        ${endpoints.length > 1 ? this.#addresses(endpoints, endpoint) : nothing}
        ${this.#shells(shell)}
      </div>
      <dl class="recipes">
        ${lines.map(
          ([name, line]) =>
            html`<dt>${name}</dt>
              <dd><code>${line}</code>${copyButton(line, text('overview.copyFor', { name }))}</dd>`,
        )}
      </dl>
      ${advice(endpoint, endpoints)}
    </section>`;
  }

  #addresses(endpoints: readonly Endpoint[], chosen: Endpoint): TemplateResult {
    const label = text('overview.through');
    return html`<label class="choice">
      <span>${label}</span>
      <select
        aria-label=${label}
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

  #shells(chosen: Shell): TemplateResult {
    const label = text('recipes.shell');
    return html`<label class="choice">
      <span>${label}</span>
      <select
        aria-label=${label}
        @change=${(event: Event) => {
          this.shell = (event.target as HTMLSelectElement).value as Shell;
          keep('shell', { name: this.shell });
        }}
      >
        ${SHELLS.map(
          (shell) =>
            html`<option value=${shell} .selected=${shell === chosen}>
              ${text(`recipes.${shell}`)}
            </option>`,
        )}
      </select>
    </label>`;
  }
}

/** Whether programs of this computer can use an address: the loopback of a server elsewhere is none. */
function isOfUse({ host }: Endpoint): boolean {
  return model.elsewhere === undefined || !/^127\.|^::1$/.test(host);
}

function advice(
  { lan, certificate }: Endpoint,
  endpoints: readonly Endpoint[],
): TemplateResult | typeof nothing {
  const { authentication, http } = model.app.server;
  const notes: (string | (string | TemplateResult)[])[] = [];
  if (authentication || lan) {
    notes.push(text(http ? 'overview.loginHttp' : 'overview.loginSocks'));
  }
  if (certificate?.selfSigned) {
    notes.push(pieces('overview.selfSigned', { file: html`<code>${certificate.file}</code>` }));
  }
  if (endpoints.every(isOwnOnly)) notes.push(text('recipes.ownOnly'));
  if (notes.length === 0) return nothing;
  return html`<p class="dim">${notes.map((note) => html`${note} `)}</p>`;
}

/** Whose address it is, and what is needed there. */
export function placeOf({ place, lan, certificate }: Endpoint): string {
  const more = [lan && text('overview.usersOnly'), certificate && 'TLS'].filter(Boolean);
  return [placeName(place), ...more].join(', ');
}

/** A button that copies a line. @param name what it is called. */
export function copyButton(line: string, name: string): TemplateResult {
  return html`<button
    class="plain"
    aria-label=${name}
    title=${text('common.copy')}
    @click=${() => copy(line, text('common.line'))}
  >
    ${icon('copy')}
  </button>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-recipes': Recipes;
  }
}
