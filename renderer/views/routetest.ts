import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type {
  AddressAnswer,
  RouteAnswer,
  RouteQuestion,
  WayTaken,
} from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { request } from '../bridge.js';
import { PageElement } from '../element.js';
import { icon } from '../icon.js';
import { recall, remember } from '../memory.js';
import { model, sentence } from '../model.js';
import { wayWords } from './ruletexts.js';

const COMMANDS: readonly RouteQuestion['command'][] = ['connect', 'bind', 'associate'];

const INITIAL: RouteQuestion = { user: '', command: 'connect', destination: '' };

/** What was answered to a question. */
interface Told {
  readonly question: RouteQuestion;
  readonly answer: RouteAnswer | undefined;
  readonly problem: string;
}

/** Which way would somebody take to some destination, and which rule says so? */
@customElement('pico-route-test')
export class RouteTest extends PageElement {
  protected override readonly parts = ['app'] as const;
  @state() accessor question = recall('route-test', INITIAL);
  @state() accessor told: Told | undefined;
  /** What is being asked. */
  #asked: RouteQuestion | undefined;

  override render(): TemplateResult {
    const { user, command, destination } = this.question;
    const { users } = model.app.users;
    return html`<section aria-labelledby="title-test">
      <h2 id="title-test">${text('routing.test')}</h2>
      <p class="dim">${text('routing.test.hint')}</p>
      <form class="toolbar route-test" aria-label=${text('routing.test')} @submit=${this.#ask}>
        <select
          aria-label=${text('routing.who')}
          @change=${(event: Event) => this.#change({ user: typedIn(event) })}
        >
          <option value="" .selected=${user === ''}>${text('routing.anonymous')}</option>
          ${users.map(
            ({ name }) => html`<option value=${name} .selected=${name === user}>${name}</option>`,
          )}
        </select>
        <select
          aria-label=${text('routing.command')}
          @change=${(event: Event) =>
            this.#change({ command: typedIn(event) as RouteQuestion['command'] })}
        >
          ${COMMANDS.map(
            (name) => html`<option value=${name} .selected=${name === command}>${name}</option>`,
          )}
        </select>
        <input
          type="text"
          class="destination"
          aria-label=${text('routing.destination')}
          spellcheck="false"
          autocomplete="off"
          maxlength="300"
          placeholder=${text('routing.destination.hint')}
          aria-invalid=${this.told !== undefined && this.told.problem !== ''}
          aria-describedby="route-answer"
          .value=${destination}
          @input=${(event: Event) => this.#change({ destination: typedIn(event) })}
        />
        <button type="submit">${text('routing.test')}</button>
      </form>
      <div id="route-answer" aria-live="polite">${this.#answer()}</div>
    </section>`;
  }

  #change(change: Partial<RouteQuestion>): void {
    this.question = { ...this.question, ...change };
    remember('route-test', this.question);
    this.told = undefined;
  }

  async #ask(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const { question } = this;
    // Names may take long to be resolved: whoever asks for another one meanwhile is heard.
    if (this.#asked === question) return;
    this.#asked = question;
    let told: Told;
    try {
      const answer = await request('routing.check', question);
      told = { question, answer, problem: '' };
    } catch (error) {
      told = { question, answer: undefined, problem: sentence(error) };
    }
    if (this.#asked === question) this.#asked = undefined;
    if (this.question === question) this.told = told;
  }

  #answer(): TemplateResult | typeof nothing {
    if (this.told === undefined) return nothing;
    const { answer, problem, question } = this.told;
    if (answer === undefined) return html`<p class="invalid">${problem}</p>`;
    const { allowed, addresses } = answer;
    return html`<p class="verdict ${allowed ? 'allowed' : 'refused'}">
        ${icon(allowed ? 'pass' : 'error')}
        <span>${verdict(question, answer)}</span>
      </p>
      ${
        addresses.length === 0
          ? nothing
          : html`<ul class="addresses" aria-label=${text('routing.addresses')}>
            ${addresses.map(
              (decision) =>
                html`<li>
                  ${icon(decision.allowed ? 'pass' : 'error')}
                  <code>${decision.address}</code>
                  <span class="dim">${decided(decision)}</span>
                </li>`,
            )}
          </ul>`
      }`;
  }
}

function typedIn(event: Event): string {
  return (event.target as HTMLInputElement | HTMLSelectElement).value;
}

/** The way that a request takes, and why. */
function wayOf(via: WayTaken | undefined): string {
  if (via === undefined) return text('routing.directlyByDefault');
  return `${wayWords(via.way.split('|'))}${text('routing.by', { rule: via.by })}`;
}

/** What is decided of a request, in a sentence. */
function verdict({ user, command, destination }: RouteQuestion, answer: RouteAnswer): string {
  const by = answer.by === undefined ? '' : text('routing.by', { rule: answer.by });
  const what = { command, destination, by };
  if (!answer.allowed) {
    return user === ''
      ? text('routing.anonymousMayNot', what)
      : text('routing.userMayNot', { ...what, user });
  }
  const way = wayOf(answer.via);
  return user === ''
    ? text('routing.anonymousMay', { ...what, way })
    : text('routing.userMay', { ...what, user, way });
}

/** What is decided of an address. */
function decided({ allowed, by: rule, via }: AddressAnswer): string {
  if (via === undefined) {
    return text(allowed ? 'routing.addressAllowed' : 'routing.addressRefused', { rule });
  }
  const key = allowed ? 'routing.addressLeaves' : 'routing.addressRefusedLeaves';
  return text(key, { rule, way: wayOf(via) });
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-route-test': RouteTest;
  }
}
