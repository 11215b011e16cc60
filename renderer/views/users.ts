import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import type { User, UsersTransfer } from '../../main/ipc/contract.js';
import { copy } from '../actions.js';
import { request } from '../bridge.js';
import { provide, run } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { recall, remember } from '../memory.js';
import { model, sentence } from '../model.js';
import type { Column } from '../table/columns.js';
import type { TableContent, VirtualTable } from '../table/virtualtable.js';
import { userAddress } from '../useraddress.js';
import { registerView } from '../viewregistry.js';
import { passFocusToRow } from '../workbench/focus.js';
import '../table/virtualtable.js';
import { text } from '../../main/words/words.js';
import { iconButton, tellAway } from './formparts.js';
import { lockoutTable } from './lockouts.js';
import { userEditor } from './usereditor.js';
import { LimitError, parseLimits } from './userlimits.js';
import { selectUsers, type UserRow, type UserSelection, userColumns } from './userrows.js';

const HEIGHTS = { row: 28, head: 28 };

/** How many names a message names. */
const MAX_NAMED = 5;

const COLUMNS = userColumns((name) => model.activity.get(name));

/** The ids of rows, by the users' names: a row stays the same while its user changes. */
const ids = new Map<string, number>();

function idOf(name: string): number {
  const known = ids.get(name) ?? ids.size + 1;
  ids.set(name, known);
  return known;
}

/** Who may use the proxy. Passwords go to the keychain; the window only ever sends them. */
@customElement('pico-users')
export class Users extends PageElement {
  protected override readonly parts = ['app', 'activity'] as const;
  /** Who is edited: a user's name, or an empty one for a new user. */
  @state() accessor editing: string | undefined;
  @state() accessor problem = '';
  @state() accessor saving = false;
  @state() accessor selection = recall<UserSelection>('users', {
    search: '',
    sort: 'name',
    descending: false,
  });
  @state() accessor chosen: number | undefined;
  @query('form') accessor form!: HTMLFormElement | null;
  @query('pico-table') accessor table!: VirtualTable | null;
  /** What the rows were made of. */
  #of: readonly User[] | undefined;
  #rows: readonly UserRow[] = [];
  #columns: readonly Column<UserRow>[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    if (model.app.users.keychainProblem === undefined) run('users.refresh');
  }

  override render(): TemplateResult {
    const { users } = model.app.users;
    this.#take(users);
    const found = selectUsers(this.#rows, this.selection, COLUMNS);
    const isBusy = isFixed();
    return html`<div class="page table-page">
      <h1>${text('views.users')}</h1>
      ${this.#keychainProblem()} ${this.#transfer()}
      <div class="toolbar">
        <button class="add" ?disabled=${isBusy} @click=${() => this.edit('')}>
          ${icon('add')} ${text('users.add')}
        </button>
        <button class="secondary" ?disabled=${isBusy} @click=${() => run('users.import')}>
          ${text('users.import')}
        </button>
        <button
          class="secondary"
          ?disabled=${users.length === 0 || isBusy}
          @click=${() => run('users.export')}
        >
          ${text('users.export')}
        </button>
        ${users.length === 0 ? nothing : this.#searchBox(found.length, users.length)}
      </div>
      ${this.editing === undefined ? nothing : keyed(this.editing, this.#editor(this.editing))}
      ${lockoutTable()}
      ${
        users.length === 0
          ? this.#nobody()
          : html`<pico-table class="users" .content=${this.#content(found)}></pico-table>`
      }
    </div>`;
  }

  /** Makes the rows and columns of users, if they are others. */
  #take(users: readonly User[]): void {
    if (users === this.#of) return;
    this.#of = users;
    this.#rows = users.map((user) => ({ id: idOf(user.name), user }));
    const told = COLUMNS.filter(({ tells }) => tells === undefined || users.some(tells));
    this.#columns = [...told, this.#actions];
  }

  #select(change: Partial<UserSelection>): void {
    this.table?.forget();
    this.selection = { ...this.selection, ...change };
    remember('users', this.selection);
  }

  #searchBox(found: number, all: number): TemplateResult {
    return html`<input
        class="filter"
        type="search"
        aria-label=${text('users.search')}
        placeholder=${text('users.searchHint')}
        .value=${this.selection.search}
        @input=${(event: Event) => {
          this.#select({ search: (event.target as HTMLInputElement).value });
        }}
      />
      <span class="dim counts" aria-live="polite">
        ${found === all ? text('users.users', { count: all }) : text('users.found', { found, count: all })}
      </span>`;
  }

  #keychainProblem(): TemplateResult | typeof nothing {
    const { keychainProblem } = model.app.users;
    if (keychainProblem === undefined) return nothing;
    return html`<div class="banner error" role="alert">
      ${icon('lock')}
      <p>${keychainProblem}</p>
      <button class="secondary" @click=${() => run('users.refresh')}>${text('common.tryAgain')}</button>
    </div>`;
  }

  /** How far an import or export is. */
  #transfer(): TemplateResult | typeof nothing {
    const { usersTransfer: transfer } = model.app;
    if (transfer === undefined) return nothing;
    const { done, total, cancelled } = transfer;
    const words = wordsOf(transfer);
    return html`<div class="banner transfer" role="group" aria-label=${words}>
      <p>${words}</p>
      ${
        total === 0
          ? html`<progress aria-label=${words}></progress>`
          : html`<progress class="share" aria-label=${words} max=${total} value=${done}></progress>`
      }
      <button
        class="secondary"
        aria-label=${text(transfer.action === 'import' ? 'users.cancelImport' : 'users.cancelExport')}
        ?disabled=${cancelled}
        @click=${() => model.attempt(() => request('users.cancel'))}
      >
        ${text('common.cancel')}
      </button>
    </div>`;
  }

  #nobody(): TemplateResult {
    const name = model.elsewhere;
    if (name !== undefined) return html`<p class="empty">${text('servers.noUsers', { name })}</p>`;
    return html`<p class="empty">${text('users.nobody')}</p>`;
  }

  #content(rows: readonly UserRow[]): TableContent<UserRow> {
    const { sort, descending } = this.selection;
    return {
      label: text('views.users'),
      columns: this.#columns,
      rows,
      heights: HEIGHTS,
      order: { key: sort, descending },
      newestFirst: false,
      follows: false,
      chosen: this.chosen,
      now: Date.now(),
      empty: text('users.notFound'),
      rowClass: ({ user }) => {
        const access = COLUMNS.find(({ key }) => key === 'access')?.value(user);
        return `${access === text('users.allowed') ? '' : 'off'} password-${user.password}`;
      },
      choose: (id) => {
        this.chosen = id;
      },
      sort: ({ key, number }) =>
        this.#select({ sort: key, descending: key === sort ? !descending : number === true }),
      follow: () => {},
      menu: () => {},
      press: (event) => this.#press(event),
    };
  }

  /** Keys of the chosen row; those of its buttons are theirs. */
  #press({ key, target }: KeyboardEvent): void {
    const user = this.#rows.find(({ id }) => id === this.chosen)?.user;
    if (user === undefined || isFixed()) return;
    if (target instanceof Element && target.closest('button') !== null) return;
    if (key === 'Enter') void this.edit(user.name);
    else if (key === 'Delete') void this.#delete(user.name);
  }

  readonly #actions: Column<UserRow> = {
    key: 'actions',
    get title() {
      return text('common.actions');
    },
    width: 122,
    text: () => '',
    parts: ({ user: { name, disabled } }) => html`
      ${this.#action(text('users.copyAddress', { name }), 'link', () => copyAddress(name))}
      ${this.#action(text('common.edit', { name }), 'edit', () => this.edit(name))}
      ${
        disabled
          ? this.#action(text('users.enable', { name }), 'pass', () => this.#disable(name, false))
          : this.#action(text('users.disable', { name }), 'circle-slash', () =>
              this.#disable(name, true),
            )
      }
      ${this.#action(text('common.delete', { name }), 'trash', () => this.#delete(name))}
    `,
  };

  #action(name: string, symbol: string, act: () => void): TemplateResult {
    return iconButton(name, symbol, act, isFixed());
  }

  #editor(name: string): TemplateResult {
    return userEditor(
      model.app.users.users.find((candidate) => candidate.name === name),
      {
        problem: this.#shownProblem(),
        saving: this.saving,
        save: (event) => void this.#save(event),
        close: () => this.#close(),
      },
    );
  }

  /** What is wrong is said once: the keychain has its place above. */
  #shownProblem(): string {
    return this.problem === model.app.users.keychainProblem
      ? text('common.nothingSaved')
      : this.problem;
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
    const name = this.editing ?? '';
    const before = model.app.users.users.find((user) => user.name === name);
    this.saving = true;
    this.problem = '';
    try {
      const limits = parseLimits(field, before?.limits ?? {});
      if (name === '') await request('users.add', { name: newName, group, password, limits });
      else {
        const secret = password === '' ? {} : { password };
        await request('users.update', { name, newName, group, limits, ...secret });
      }
      form.reset();
      // Somebody else may be edited by now.
      if (this.contains(form)) this.#close(newName.trim());
    } catch (error) {
      this.problem = error instanceof LimitError ? error.message : sentence(error);
      tellAway(form, this.problem);
    } finally {
      this.saving = false;
    }
  }

  /** Closes the editor. @param name the user whose row the focus goes to, if it is there. */
  #close(name = this.editing ?? ''): void {
    this.form?.reset();
    this.editing = undefined;
    void this.#focusRow(name, 'edit', null);
  }

  /**
   * Passes the focus to a button of a user's row; without one, to where a user is added.
   *
   * @param from what had it when that began.
   */
  async #focusRow(
    name: string | undefined,
    button: 'edit' | 'trash',
    from: Element | null,
  ): Promise<void> {
    await this.updateComplete;
    await this.table?.updateComplete;
    const id = name === undefined ? undefined : idOf(name);
    if (id !== undefined) await this.table?.reveal(id);
    const row = this.querySelector(`#row-${id}`);
    const { activeElement: active } = document;
    // A click in a row gives the focus to the table.
    passFocusToRow(this, row, button, active === this.table?.body ? active : from);
  }

  #disable(name: string, disabled: boolean): void {
    void model.attempt(() => request('users.update', { name, disabled }));
  }

  async #delete(name: string): Promise<void> {
    const names = selectUsers(this.#rows, this.selection, COLUMNS).map(({ user }) => user.name);
    const at = names.indexOf(name);
    const { activeElement } = document;
    if (!(await model.attempt(() => request('users.delete', name)))) return;
    if (this.editing === name) this.#close();
    void this.#focusRow(names[at + 1] ?? names[at - 1], 'trash', activeElement);
    const restore = async () => {
      const { activeElement: from } = document;
      if (!(await model.attempt(() => request('users.restore', name)))) return;
      if (this.isConnected) await this.#focusRow(name, 'edit', from);
    };
    model.notify(
      { severity: 'info', message: text('users.deleted', { name }) },
      { label: text('common.undo'), run: () => void restore() },
    );
  }
}

/** Whether no user can be changed: some are being taken over, or they are those of a server elsewhere. */
function isFixed(): boolean {
  return model.app.usersTransfer !== undefined || model.elsewhere !== undefined;
}

/** Shows the users, with the form for a new one open. */
async function addUser(): Promise<void> {
  model.show('users');
  await document.querySelector('pico-workbench')?.updateComplete;
  void document.querySelector('pico-users')?.edit('');
}

/** Copies the address for a user's programs. */
function copyAddress(name: string): void {
  const address = userAddress(name, model.app.server.endpoints);
  if (address === undefined) {
    model.notify({ severity: 'warning', message: text('users.noAddress') });
  } else void copy(address, address);
}

/** What is under way, in words. */
function wordsOf({ action, done, total, cancelled }: UsersTransfer): string {
  if (cancelled) {
    if (done === 0) return text(`users.${action}Ends`);
    return text(`users.${action}TakenBack`, { count: done });
  }
  if (total === 0) return text(`users.${action}ing`);
  return text(`users.${action}ingSome`, { done, total });
}

/** Some names, and how many there are besides them. */
function someOf(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  const named = names.slice(0, MAX_NAMED).join(', ');
  return more > 0 ? text('users.andMore', { names: named, count: more }) : named;
}

function tell(message: string): void {
  model.notify({ severity: 'info', message });
}

async function importUsers(): Promise<void> {
  model.show('users');
  await model.attempt(async () => {
    const result = await request('users.import');
    if (result === undefined) return;
    if (result === 'cancelled') return tell(text('users.importCancelled'));
    const { added, skipped } = result;
    const there =
      skipped.length === 0 ? [] : [text('users.alreadyThere', { names: someOf(skipped) })];
    tell([text('users.imported', { added }), ...there].join(' '));
  });
}

async function exportUsers(): Promise<void> {
  model.show('users');
  await model.attempt(async () => {
    const result = await request('users.export');
    if (result === undefined) return;
    if (result === 'cancelled') return tell(text('users.exportCancelled'));
    const { written, file, skipped } = result;
    const left = skipped.length === 0 ? [] : [text('users.leftOut', { names: someOf(skipped) })];
    tell([text('users.exported', { written, file }), ...left].join(' '));
  });
}

provide({
  'users.new': { run: addUser },
  'users.import': { run: importUsers },
  'users.export': { run: exportUsers },
});

registerView({
  id: 'users',
  title: () => text('views.users'),
  icon: 'account',
  order: 3,
  tag: 'pico-users',
});

declare global {
  interface HTMLElementTagNameMap {
    'pico-users': Users;
  }
  interface PicoViews {
    users: Users;
  }
}
