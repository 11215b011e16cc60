import { html, nothing, type TemplateResult } from 'lit';
import type { ConnectionRow } from '../../main/ipc/contract.js';
import { copy } from '../actions.js';
import { run } from '../commands.js';
import { icon } from '../icon.js';
import { toJsonLines } from './exports.js';
import { hasDestination } from './routing.js';
import { COLUMNS, isLive } from './rows.js';

function detail(name: string, value: string): TemplateResult | typeof nothing {
  if (value === '') return nothing;
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** All that is known of a connection. @param now the present instant. */
export function connectionDetails(
  row: ConnectionRow,
  now: number,
  close: () => void,
): TemplateResult {
  return html`<aside class="details" aria-label="Details">
    <header>
      <h2>Connection ${row.id}</h2>
      <button
        class="secondary"
        ?disabled=${!hasDestination(row)}
        @click=${() => run('connections.route')}
      >
        Route this destination …
      </button>
      <button
        class="secondary"
        ?disabled=${!hasDestination(row)}
        @click=${() => run('connections.deny')}
      >
        Deny this destination
      </button>
      <button
        class="secondary"
        ?disabled=${!isLive(row)}
        @click=${() => run('connections.disconnect')}
      >
        Disconnect
      </button>
      <button
        class="plain"
        aria-label="Copy details"
        title="Copy"
        @click=${() => copy(toJsonLines([row]), 'Details')}
      >
        ${icon('copy')}
      </button>
      <button class="plain" aria-label="Close details" title="Close" @click=${close}>
        ${icon('close')}
      </button>
    </header>
    <dl>
      ${COLUMNS.map(({ title, text }) => detail(title, text(row, now)))}
      ${detail('Group', row.group)} ${detail('Method', row.method)}
      ${detail('Dialled', row.remote)}
    </dl>
  </aside>`;
}
