import { html, nothing, type TemplateResult } from 'lit';
import type { LockedOut } from '../../main/ipc/contract.js';
import { formatTime } from '../../main/words/format.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { model } from '../model.js';

/** How many rows are drawn: a server that is attacked has very many. */
const MAX_SHOWN = 1000;

/** Who may not log in for a while after wrong passwords, if anybody: each can be let in again. */
export function lockoutTable(): TemplateResult | typeof nothing {
  const { lockouts } = model.app;
  if (lockouts.length === 0) return nothing;
  return html`<section class="lockouts" aria-labelledby="lockouts">
    <h2 id="lockouts">${text('servers.lockouts')}</h2>
    <table class="plain" aria-labelledby="lockouts">
      <thead>
        <tr>
          <th>${text('servers.lockoutUser')}</th>
          <th>${text('servers.lockoutAddress')}</th>
          <th>${text('servers.lockoutUntil')}</th>
          <th><span class="hidden">${text('servers.columnActions')}</span></th>
        </tr>
      </thead>
      <tbody>
        ${lockouts.slice(0, MAX_SHOWN).map(row)}
      </tbody>
    </table>
    ${
      lockouts.length <= MAX_SHOWN
        ? nothing
        : html`<p class="dim">
            ${text('extensions.moreRows', { count: lockouts.length - MAX_SHOWN })}
          </p>`
    }
  </section>`;
}

function row({ user, address, until }: LockedOut): TemplateResult {
  const whom = user ?? address;
  const lift = async () => {
    const one = user === undefined ? { address } : { user, address };
    if (!(await model.attempt(() => request('lockouts.lift', one)))) return;
    model.notify({ severity: 'info', message: text('servers.lifted', { whom }) });
  };
  return html`<tr>
    <td title=${user ?? ''}>${user ?? text('servers.everybody')}</td>
    <td title=${address}>${address}</td>
    <td>${formatTime(until)}</td>
    <td class="actions">
      <button class="secondary" @click=${() => void lift()}>
        ${text('servers.lift', { whom })}
      </button>
    </td>
  </tr>`;
}
