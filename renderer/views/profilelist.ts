import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Profile } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { recall, remember } from '../memory.js';
import { model, sentence } from '../model.js';
import { passFocus } from '../workbench/focus.js';

/** A profile that is being edited: it is kept once it is saved. */
interface Draft {
  /** Empty for a new one. */
  readonly of: string;
  readonly name: string;
  readonly networks: string;
}

/** The draft outlives visits to other views, and the page itself. */
let draft = recall<{ draft?: Draft }>('profiles', {}).draft;

function keepDraft(changed: Draft | undefined): void {
  draft = changed;
  remember('profiles', changed === undefined ? {} : { draft: changed });
}

/** Named sets of settings that differ: which there are, which is in use, and in which networks. */
@customElement('pico-profiles')
export class ProfileList extends PageElement {
  protected override readonly parts = ['app'] as const;
  @state() accessor problem = '';

  override render(): TemplateResult {
    const { profiles, active } = model.app.settings.profiles;
    return html`<div class="profiles">
      <p class="dim">${text('profiles.about')}</p>
      <ul>
        ${repeat(
          profiles,
          ({ name }) => name,
          (profile) =>
            draft?.of === profile.name
              ? html`<li>${this.#editor(draft)}</li>`
              : this.#profile(profile, profile.name === active),
        )}
        ${draft?.of === '' ? html`<li>${this.#editor(draft)}</li>` : nothing}
      </ul>
      <button class="secondary" @click=${() => this.#edit({ of: '', name: '', networks: '' })}>
        ${icon('add')} ${text('profiles.add')}
      </button>
    </div>`;
  }

  #profile({ name, differs, networks }: Profile, isActive: boolean): TemplateResult {
    const facts = [
      text('profiles.differs', { count: differs.length }),
      ...(networks.length > 0 ? [text('profiles.automatic', { count: networks.length })] : []),
    ];
    return html`<li class="profile ${isActive ? 'active' : ''}">
      <span class="name" title=${name}>${name}</span>
      ${isActive ? html`<span class="in-use">${icon('check')} ${text('profiles.inUse')}</span>` : nothing}
      <span class="dim">${facts.join(', ')}</span>
      <span class="actions">
        ${
          isActive
            ? html`<button
              class="secondary"
              aria-label=${text('profiles.stop', { name })}
              @click=${() => void useProfile(undefined)}
            >
              ${text('profiles.stopShort')}
            </button>`
            : html`<button
              class="secondary"
              aria-label=${text('profiles.use', { name })}
              @click=${() => void useProfile(name)}
            >
              ${text('profiles.useShort')}
            </button>`
        }
        <button
          class="plain"
          aria-label=${text('profiles.edit', { name })}
          title=${text('profiles.edit', { name })}
          data-action="edit"
          @click=${() => this.#edit({ of: name, name, networks: networks.join('\n') })}
        >
          ${icon('edit')}
        </button>
        <button
          class="plain"
          aria-label=${text('profiles.delete', { name })}
          title=${text('profiles.delete', { name })}
          @click=${() => void this.#delete(name)}
        >
          ${icon('trash')}
        </button>
      </span>
    </li>`;
  }

  #editor({ of, name, networks }: Draft): TemplateResult {
    const change = (changed: Partial<Draft>) => {
      if (draft !== undefined) keepDraft({ ...draft, ...changed });
      this.requestUpdate();
    };
    const submit = (event: Event) => {
      event.preventDefault();
      void this.#save();
    };
    const press = ({ key }: KeyboardEvent) => {
      if (key === 'Escape') this.#cancel();
    };
    return html`<form class="editor" @submit=${submit} @keydown=${press}>
      <label>
        <span>${text('profiles.name')}</span>
        <input
          type="text"
          class="profile-name"
          autocomplete="off"
          maxlength="50"
          placeholder=${text('profiles.namePlaceholder')}
          .value=${name}
          @input=${(event: Event) => change({ name: (event.target as HTMLInputElement).value })}
        />
      </label>
      ${
        of === ''
          ? nothing
          : html`<label>
              <span>${text('profiles.networks')}</span>
              <textarea
                rows="3"
                spellcheck="false"
                aria-describedby="about-networks"
                .value=${networks}
                @input=${(event: Event) =>
                  change({ networks: (event.target as HTMLTextAreaElement).value })}
              ></textarea>
            </label>
            <p class="dim" id="about-networks">${text('profiles.networksHint')}</p>
            <button type="button" class="secondary" @click=${() => void this.#addNetwork()}>
              ${text('profiles.present')}
            </button>`
      }
      <p class="invalid" role="alert">${this.problem}</p>
      <div class="buttons">
        <button type="submit">${text('profiles.save')}</button>
        <button type="button" class="secondary" @click=${() => this.#cancel()}>
          ${text('profiles.cancel')}
        </button>
      </div>
    </form>`;
  }

  async #edit(begun: Draft): Promise<void> {
    keepDraft(begun);
    this.problem = '';
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector<HTMLInputElement>('input.profile-name')?.focus();
  }

  #cancel(): void {
    keepDraft(undefined);
    this.problem = '';
    this.requestUpdate();
  }

  async #addNetwork(): Promise<void> {
    const [rule] = await request('profiles.network').catch(() => []);
    if (draft === undefined) return;
    if (rule === undefined) {
      this.problem = text('profiles.noPresent');
      return;
    }
    const lines = draft.networks.split('\n').filter((line) => line.trim() !== '');
    const networks = [...lines.filter((line) => line !== rule), rule].join('\n');
    keepDraft({ ...draft, networks });
    this.requestUpdate();
  }

  async #save(): Promise<void> {
    if (draft === undefined) return;
    const { of, name, networks } = draft;
    const rules = networks
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
    try {
      if (of === '') await request('profiles.add', name);
      else await request('profiles.update', { name: of, newName: name, networks: rules });
      this.#cancel();
    } catch (error) {
      this.problem = sentence(error);
    }
  }

  async #delete(name: string): Promise<void> {
    if (!(await model.attempt(() => request('profiles.delete', name)))) return;
    model.notify(
      { severity: 'info', message: text('profiles.deleted', { name }) },
      {
        label: text('profiles.undo'),
        run: () => void this.#restore(name),
      },
    );
  }

  async #restore(name: string): Promise<void> {
    const { activeElement } = document;
    if (!(await model.attempt(() => request('profiles.restore', name)))) return;
    await this.updateComplete;
    const row = [...this.querySelectorAll('li.profile')].find(
      (item) => item.querySelector('.name')?.textContent === name,
    );
    passFocus(activeElement, row?.querySelector<HTMLElement>('[data-action="edit"]'));
  }
}

/** Uses a profile, or none. */
export function useProfile(name: string | undefined): Promise<boolean> {
  return model.attempt(() => request('profiles.use', name));
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-profiles': ProfileList;
  }
}
