import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import { repeat } from 'lit/directives/repeat.js';
import {
  type RemoteItem,
  type RemoteSettings,
  type ServerWay,
  USUAL_CONTROL,
} from '../../main/ipc/contract.js';
import { formatNumber, formatRate, formatSeconds } from '../../main/words/format.js';
import { pieces, text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { provide } from '../commands.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { model, sentence } from '../model.js';
import { registerView } from '../viewregistry.js';
import { passFocusToRow } from '../workbench/focus.js';
import { showServer } from '../workbench/serverswitch.js';
import { field, iconButton, onEscape, tellAway, trustField } from './formparts.js';

const NEW: RemoteSettings = {
  ...{ name: '', way: 'ssh', host: '', port: 0, user: '', control: USUAL_CONTROL },
  ...{ fingerprint: '', ca: '' },
};

/** What all fields of the form have. */
const COMMON = { max: 500, problem: 'server-problem' } as const;

/** Servers that run elsewhere: which there are, how each is, and which one the window shows. */
@customElement('pico-servers')
export class ServersView extends PageElement {
  protected override readonly parts = ['app', 'traffic'] as const;
  /** Which one is edited: its id, or an empty one for a new one. */
  @state() accessor editing: string | undefined;
  @state() accessor problem = '';
  @state() accessor saving = false;
  /** The way and the trusted certificates that are chosen in the form. */
  @state() accessor way: ServerWay = NEW.way;
  @state() accessor ca = '';
  @query('form') accessor form!: HTMLFormElement | null;

  override render(): TemplateResult {
    const { servers } = model.app.servers;
    return html`<div class="page servers">
      <h1>${text('servers.title')}</h1>
      <p class="dim">${text('servers.intro')}</p>
      <div class="toolbar">
        <button class="add" @click=${() => void this.edit('')}>
          ${icon('add')} ${text('servers.add')}
        </button>
      </div>
      ${this.editing === undefined ? nothing : keyed(this.editing, this.#editor(this.editing))}
      ${
        servers.length === 0
          ? html`<p class="empty">${text('servers.none')}</p>`
          : this.#table(servers)
      }
    </div>`;
  }

  #table(servers: readonly RemoteItem[]): TemplateResult {
    return html`<table class="plain servers" aria-label=${text('servers.title')}>
      <thead>
        <tr>
          <th>${text('servers.columnName')}</th>
          <th>${text('servers.columnState')}</th>
          <th class="traffic">${text('servers.columnTraffic')}</th>
          <th class="actions"><span class="hidden">${text('servers.columnActions')}</span></th>
        </tr>
      </thead>
      <tbody>
        ${repeat(
          servers,
          ({ id }) => id,
          (server) => this.#row(server),
        )}
      </tbody>
    </table>`;
  }

  #row(server: RemoteItem): TemplateResult {
    const { id, name, link, facts, problem } = server;
    const isShown = model.app.servers.shown === id;
    const isWanted = link === 'connecting' || link === 'connected' || link === 'waiting';
    const isKnown = facts !== undefined && link === 'connected';
    const place = placeOf(server);
    return html`<tr data-server=${id} aria-current=${isShown}>
      <td>
        <span class="name" title=${name}>
          <strong>${name}</strong>
          ${isShown ? html`<span class="badge">${text('servers.shownNow')}</span>` : nothing}
        </span>
        <span class="place dim" title=${place}>${place}</span>
      </td>
      <td aria-live="polite">
        <span class="link ${link}">${icon(LINK_ICONS[link])} ${stateOf(server)}</span>
        ${isKnown ? html`<span class="dim">${facts.version}</span>` : nothing}
        ${problem === undefined ? nothing : html`<p class="problem">${problem}</p>`}
      </td>
      <td class="traffic">
        ${
          isKnown
            ? html`<span title=${text('servers.connections', { count: facts.connections })}>
                ${icon('arrow-swap')} ${formatNumber(facts.connections)}
              </span>
              <span>
                ${icon('arrow-up')} ${formatRate(facts.rateUp)}
                ${icon('arrow-down')} ${formatRate(facts.rateDown)}
              </span>`
            : '–'
        }
      </td>
      <td class="actions">
        ${
          isShown
            ? nothing
            : html`<button
              class="secondary"
              aria-label=${text('servers.show', { name })}
              title=${text('servers.show', { name })}
              @click=${() => showServer(id)}
            >
              ${text('servers.showIt')}
            </button>`
        }
        ${
          isWanted
            ? action(text('servers.disconnect', { name }), 'debug-disconnect', () =>
                request('servers.disconnect', id),
              )
            : action(text('servers.connect', { name }), 'plug', () =>
                request('servers.connect', id),
              )
        }
        ${action(
          text('servers.reloadConfiguration', { name }),
          'refresh',
          () => this.#reload(server),
          link !== 'connected',
        )}
        ${action(text('servers.edit', { name }), 'edit', () => this.edit(id))}
        ${action(text('servers.remove', { name }), 'trash', () => this.#remove(server))}
      </td>
    </tr>`;
  }

  #editor(id: string): TemplateResult {
    const server = model.app.servers.servers.find((candidate) => candidate.id === id);
    const { name, host, port, user, control, fingerprint } = server ?? NEW;
    const isSsh = this.way === 'ssh';
    const ways = { ssh: text('servers.waySsh'), tls: text('servers.wayTls') };
    return html`<form
      class="editor server"
      data-kept
      aria-label=${server === undefined ? text('servers.add') : text('servers.edit', { name })}
      @submit=${(event: SubmitEvent) => void this.#save(event)}
      @keydown=${onEscape(() => this.#close())}
    >
      ${field(text('servers.name'), 'name', name, { required: true, ...COMMON })}
      <label>
        <span>${text('servers.way')}</span>
        <select
          name="way"
          @change=${(event: Event) => {
            this.way = (event.target as HTMLSelectElement).value as ServerWay;
          }}
        >
          ${(['ssh', 'tls'] as const).map(
            (way) => html`<option value=${way} ?selected=${way === this.way}>${ways[way]}</option>`,
          )}
        </select>
      </label>
      ${field(text('servers.host'), 'host', host, {
        required: true,
        hint: isSsh ? text('servers.hostHint') : '',
        ...COMMON,
      })}
      ${field(text('servers.port'), 'port', port === 0 ? '' : String(port), {
        required: !isSsh,
        hint: isSsh ? text('servers.portHint') : '9443',
        ...COMMON,
      })}
      ${
        isSsh
          ? html`${field(text('servers.user'), 'user', user, { hint: text('servers.userHint'), ...COMMON })}
            ${field(text('servers.control'), 'control', control || USUAL_CONTROL, {
              required: true,
              ...COMMON,
            })}`
          : nothing
      }
      <label>
        <span>${text('servers.token')}</span>
        <input
          name="token"
          type="password"
          autocomplete="off"
          maxlength="2000"
          placeholder=${
            server?.hasToken ? text('servers.tokenKept') : isSsh ? text('servers.tokenHint') : ''
          }
        />
      </label>
      ${
        isSsh
          ? nothing
          : html`${field(text('servers.fingerprint'), 'fingerprint', fingerprint, {
              hint: text('servers.fingerprintHint'),
              ...COMMON,
            })}
            ${this.#trust()}`
      }
      <p class="dim">${isSsh ? text('servers.sshNote') : text('servers.tlsNote')}</p>
      <div class="buttons">
        <button type="submit" ?disabled=${this.saving}>${text('servers.save')}</button>
        <button type="button" class="secondary" @click=${() => this.#close()}>
          ${text('servers.cancel')}
        </button>
        ${this.saving ? html`<progress aria-label=${text('servers.savingToken')}></progress>` : nothing}
      </div>
      <p id="server-problem" class="invalid" role="alert">${this.problem}</p>
    </form>`;
  }

  #trust(): TemplateResult {
    return trustField({
      file: this.ca,
      choose: () => request('servers.choose'),
      changed: (file) => {
        this.ca = file;
      },
      failed: (problem) => {
        this.problem = problem;
      },
    });
  }

  /** Opens the form for a server; an empty id is for a new one. */
  async edit(id: string): Promise<void> {
    const { servers } = model.app.servers;
    const { way, ca } = servers.find((candidate) => candidate.id === id) ?? NEW;
    this.editing = id;
    this.way = way;
    this.ca = ca;
    this.problem = '';
    await this.updateComplete;
    this.querySelector<HTMLInputElement>('[name=name]')?.focus();
  }

  async #save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const value = (name: string) => String(data.get(name) ?? '').trim();
    const port = value('port');
    if (!/^\d{0,5}$/.test(port) || Number(port) > 65_535) {
      this.problem = text('servers.wrongPort');
      return;
    }
    const settings: RemoteSettings = {
      name: value('name'),
      way: this.way,
      host: value('host'),
      port: Number(port),
      user: value('user'),
      control: value('control'),
      fingerprint: value('fingerprint'),
      ca: this.ca,
    };
    const token = value('token');
    const { editing: id = '' } = this;
    this.saving = true;
    this.problem = '';
    try {
      if (id === '') await request('servers.add', { ...settings, token });
      else {
        const secret = token === '' ? {} : { token };
        await request('servers.update', { id, settings, ...secret });
      }
      form.reset();
      if (this.contains(form)) this.#close();
    } catch (error) {
      this.problem = sentence(error);
      tellAway(form, this.problem);
    } finally {
      this.saving = false;
    }
  }

  #close(): void {
    const id = this.editing;
    this.form?.reset();
    this.editing = undefined;
    void this.#focusRow(id, 'edit', null);
  }

  /**
   * Passes the focus to a button of a server's row; without one, to where a server is added.
   *
   * @param from what had it when that began.
   */
  async #focusRow(
    id: string | undefined,
    button: 'edit' | 'trash',
    from: Element | null,
  ): Promise<void> {
    await this.updateComplete;
    const row = this.querySelector(`tr[data-server="${CSS.escape(id ?? '')}"]`);
    passFocusToRow(this, row, button, from);
  }

  async #reload({ id, name }: RemoteItem): Promise<void> {
    const warnings = await request('servers.reload', id);
    const message =
      warnings.length === 0
        ? text('servers.reloaded', { name })
        : text('servers.reloadedWarned', { name, warnings: warnings.join(' ') });
    model.notify({ severity: warnings.length === 0 ? 'info' : 'warning', message });
  }

  async #remove({ id, name, hasToken }: RemoteItem): Promise<void> {
    const ids = model.app.servers.servers.map((server) => server.id);
    const at = ids.indexOf(id);
    const { activeElement } = document;
    await request('servers.remove', id);
    if (this.editing === id) this.#close();
    void this.#focusRow(ids[at + 1] ?? ids[at - 1], 'trash', activeElement);
    const restore = async () => {
      const { activeElement: from } = document;
      if (!(await model.attempt(() => request('servers.restore', id)))) return;
      if (this.isConnected) await this.#focusRow(id, 'edit', from);
    };
    model.notify(
      {
        severity: 'info',
        message: text(hasToken ? 'servers.removedWithToken' : 'servers.removed', { name }),
      },
      { label: text('servers.undo'), run: () => void restore() },
    );
  }
}

const LINK_ICONS = {
  off: 'circle-outline',
  connecting: 'sync',
  connected: 'pass',
  waiting: 'warning',
  failed: 'error',
} as const;

/** How a link is, in words. */
function stateOf({ link, retry }: RemoteItem): string | readonly unknown[] {
  if (link !== 'waiting') return text(`servers.${link}`);
  const left = Math.max(0, (retry ?? 0) - model.instant);
  // Who hears the page is told of the loss, not of each second.
  const time = html`<span aria-live="off">${formatSeconds(left)}</span>`;
  return pieces('servers.waiting', { time });
}

/** Where a server is, in words. */
function placeOf({ way, user, host, port }: RemoteItem): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const place = `${user === '' ? '' : `${user}@`}${name}${port === 0 ? '' : `:${port}`}`;
  return way === 'ssh' ? text('servers.placeSsh', { place }) : text('servers.placeTls', { place });
}

/** A button of a row: what goes wrong with what it does is told. */
function action(
  name: string,
  symbol: string,
  act: () => unknown,
  disabled = false,
): TemplateResult {
  return iconButton(name, symbol, () => model.attempt(async () => act()), disabled);
}

async function addServer(): Promise<void> {
  model.show('servers');
  await document.querySelector('pico-workbench')?.updateComplete;
  await document.querySelector('pico-servers')?.edit('');
}

provide({ 'servers.new': { run: addServer } });

registerView({
  id: 'servers',
  title: () => text('views.servers'),
  icon: 'remote-explorer',
  order: 8,
  tag: 'pico-servers',
});

declare global {
  interface HTMLElementTagNameMap {
    'pico-servers': ServersView;
  }
  interface PicoViews {
    servers: ServersView;
  }
}
