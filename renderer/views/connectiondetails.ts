import { html, nothing, type TemplateResult } from 'lit';
import type { ConnectionRow } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { copy } from '../actions.js';
import { run } from '../commands.js';
import { icon } from '../icon.js';
import { allColumns } from './connectioncolumns.js';
import { isLive } from './connectionfilter.js';
import { toJsonLines } from './exports.js';
import { hasDestination } from './routing.js';

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
  return html`<aside class="details" aria-label=${text('connections.details')}>
    <header>
      <h2>${text('connections.connection', { id: String(row.id) })}</h2>
      <button
        class="secondary"
        ?disabled=${!hasDestination(row)}
        @click=${() => run('connections.route')}
      >
        ${text('connections.route')}
      </button>
      <button
        class="secondary"
        ?disabled=${!hasDestination(row)}
        @click=${() => run('connections.deny')}
      >
        ${text('connections.deny')}
      </button>
      <button
        class="secondary"
        ?disabled=${!isLive(row)}
        @click=${() => run('connections.disconnect')}
      >
        ${text('connections.disconnect')}
      </button>
      <button
        class="plain"
        aria-label=${text('connections.copyDetails')}
        title=${text('connections.copyDetails')}
        @click=${() => copy(toJsonLines([row]), text('connections.details'))}
      >
        ${icon('copy')}
      </button>
      <button
        class="plain"
        aria-label=${text('connections.closeDetails')}
        title=${text('connections.close')}
        @click=${close}
      >
        ${icon('close')}
      </button>
    </header>
    <dl>
      ${allColumns().map(({ key, title, text: of, hint }) =>
        detail(title, key === 'reason' && hint !== undefined ? hint(row) : of(row, now)),
      )}
    </dl>
  </aside>`;
}
