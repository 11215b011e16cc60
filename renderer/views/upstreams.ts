import { html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import { repeat } from 'lit/directives/repeat.js';
import {
  hostOfRule,
  isOverTls,
  SCHEME_PORTS,
  UPSTREAM_SCHEMES,
  type Upstream,
  type UpstreamScheme,
  type UpstreamSettings,
  type UpstreamTest,
} from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { run } from '../commands.js';
import { PageElement } from '../element.js';
import { formatDuration } from '../format.js';
import { icon } from '../icon.js';
import { model, sentence } from '../model.js';
import { passFocusToRow } from '../workbench/focus.js';
import { field, iconButton, onEscape, tellAway, trustField } from './formparts.js';

/** How a test of an upstream goes. */
type Test = UpstreamTest | 'running';

const NEW: UpstreamSettings = {
  name: '',
  scheme: 'socks5',
  host: '',
  port: SCHEME_PORTS.socks5,
  user: '',
  through: '',
  tlsCa: '',
};

/** Where the form says what is wrong. */
const PROBLEM = { problem: 'upstream-problem' } as const;

/** Servers that connections go through. Passwords go to the keychain; the window only sends them. */
@customElement('pico-upstreams')
export class Upstreams extends PageElement {
  protected override readonly parts = ['app'] as const;
  /** Which one is edited: its name, or an empty one for a new one. */
  @state() accessor editing: string | undefined;
  @state() accessor problem = '';
  @state() accessor saving = false;
  /** What came of the tests, by names. */
  @state() accessor tests: Readonly<Record<string, Test | undefined>> = {};
  /** The protocol and the trusted certificates that are chosen in the form. */
  @state() accessor scheme: UpstreamScheme = NEW.scheme;
  @state() accessor tlsCa = '';
  @query('form') accessor form!: HTMLFormElement | null;

  override render(): TemplateResult {
    const { upstreams, keychainProblem } = model.app.upstreams;
    return html`<section aria-labelledby="title-upstreams">
      <h2 id="title-upstreams">${text('upstreams.title')}</h2>
      ${keychainProblem === undefined ? nothing : this.#keychainProblem(keychainProblem)}
      ${
        upstreams.length === 0
          ? html`<p class="empty">${text('upstreams.empty')}</p>`
          : this.#table(upstreams)
      }
      ${this.editing === undefined ? nothing : keyed(this.editing, this.#editor(this.editing))}
      <button class="secondary add" @click=${() => void this.edit('')}>
        ${icon('add')} ${text('upstreams.add')}
      </button>
    </section>`;
  }

  #keychainProblem(problem: string): TemplateResult {
    return html`<div class="banner error" role="alert">
      ${icon('lock')}
      <p>${problem}</p>
      <button class="secondary" @click=${() => run('users.refresh')}>${text('common.tryAgain')}</button>
    </div>`;
  }

  #table(upstreams: readonly Upstream[]): TemplateResult {
    return html`<table class="plain upstreams" aria-label=${text('upstreams.title')}>
      <thead>
        <tr>
          <th>${text('upstreams.name')}</th>
          <th>${text('upstreams.server')}</th>
          <th>${text('upstreams.login')}</th>
          <th>${text('upstreams.answer')}</th>
          <th><span class="hidden">${text('common.actions')}</span></th>
        </tr>
      </thead>
      <tbody>
        ${repeat(
          upstreams,
          ({ name }) => name,
          (upstream) => this.#row(upstream),
        )}
      </tbody>
    </table>`;
  }

  #row(upstream: Upstream): TemplateResult {
    const { name, scheme, host, port, through } = upstream;
    const server = `${text(`upstreams.scheme.${scheme}`)}, ${hostOfRule(host)}:${port}`;
    const place = through === '' ? server : text('upstreams.place', { server, name: through });
    return html`<tr data-upstream=${name}>
      <td title=${name}><strong>${name}</strong></td>
      <td><span class="server">${place}</span></td>
      <td>${loginOf(upstream)}</td>
      <td aria-live="polite">${this.#answer(this.tests[name])}</td>
      <td class="actions">
        ${iconButton(text('upstreams.test', { name }), 'pulse', () => this.#test(name), this.tests[name] === 'running')}
        ${iconButton(text('common.edit', { name }), 'edit', () => this.edit(name))}
        ${iconButton(text('common.delete', { name }), 'trash', () => this.#delete(upstream))}
      </td>
    </tr>`;
  }

  #answer(test: Test | undefined): TemplateResult | typeof nothing {
    if (test === undefined) return nothing;
    if (test === 'running')
      return html`<progress aria-label=${text('upstreams.testing')}></progress>`;
    if (test.works) return html`${icon('pass')} ${formatDuration(test.time)}`;
    return html`<span class="invalid reason" title=${test.problem}>${test.problem}</span>`;
  }

  async #test(name: string): Promise<void> {
    this.#note(name, 'running');
    try {
      this.#note(name, await request('upstreams.test', name));
    } catch (error) {
      this.#note(name, { works: false, problem: sentence(error) });
    }
  }

  #note(name: string, test: Test | undefined): void {
    this.tests = { ...this.tests, [name]: test };
  }

  #editor(name: string): TemplateResult {
    const { upstreams } = model.app.upstreams;
    const found = upstreams.find((candidate) => candidate.name === name);
    const { scheme, host, port, user, through } = found ?? NEW;
    const others = upstreams.filter((candidate) => candidate.name !== name);
    return html`<form
      class="editor"
      data-kept
      aria-label=${found === undefined ? text('upstreams.new') : text('common.edit', { name })}
      @submit=${this.#save}
      @keydown=${onEscape(() => this.#close())}
    >
      ${field(text('upstreams.name'), 'name', name, { required: true, max: 255, ...PROBLEM })}
      <label>
        <span>${text('upstreams.protocol')}</span>
        <select name="scheme" aria-label=${text('upstreams.protocol')} @change=${this.#schemeChosen}>
          ${UPSTREAM_SCHEMES.map(
            (each) =>
              html`<option value=${each} ?selected=${each === scheme}>${text(`upstreams.scheme.${each}`)}</option>`,
          )}
        </select>
      </label>
      ${field(text('upstreams.host'), 'host', host, { required: true, max: 255, ...PROBLEM })}
      ${field(text('upstreams.port'), 'port', String(port), { required: true, max: 5, ...PROBLEM })}
      ${field(text('upstreams.userName'), 'user', user, { max: 255, ...PROBLEM })}
      <label>
        <span>${text('upstreams.password')}</span>
        <input
          name="password"
          type="password"
          role="textbox"
          maxlength="255"
          autocomplete="new-password"
          placeholder=${found?.password === 'set' ? text('common.asItIs') : ''}
          aria-describedby="upstream-problem"
        />
      </label>
      <label>
        <span>${text('upstreams.through')}</span>
        <select name="through" aria-label=${text('upstreams.through')}>
          <option value="" ?selected=${through === ''}>${text('upstreams.nothingElse')}</option>
          ${others.map(
            (other) =>
              html`<option value=${other.name} ?selected=${other.name === through}>
                ${other.name}
              </option>`,
          )}
        </select>
      </label>
      ${isOverTls(this.scheme) ? this.#trust() : nothing}
      <div class="buttons">
        <button type="submit" ?disabled=${this.saving}>${text('common.save')}</button>
        <button type="button" class="secondary" @click=${() => this.#close()}>${text('common.cancel')}</button>
        ${this.saving ? html`<progress aria-label=${text('common.askingKeychain')}></progress>` : nothing}
      </div>
      <p id="upstream-problem" class="invalid" role="alert">${this.problem}</p>
    </form>`;
  }

  #trust(): TemplateResult {
    return trustField({
      file: this.tlsCa,
      choose: () => request('upstreams.choose'),
      changed: (file) => {
        this.tlsCa = file;
      },
      failed: (problem) => {
        this.problem = problem;
      },
    });
  }

  /** A port that was that of the protocol is that of the new one. */
  readonly #schemeChosen = (event: Event): void => {
    const scheme = (event.target as HTMLSelectElement).value as UpstreamScheme;
    this.scheme = scheme;
    const port = this.form?.elements.namedItem('port') as HTMLInputElement | null;
    const usual = Object.values(SCHEME_PORTS).map(String);
    if (port !== null && usual.includes(port.value)) port.value = String(SCHEME_PORTS[scheme]);
  };

  /** Opens the form for an upstream; an empty name is for a new one. */
  async edit(name: string): Promise<void> {
    const { upstreams } = model.app.upstreams;
    const { scheme, tlsCa } = upstreams.find((candidate) => candidate.name === name) ?? NEW;
    this.editing = name;
    this.scheme = scheme;
    this.tlsCa = tlsCa;
    this.problem = '';
    await this.updateComplete;
    const input = this.querySelector<HTMLInputElement>('[name=name]');
    input?.focus();
    input?.scrollIntoView({ block: 'nearest' });
  }

  async #save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const value = (name: string) => String(data.get(name) ?? '');
    const port = value('port').trim();
    if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
      this.problem = text('upstreams.portExpected');
      return;
    }
    const settings: UpstreamSettings = {
      name: value('name'),
      scheme: value('scheme') as UpstreamScheme,
      host: value('host'),
      port: Number(port),
      user: value('user'),
      through: value('through'),
      tlsCa: isOverTls(this.scheme) ? this.tlsCa : '',
    };
    const password = value('password');
    const { editing: name = '' } = this;
    this.saving = true;
    this.problem = '';
    try {
      if (name === '') await request('upstreams.add', { ...settings, password });
      else {
        const secret = password === '' ? {} : { password };
        await request('upstreams.update', { name, settings, ...secret });
        this.#note(name, undefined);
      }
      form.reset();
      // Another one may be edited by now.
      if (this.contains(form)) this.#close(settings.name.trim());
    } catch (error) {
      this.problem = sentence(error);
      tellAway(form, this.problem);
    } finally {
      this.saving = false;
    }
  }

  /** Closes the form. @param name the one whose row the focus goes to, if it is there. */
  #close(name = this.editing ?? ''): void {
    this.form?.reset();
    this.editing = undefined;
    void this.#focusRow(name, 'edit', null);
  }

  /**
   * Passes the focus to a button of a row; without one, to where an upstream is added.
   *
   * @param from what had it when that began.
   */
  async #focusRow(
    name: string | undefined,
    button: 'edit' | 'trash',
    from: Element | null,
  ): Promise<void> {
    await this.updateComplete;
    const rows = [...this.querySelectorAll<HTMLElement>('tr[data-upstream]')];
    const row = rows.find(({ dataset }) => dataset['upstream'] === name);
    passFocusToRow(this, row, button, from);
  }

  async #delete({ name, password }: Upstream): Promise<void> {
    const names = model.app.upstreams.upstreams.map((upstream) => upstream.name);
    const at = names.indexOf(name);
    const { activeElement } = document;
    if (!(await model.attempt(() => request('upstreams.delete', name)))) return;
    if (this.editing === name) this.#close();
    this.#note(name, undefined);
    void this.#focusRow(names[at + 1] ?? names[at - 1], 'trash', activeElement);
    const restore = async () => {
      const { activeElement: from } = document;
      if (!(await model.attempt(() => request('upstreams.restore', name)))) return;
      if (this.isConnected) await this.#focusRow(name, 'edit', from);
    };
    model.notify(
      {
        severity: 'info',
        message: text(password === 'set' ? 'upstreams.deletedWithPassword' : 'upstreams.deleted', {
          name,
        }),
      },
      { label: text('common.undo'), run: () => void restore() },
    );
  }
}

function loginOf({ user, password, scheme }: Upstream): TemplateResult {
  if (user === '') return html`<span class="dim">${text('upstreams.noLogin')}</span>`;
  const isMissing = password === 'unknown' || (password === 'none' && scheme !== 'socks4a');
  const hint = text(`upstreams.password.${password}`);
  return html`<span title="${user}: ${hint}">
    ${isMissing ? icon('warning') : nothing} ${user}
  </span>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-upstreams': Upstreams;
  }
}
