import { html, type TemplateResult } from 'lit';

/** A codicon, for the eye only: what has an icon has a name as well. */
export function icon(name: string): TemplateResult {
  return html`<span class="codicon codicon-${name}" aria-hidden="true"></span>`;
}
