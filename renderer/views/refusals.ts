import { html, type TemplateResult } from 'lit';
import { hasFailed, type Refusal } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { formatNumber, formatTime } from '../format.js';
import { explain, explainDetail } from '../reasons.js';

/** What the proxy refused, and what it let through and failed: each has a table. */
export function refusalTables(refusals: readonly Refusal[]): TemplateResult {
  const failed = refusals.filter(({ reason }) => hasFailed(reason));
  const refused = refusals.filter(({ reason }) => !hasFailed(reason));
  return html`
    <section aria-labelledby="refused">
      <h2 id="refused">${text('overview.refused')}</h2>
      ${table(refused, 'refused', text('overview.nothingRefused'))}
    </section>
    <section aria-labelledby="failed">
      <h2 id="failed">${text('reasons.titleFailed')}</h2>
      ${table(failed, 'failed', text('reasons.noneFailed'))}
    </section>
  `;
}

function table(refusals: readonly Refusal[], title: string, none: string): TemplateResult {
  if (refusals.length === 0) return html`<p class="empty">${none}</p>`;
  return html`<table class="plain refusals" aria-labelledby=${title}>
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
      ${refusals.map(refusalRow)}
    </tbody>
  </table>`;
}

function refusalRow(refusal: Refusal): TemplateResult {
  const { reason, count, lastTime, lastClient, lastDetail, lastDiagnosis } = refusal;
  const why = explain(reason);
  const detail = explainDetail(lastDetail, lastDiagnosis);
  return html`<tr>
    <td title=${why}>${why}</td>
    <td class="number">${formatNumber(count)}</td>
    <td>${formatTime(lastTime)}</td>
    <td title=${lastClient}>${lastClient}</td>
    <td title=${detail}>${detail}</td>
  </tr>`;
}
