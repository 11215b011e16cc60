import { html, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { text } from '../../main/words/words.js';
import { type Command, commands } from '../commands.js';
import { PageElement } from '../element.js';
import { keyName } from '../keys.js';
import { model } from '../model.js';
import { type Find, finds } from './finds.js';

/** More than these nobody reads. */
const MAX_SHOWN = 200;

/** What is listed: a command, or something that it leads to. */
type Entry = Pick<Command, 'title' | 'key' | 'run'> | Find;

/** Whether all letters of a text occur in a title, in their order. */
function matches(title: string, letters: string): boolean {
  let at = 0;
  for (const letter of letters) {
    at = title.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** The command palette: every command, setting and user, by a few letters of its title. */
@customElement('pico-palette')
export class Palette extends PageElement {
  protected override readonly parts = ['palette'] as const;
  @state() accessor text = '';
  @state() accessor chosen = 0;
  @query('dialog') accessor dialog!: HTMLDialogElement;

  override render(): TemplateResult {
    const found = this.#found();
    return html`<dialog
      class="palette"
      aria-label=${text('workbench.palette')}
      @close=${() => this.dialog.open || model.openPalette(false)}
      @click=${(event: Event) => event.target === this.dialog && this.dialog.close()}
    >
      <input
        type="text"
        role="combobox"
        aria-label=${text('workbench.command')}
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant="palette-${this.chosen}"
        placeholder=${text('workbench.typeCommand')}
        .value=${this.text}
        @input=${this.#type}
        @keydown=${this.#press}
      />
      <ul id="palette-list" role="listbox" aria-label=${text('workbench.commands')}>
        ${found.map((command, i) => this.#item(command, i))}
        ${found.length === 0 ? html`<li class="none">${text('workbench.noCommand')}</li>` : ''}
      </ul>
    </dialog>`;
  }

  override updated(changed: PropertyValues): void {
    if (model.palette && !this.dialog.open) {
      this.text = '';
      this.chosen = 0;
      this.dialog.showModal();
    } else if (!model.palette && this.dialog.open) this.dialog.close();
    if (changed.has('chosen')) {
      this.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
    }
  }

  #found(): readonly Entry[] {
    const letters = this.text.toLowerCase().replace(/\s/g, '');
    const shown = commands().filter(({ inPalette, enabled }) => inPalette && enabled());
    // Of what is no command there may be thousands: it is there for who looks for it.
    const others = letters === '' ? [] : finds();
    const plain = ({ title }: Entry) => title.toLowerCase().replace(/\s/g, '');
    const found = [...shown, ...others].filter((entry) => matches(plain(entry), letters));
    // What has the letters side by side is meant, more likely than what has them here and there.
    const isWhole = (entry: Entry) => plain(entry).includes(letters);
    const whole = found.filter(isWhole);
    return [...whole, ...found.filter((entry) => !isWhole(entry))].slice(0, MAX_SHOWN);
  }

  #item(command: Entry, i: number): TemplateResult {
    return html`<li
      id="palette-${i}"
      role="option"
      aria-selected=${i === this.chosen}
      @click=${() => this.#run(command)}
    >
      <span>${command.title}</span>
      ${command.key === undefined ? '' : html`<kbd>${keyName(command.key)}</kbd>`}
    </li>`;
  }

  #type({ target }: Event): void {
    this.text = (target as HTMLInputElement).value;
    this.chosen = 0;
  }

  #press(event: KeyboardEvent): void {
    const found = this.#found();
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      this.chosen = (this.chosen + step + found.length) % found.length;
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const command = found[this.chosen];
      if (command !== undefined) this.#run(command);
    }
  }

  #run(command: Entry): void {
    // The event that tells of it comes late: the palette may be asked for again before that.
    this.dialog.close();
    model.openPalette(false);
    void command.run();
  }
}
