import { html, type TemplateResult } from 'lit';
import type { User, UserLimits } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { onEscape } from './formparts.js';
import { passwordButtons } from './passwordfield.js';
import { LIMIT_FIELDS, lastDay, limitHint, limitText } from './userlimits.js';

/** What the form of a user needs besides the user. */
export interface EditorState {
  /** What was wrong with what was filled in last. */
  readonly problem: string;
  readonly saving: boolean;
  readonly save: (event: SubmitEvent) => void;
  readonly close: () => void;
}

/** The form of a user; of a new one, if there is none yet. */
export function userEditor(
  user: User | undefined,
  { problem, saving, save, close }: EditorState,
): TemplateResult {
  const { name = '', group = '', limits = {} } = user ?? {};
  const isNew = user === undefined;
  return html`<form
    class="editor user"
    data-kept
    aria-label=${isNew ? text('users.new') : text('common.edit', { name })}
    @submit=${save}
    @keydown=${onEscape(close)}
  >
    <div class="fields">
      <label>
        <span>${text('users.userName')}</span>
        <input
          name="name"
          required
          maxlength="255"
          autocomplete="off"
          aria-describedby="user-problem"
          value=${name}
        />
      </label>
      <div class="with-buttons">
        <label>
          <span>${text('users.password')}</span>
          <input
            name="password"
            type="password"
            role="textbox"
            maxlength="255"
            autocomplete="new-password"
            ?required=${isNew}
            placeholder=${isNew ? '' : text('common.asItIs')}
            aria-describedby="user-problem"
          />
        </label>
        ${passwordButtons()}
      </div>
      <label>
        <span>${text('users.group')}</span>
        <input name="group" maxlength="255" autocomplete="off" value=${group} />
      </label>
      <label>
        <span>${text('users.lastDay')}</span>
        <input
          name="expires"
          type="date"
          max="9999-12-31"
          title=${text('users.lastDay.hint')}
          aria-describedby="user-problem"
          value=${limits.expires === undefined ? '' : lastDay(limits.expires)}
        />
      </label>
    </div>
    <details ?open=${hasLimits(limits)}>
      <summary>${text('users.limits')}</summary>
      <div class="fields">
        ${LIMIT_FIELDS.map(
          (field) =>
            html`<label>
              <span>${text(`users.${field.key}`)}</span>
              <input
                name=${field.key}
                maxlength="20"
                autocomplete="off"
                placeholder=${text('users.noLimit')}
                title=${text('users.limit.hint', { title: text(`users.${field.key}`), hint: limitHint(field) })}
                aria-describedby="user-problem"
                value=${limitText(field, limits)}
              />
            </label>`,
        )}
      </div>
    </details>
    <div class="buttons">
      <button type="submit" ?disabled=${saving}>${text('common.save')}</button>
      <button type="button" class="secondary" @click=${close}>${text('common.cancel')}</button>
      ${saving ? html`<progress aria-label=${text('common.askingKeychain')}></progress>` : ''}
    </div>
    <p id="user-problem" class="invalid" role="alert">${problem}</p>
  </form>`;
}

function hasLimits(limits: UserLimits): boolean {
  return LIMIT_FIELDS.some(({ key }) => limits[key] !== undefined);
}
