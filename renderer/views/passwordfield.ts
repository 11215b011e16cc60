import { html, type TemplateResult } from 'lit';
import { text } from '../../main/words/words.js';
import { icon } from '../icon.js';

/** What passwords are made of: letters and digits that nobody takes for one another. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** So many of them are more than 110 bits. */
const LENGTH = 20;

/** A password that nobody can guess, and that can be read out. */
export function makePassword(): string {
  const limit = 256 - (256 % LETTERS.length);
  let made = '';
  while (made.length < LENGTH) {
    const [octet = 255] = crypto.getRandomValues(new Uint8Array(1));
    // One beyond the last whole round would make some letters more likely than others.
    if (octet < limit) made += LETTERS[octet % LETTERS.length];
  }
  return made;
}

function fieldOf(button: EventTarget | null): HTMLInputElement | null | undefined {
  return (button as HTMLElement).closest('form')?.querySelector('[name=password]');
}

function show(button: HTMLElement, shown: boolean): void {
  const field = fieldOf(button);
  if (field) field.type = shown ? 'text' : 'password';
  const eye = button.closest('form')?.querySelector('.eye');
  if (eye) eye.ariaPressed = String(shown);
}

/** Buttons beside the password of a form: one shows what is typed, one makes a new one. */
export function passwordButtons(): TemplateResult {
  const toggle = ({ currentTarget }: Event) => {
    const button = currentTarget as HTMLElement;
    show(button, fieldOf(button)?.type === 'password');
  };
  const generate = ({ currentTarget }: Event) => {
    const button = currentTarget as HTMLElement;
    const field = fieldOf(button);
    if (!field) return;
    field.value = makePassword();
    field.dispatchEvent(new Event('input', { bubbles: true }));
    show(button, true);
    field.select();
  };
  const [showing, making] = [text('users.showPassword'), text('users.makePassword')];
  return html`<span class="password-buttons">
    <button
      type="button"
      class="plain eye"
      aria-label=${showing}
      title=${showing}
      aria-pressed="false"
      @click=${toggle}
    >
      ${icon('eye')}
    </button>
    <button type="button" class="plain" aria-label=${making} title=${making} @click=${generate}>
      ${icon('key')}
    </button>
  </span>`;
}
