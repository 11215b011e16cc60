import { html, type TemplateResult } from 'lit';
import { text } from '../../main/words/words.js';
import { icon } from '../icon.js';

/** What says that something typed is not in force. @param id of the element, for its field. */
export function draftMark(id: string): TemplateResult {
  return html`<span class="draft" id=${id}>${icon('edit')} ${text('settings.notInForce')}</span>`;
}
