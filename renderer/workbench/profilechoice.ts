import { html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { model } from '../model.js';

/** Which profile is in use, in the status bar: another one can be chosen. */
@customElement('pico-profile-choice')
export class ProfileChoice extends PageElement {
  protected override readonly parts = ['app'] as const;

  override render(): TemplateResult | typeof nothing {
    const { profiles, active } = model.app.settings.profiles;
    if (profiles.length === 0) return nothing;
    const choose = async (event: Event) => {
      const at = (event.target as HTMLSelectElement).selectedIndex;
      await model.attempt(() => request('profiles.use', profiles[at - 1]?.name));
      this.requestUpdate();
    };
    return html`<select
      aria-label=${text('profiles.profile')}
      title="${text('profiles.profile')}: ${active ?? text('profiles.noneLabel')}"
      @change=${choose}
    >
      <option .selected=${active === undefined}>${text('profiles.noneLabel')}</option>
      ${profiles.map(({ name }) => html`<option .selected=${name === active}>${name}</option>`)}
    </select>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-profile-choice': ProfileChoice;
  }
}
