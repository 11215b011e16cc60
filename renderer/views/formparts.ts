import { html, nothing, type TemplateResult } from 'lit';
import { text } from '../../main/words/words.js';
import { icon } from '../icon.js';
import { model, sentence } from '../model.js';

export interface FieldOptions {
  readonly required?: boolean;
  /** Characters at most. */
  readonly max: number;
  /** What stands in an empty one. */
  readonly hint?: string;
  /** The id of the element that says what is wrong. */
  readonly problem: string;
}

/** A field of a form for a line of text; one of the name `port` is for digits. */
export function field(
  label: string,
  name: string,
  value: string,
  { required = false, max, hint = '', problem }: FieldOptions,
): TemplateResult {
  return html`<label>
    <span>${label}</span>
    <input
      type="text"
      name=${name}
      ?required=${required}
      maxlength=${max}
      inputmode=${name === 'port' ? 'numeric' : 'text'}
      spellcheck="false"
      autocomplete="off"
      placeholder=${hint}
      aria-describedby=${problem}
      value=${value}
    />
  </label>`;
}

/** What closes a form when Escape is pressed in it. */
export function onEscape(close: () => void): (event: KeyboardEvent) => void {
  return ({ key }) => {
    if (key === 'Escape') close();
  };
}

/** Says what is wrong with a form that was sent to who has gone to another view meanwhile. */
export function tellAway(form: HTMLFormElement, message: string): void {
  if (!form.isConnected) model.notify({ severity: 'error', message });
}

/** A button that is an icon; `data-action` says which one. */
export function iconButton(
  name: string,
  symbol: string,
  act: () => unknown,
  disabled = false,
): TemplateResult {
  return html`<button
    type="button"
    class="plain"
    aria-label=${name}
    title=${name}
    data-action=${symbol}
    ?disabled=${disabled}
    @click=${() => void act()}
  >
    ${icon(symbol)}
  </button>`;
}

export interface Trust {
  /** The file of certificates; an empty text stands for the usual authorities. */
  readonly file: string;
  /** Lets the user choose one in a dialog of the system: the window cannot name one. */
  readonly choose: () => Promise<string | undefined>;
  readonly changed: (file: string) => void;
  /** Told what is wrong with the chosen one, in a sentence; an empty text before one is chosen. */
  readonly failed: (problem: string) => void;
}

/** Which certificates are trusted. */
export function trustField({ file, choose, changed, failed }: Trust): TemplateResult {
  const ask = async () => {
    failed('');
    try {
      changed((await choose()) ?? file);
    } catch (error) {
      failed(sentence(error));
    }
  };
  return html`<div class="field" role="group" aria-label=${text('upstreams.trusted')}>
    <span>${text('upstreams.trust')}</span>
    <span class="file">
      <span>${file === '' ? text('upstreams.usual') : file}</span>
      <button
        type="button"
        class="secondary"
        aria-label=${text('upstreams.chooseTrusted')}
        @click=${() => void ask()}
      >
        ${text('common.choose')}
      </button>
      ${
        file === ''
          ? nothing
          : iconButton(text('upstreams.trustUsual'), 'discard', () => changed(''))
      }
    </span>
  </div>`;
}
