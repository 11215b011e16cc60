import { html, nothing, type TemplateResult } from 'lit';
import type { RemoteRouting } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';

/** What a server elsewhere says of its upstream servers and its clients: they are changed there. */
export function remoteRouting({ upstreams, network }: RemoteRouting): TemplateResult {
  return html`${
    upstreams.length === 0
      ? nothing
      : html`<section aria-labelledby="remote-upstreams">
          <h2 id="remote-upstreams">${text('servers.upstreams')}</h2>
          <table class="plain upstreams" aria-labelledby="remote-upstreams">
            <tbody>
              ${upstreams.map(
                ({ name, place }) =>
                  html`<tr>
                    <td title=${name}><strong>${name}</strong></td>
                    <td title=${place}>${place}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </section>`
  }
    ${
      network.length === 0
        ? nothing
        : html`<section aria-labelledby="remote-network">
          <h2 id="remote-network">${text('servers.clients')}</h2>
          <ol class="remote-rules" aria-labelledby="remote-network">
            ${network.map((rule) => html`<li><code>${rule}</code></li>`)}
          </ol>
        </section>`
    }`;
}
