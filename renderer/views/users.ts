import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import type { User } from '../../main/contract.js';
import { request } from '../bridge.js';
import { run } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { model, sentence } from '../model.js';

const SECRETS: Readonly<Record<User['password'], readonly [text: string, hint: string]>> = {
  set: ['in the keychain', 'works for username/password and CHAP'],
  hash: ['hash in the keychain', 'works for username/password, not for CHAP'],
  none: ['no password', 'the keychain has none: edit the user to set one'],
  unknown: ['unknown', 'the keychain cannot be read'],
};

/** Who may use the proxy. Passwords go to the keychain; the window only ever sends them. */
@customElement('pico-users')
export class Users extends PageElement {
  protected override readonly parts = ['app'] as const;
  /** Who is edited: a user's name, or an empty one for a new user. */
  @state() accessor editing: string | undefined;
  @state() accessor problem = '';
  @state() accessor saving = false;
  @query('form') accessor form!: HTMLFormElement | null;

  override connectedCallback(): void {
    super.connectedCallback();
    if (model.app.users.keychainProblem === undefined) run('users.refresh');
  }

  override render(): TemplateResult {
    const { users } = model.app.users;
    return html`<div class="page">
      <h1>Users</h1>
      ${this.#keychainProblem()}
      <div class="toolbar">
        <button ?hidden=${this.editing !== undefined} @click=${() => this.#edit('')}>
          ${icon('add')} Add user
        </button>
        <button class="secondary" @click=${() => run('users.import')}>Import …</button>
        <button
          class="secondary"
          ?disabled=${users.length === 0}
          @click=${() => run('users.export')}
        >
          Export …
        </button>
      </div>
      ${this.editing === undefined ? nothing : keyed(this.editing, this.#editor(this.editing))}
      ${users.length === 0 ? this.#nobody() : this.#table(users)}
    </div>`;
  }

  #keychainProblem(): TemplateResult | typeof nothing {
    const { keychainProblem } = model.app.users;
    if (keychainProblem === undefined) return nothing;
    return html`<div class="banner error" role="alert">
      ${icon('lock')}
      <p>${keychainProblem}</p>
      <button class="secondary" @click=${() => run('users.refresh')}>Try again</button>
    </div>`;
  }

  #nobody(): TemplateResult {
    return html`<p class="empty">
      Nobody yet: every program on this computer may use the proxy. With users, clients have to
      log in, and the proxy can listen for other computers as well.
    </p>`;
  }

  #table(users: readonly User[]): TemplateResult {
    return html`<table class="plain" aria-label="Users">
      <thead>
        <tr>
          <th>Name</th>
          <th>Group</th>
          <th>Secret</th>
          <th>Access</th>
          <th><span class="hidden">Actions</span></th>
        </tr>
      </thead>
      <tbody>
        ${users.map((user) => this.#row(user))}
      </tbody>
    </table>`;
  }

  #row(user: User): TemplateResult {
    const { name, group, disabled } = user;
    const [text, hint] = SECRETS[user.password];
    const warn = user.password === 'none' || user.password === 'unknown';
    return html`<tr class=${disabled ? 'off' : ''}>
      <td><strong>${name}</strong></td>
      <td>${group}</td>
      <td title=${hint}>${warn ? icon('warning') : nothing} ${text}</td>
      <td>${disabled ? 'disabled' : 'allowed'}</td>
      <td class="actions">
        ${this.#action(`Edit ${name}`, 'edit', () => this.#edit(name))}
        ${
          disabled
            ? this.#action(`Enable ${name}`, 'circle-slash', () => this.#disable(name, false))
            : this.#action(`Disable ${name}`, 'circle-slash', () => this.#disable(name, true))
        }
        ${this.#action(`Delete ${name}`, 'trash', () => this.#delete(name))}
      </td>
    </tr>`;
  }

  #action(name: string, symbol: string, act: () => void): TemplateResult {
    return html`<button class="plain" aria-label=${name} title=${name} @click=${act}>
      ${icon(symbol)}
    </button>`;
  }

  #editor(name: string): TemplateResult {
    const user = model.app.users.users.find((candidate) => candidate.name === name);
    const isNew = user === undefined;
    return html`<form class="editor" aria-label=${isNew ? 'New user' : `Edit ${name}`} @submit=${this.#save}>
      <label>
        <span>User name</span>
        <input
          name="name"
          required
          maxlength="255"
          autocomplete="off"
          aria-describedby="user-problem"
          value=${name}
        />
      </label>
      <label>
        <span>Password</span>
        <input
          name="password"
          type="password"
          role="textbox"
          maxlength="255"
          autocomplete="new-password"
          ?required=${isNew}
          placeholder=${isNew ? '' : 'as it is'}
          aria-describedby="user-problem"
        />
      </label>
      <label>
        <span>Group</span>
        <input name="group" maxlength="255" autocomplete="off" value=${user?.group ?? ''} />
      </label>
      <div class="buttons">
        <button type="submit" ?disabled=${this.saving}>Save</button>
        <button type="button" class="secondary" @click=${this.#close}>Cancel</button>
        ${this.saving ? html`<progress aria-label="Asking the keychain"></progress>` : nothing}
      </div>
      <p id="user-problem" class="invalid" role="alert">${this.#shownProblem()}</p>
    </form>`;
  }

  /** What is wrong is said once: the keychain has its place above. */
  #shownProblem(): string {
    return this.problem === model.app.users.keychainProblem ? 'Nothing was saved.' : this.problem;
  }

  async #edit(name: string): Promise<void> {
    this.editing = name;
    this.problem = '';
    await this.updateComplete;
    this.querySelector<HTMLInputElement>('[name=name]')?.focus();
  }

  async #save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const field = (name: string) => String(data.get(name) ?? '');
    const [newName, group, password] = [field('name'), field('group'), field('password')];
    this.saving = true;
    this.problem = '';
    try {
      if (this.editing === '') await request('users.add', { name: newName, group, password });
      else {
        const name = this.editing ?? '';
        const secret = password === '' ? {} : { password };
        await request('users.update', { name, newName, group, ...secret });
      }
      form.reset();
      // Somebody else may be edited by now.
      if (form.isConnected) this.#close();
    } catch (error) {
      this.problem = sentence(error);
    } finally {
      this.saving = false;
    }
  }

  #close(): void {
    this.form?.reset();
    this.editing = undefined;
  }

  #disable(name: string, disabled: boolean): void {
    void model.attempt(() => request('users.update', { name, disabled }));
  }

  async #delete(name: string): Promise<void> {
    if (!(await model.attempt(() => request('users.delete', name)))) return;
    if (this.editing === name) this.#close();
    model.notify(
      {
        severity: 'info',
        message: `${name} was deleted, with the password.`,
        action: { label: 'Undo', command: '' },
      },
      () => void model.attempt(() => request('users.restore', name)),
    );
  }
}
