import { html, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { text } from '../../main/words/words.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { model, type Toast } from '../model.js';

/** Notifications, the newest at the bottom. Errors stay until they are dismissed. */
@customElement('pico-toasts')
export class Toasts extends PageElement {
  protected override readonly parts = ['toasts'] as const;

  override render(): TemplateResult {
    return html`<section class="toasts" aria-label=${text('workbench.notifications')} aria-live="polite">
      ${model.toasts.map((toast) => this.#toast(toast))}
    </section>`;
  }

  #toast({ id, severity, message, action }: Toast): TemplateResult {
    const act = () => {
      model.dismiss(id);
      action?.run();
    };
    return html`<div class="toast ${severity}" role=${severity === 'error' ? 'alert' : 'note'}>
      ${icon(severity)}
      <p>${message}</p>
      ${action === undefined ? '' : html`<button @click=${act}>${action.label}</button>`}
      <button class="plain" aria-label=${text('workbench.dismiss')} @click=${() => model.dismiss(id)}>
        ${icon('close')}
      </button>
    </div>`;
  }
}
