import { html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { RouteAnswer, RouteQuestion, WayTaken } from '../../main/ipc/contract.js';
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
  @state() accessor asking = false;

  override render(): TemplateResult {
    const { user, command, destination } = this.question;
    const { users } = model.app.users;
    return html`<section aria-labelledby="title-test">
      <h2 id="title-test">Test</h2>
      <p class="dim">
        Which way would a request take, and which rule says so? What is being edited does not count.
      </p>
      <form class="toolbar route-test" aria-label="Test" @submit=${this.#ask}>
        <select
          aria-label="Who"
          @change=${(event: Event) => this.#change({ user: typedIn(event) })}
        >
          <option value="" .selected=${user === ''}>an anonymous client</option>
          ${users.map(
            ({ name }) => html`<option value=${name} .selected=${name === user}>${name}</option>`,
          )}
        </select>
        <select
          aria-label="Command"
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
          aria-label="Destination"
          spellcheck="false"
          autocomplete="off"
          maxlength="300"
          placeholder="HOST:PORT, such as example.com:443"
          aria-invalid=${this.told !== undefined && this.told.problem !== ''}
          aria-describedby="route-answer"
          .value=${destination}
          @input=${(event: Event) => this.#change({ destination: typedIn(event) })}
        />
        <button type="submit" ?disabled=${this.asking}>Test</button>
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
    this.asking = true;
    let told: Told;
    try {
      const answer = await request('routing.check', question);
      told = { question, answer, problem: '' };
    } catch (error) {
      told = { question, answer: undefined, problem: sentence(error) };
    }
    this.asking = false;
    if (this.question === question) this.told = told;
  }

  #answer(): TemplateResult | typeof nothing {
    if (this.told === undefined) return nothing;
    const { answer, problem, question } = this.told;
    if (answer === undefined) return html`<p class="invalid">${problem}</p>`;
    const { allowed, by, via, addresses } = answer;
    const who = question.user === '' ? 'An anonymous client' : question.user;
    return html`<p class="verdict ${allowed ? 'allowed' : 'refused'}">
        ${icon(allowed ? 'pass' : 'error')}
        <span>
          ${who} ${allowed ? 'may' : 'may not'} ${question.command} to ${question.destination}${
            by === undefined ? '' : ` (${by})`
          }${allowed ? `, ${wayOf(via)}` : ''}.
        </span>
      </p>
      ${
        addresses.length === 0
          ? nothing
          : html`<ul class="addresses" aria-label="Addresses">
            ${addresses.map(
              (decision) =>
                html`<li>
                  ${icon(decision.allowed ? 'pass' : 'error')}
                  <code>${decision.address}</code>
                  <span class="dim"
                    >${decision.allowed ? 'allowed' : 'refused'} (${decision.by})${
                      decision.via === undefined ? '' : `, ${wayOf(decision.via)}`
                    }</span
                  >
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
  if (via === undefined) return 'and leaves directly, as no route is about it';
  return `and leaves ${wayWords(via.way.split('|'))} (${via.by})`;
}

declare global {
  interface HTMLElementTagNameMap {
    'pico-route-test': RouteTest;
  }
}
