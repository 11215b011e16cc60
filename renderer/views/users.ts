import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import { repeat } from 'lit/directives/repeat.js';
import type { User } from '../../main/ipc/contract.js';
import { request } from '../bridge.js';
import { provide, run } from '../commands.js';
import { PageElement } from '../element.js';
import { count } from '../format.js';
import { icon } from '../icon.js';
import { recall, remember } from '../memory.js';
import { model, sentence } from '../model.js';
import { registerView } from '../viewregistry.js';

const SECRETS: Readonly<Record<User['password'], readonly [text: string, hint: string]>> = {
  set: ['in the keychain', 'works for username/password and CHAP'],
  hash: ['hash in the keychain', 'works for username/password, not for CHAP'],
  none: ['no password', 'the keychain has none: edit the user to set one'],
  unknown: ['unknown', 'the keychain cannot be read'],
};

/** How many users are shown at once: the search finds the others. */
const MAX_SHOWN = 500;

/** Who may use the proxy. Passwords go to the keychain; the window only ever sends them. */
@customElement('pico-users')
export class Users extends PageElement {
  protected override readonly parts = ['app'] as const;
  /** Who is edited: a user's name, or an empty one for a new user. */
  @state() accessor editing: string | undefined;
  @state() accessor problem = '';
  @state() accessor saving = false;
  @state() accessor search = recall('users', { search: '' }).search;
  @query('form') accessor form!: HTMLFormElement | null;

  override connectedCallback(): void {
    super.connectedCallback();
    if (model.app.users.keychainProblem === undefined) run('users.refresh');
  }

  override render(): TemplateResult {
    const { users } = model.app.users;
    const found = this.#found(users);
    return html`<div class="page">
      <h1>Users</h1>
      ${this.#keychainProblem()}
      <div class="toolbar">
        <button class="add" @click=${() => this.edit('')}>${icon('add')} Add user</button>
        <button class="secondary" @click=${() => run('users.import')}>Import …</button>
        <button
          class="secondary"
          ?disabled=${users.length === 0}
          @click=${() => run('users.export')}
        >
          Export …
        </button>
        ${users.length === 0 ? nothing : this.#searchBox(found.length, users.length)}
      </div>
      ${this.editing === undefined ? nothing : keyed(this.editing, this.#editor(this.editing))}
      ${users.length === 0 ? this.#nobody() : this.#table(found)}
    </div>`;
  }

  #found(users: readonly User[]): readonly User[] {
    const wanted = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    if (wanted.length === 0) return users;
    return users.filter(({ name, group, disabled }) => {
      const text = `${name} ${group} ${disabled ? 'disabled' : 'allowed'}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
  }

  #searchBox(found: number, all: number): TemplateResult {
    return html`<input
        class="filter"
        type="search"
        aria-label="Search users"
        placeholder="Search: name, group, disabled"
        .value=${this.search}
        @input=${(event: Event) => {
          this.search = (event.target as HTMLInputElement).value;
          remember('users', { search: this.search });
        }}
      />
      <span class="dim counts" aria-live="polite">
        ${found === all ? count(all, 'user') : `${found} of ${count(all, 'user')}`}
      </span>`;
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
    const more = users.length - MAX_SHOWN;
    return html`<table class="plain users" aria-label="Users">
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
          ${repeat(
            users.slice(0, MAX_SHOWN),
            ({ name }) => name,
            (user) => this.#row(user),
          )}
        </tbody>
      </table>
      ${users.length === 0 ? html`<p class="empty">No user has these words.</p>` : nothing}
      ${more > 0 ? html`<p class="empty">And ${count(more, 'user')} more: search for them.</p>` : nothing}`;
  }

  #row(user: User): TemplateResult {
    const { name, group, disabled } = user;
    const [text, hint] = SECRETS[user.password];
    const warn = user.password === 'none' || user.password === 'unknown';
    return html`<tr class=${disabled ? 'off' : ''} data-user=${name}>
      <td title=${name}><strong>${name}</strong></td>
      <td title=${group}>${group}</td>
      <td title=${hint}>${warn ? icon('warning') : nothing} ${text}</td>
      <td>${disabled ? 'disabled' : 'allowed'}</td>
      <td class="actions">
        ${this.#action(`Edit ${name}`, 'edit', () => this.edit(name))}
        ${
          disabled
            ? this.#action(`Enable ${name}`, 'pass', () => this.#disable(name, false))
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

  /** Opens the form for a user; an empty name is for a new one. */
  async edit(name: string): Promise<void> {
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
      if (form.isConnected) this.#close(newName.trim());
    } catch (error) {
      this.problem = sentence(error);
    } finally {
      this.saving = false;
    }
  }

  /** Closes the editor. @param name the user whose row the focus goes to, if it is there. */
  #close(name = this.editing ?? ''): void {
    this.form?.reset();
    this.editing = undefined;
    void this.#focusRow(name);
  }

  /** Gives the focus to a button of a user's row; without one, to where a user is added. */
  async #focusRow(name: string | undefined, button = 'Edit'): Promise<void> {
    await this.updateComplete;
    const rows = [...this.querySelectorAll<HTMLElement>('tr[data-user]')];
    const row = rows.find(({ dataset }) => dataset['user'] === name);
    const target = row?.querySelector<HTMLElement>(`[aria-label^="${button} "]`);
    (target ?? this.querySelector<HTMLElement>('button.add'))?.focus();
  }

  #disable(name: string, disabled: boolean): void {
    void model.attempt(() => request('users.update', { name, disabled }));
  }

  async #delete(name: string): Promise<void> {
    const names = this.#found(model.app.users.users).map((user) => user.name);
    const at = names.indexOf(name);
    if (!(await model.attempt(() => request('users.delete', name)))) return;
    if (this.editing === name) this.#close();
    void this.#focusRow(names[at + 1] ?? names[at - 1], 'Delete');
    const restore = async () => {
      if (!(await model.attempt(() => request('users.restore', name)))) return;
      if (this.isConnected) await this.#focusRow(name);
    };
    model.notify(
      { severity: 'info', message: `${name} was deleted, with the password.` },
      { label: 'Undo', run: () => void restore() },
    );
  }
}

/** Shows the users, with the form for a new one open. */
async function addUser(): Promise<void> {
  model.show('users');
  await document.querySelector('pico-workbench')?.updateComplete;
  void document.querySelector('pico-users')?.edit('');
}

async function importUsers(): Promise<void> {
  model.show('users');
  await model.attempt(async () => {
    const result = await request('users.import');
    if (result === undefined) return;
    const skipped =
      result.skipped.length === 0 ? '' : ` Already there: ${result.skipped.join(', ')}.`;
    const message = `Users imported: ${result.added}.${skipped}`;
    model.notify({ severity: 'info', message });
  });
}

async function exportUsers(): Promise<void> {
  await model.attempt(async () => {
    const result = await request('users.export');
    if (result === undefined) return;
    const skipped =
      result.skipped.length === 0
        ? ''
        : ` Left out, disabled or without one: ${result.skipped.join(', ')}.`;
    const message =
      `Users exported: ${result.written}, to ${result.file}. ` +
      `The file holds secrets readably.${skipped}`;
    model.notify({ severity: 'info', message });
  });
}

provide({
  'users.new': { run: addUser },
  'users.import': { run: importUsers },
  'users.export': { run: exportUsers },
});

registerView({ id: 'users', title: 'Users', icon: 'account', order: 3, tag: 'pico-users' });

declare global {
  interface HTMLElementTagNameMap {
    'pico-users': Users;
  }
  interface PicoViews {
    users: Users;
  }
}
