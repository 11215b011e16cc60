import { html, render } from 'lit';
import { text } from '../../main/words/words.js';

/** A question before something that cannot be undone. */
export interface Question {
  readonly title: string;
  readonly detail: string;
  /** What the button says that does it. */
  readonly action: string;
}

/** Asks before something that cannot be undone. @returns whether the user wants it. */
export function ask({ title, detail, action }: Question): Promise<boolean> {
  const dialog = document.createElement('dialog');
  dialog.className = 'question';
  dialog.setAttribute('aria-labelledby', 'question-title');
  dialog.setAttribute('aria-describedby', 'question-detail');
  return new Promise((resolve) => {
    // Escape closes it without a value.
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    const close = (value: 'yes' | 'no') => () => dialog.close(value);
    render(
      html`<h2 id="question-title">${title}</h2>
        <p id="question-detail">${detail}</p>
        <div class="buttons">
          <button @click=${close('yes')}>${action}</button>
          <button class="secondary" autofocus @click=${close('no')}>
            ${text('common.cancel')}
          </button>
        </div>`,
      dialog,
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
