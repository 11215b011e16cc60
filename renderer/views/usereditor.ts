import { html, type TemplateResult } from 'lit';
import type { User, UserLimits } from '../../main/ipc/contract.js';
import { LIMIT_FIELDS, lastDay, limitText } from './userlimits.js';

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
    aria-label=${isNew ? 'New user' : `Edit ${name}`}
    @submit=${save}
  >
    <div class="fields">
      <label>
        <span>User name</span>
        <input
          name="name"
          required
          maxlength="255"
          autocomplete="off"
          aria-describedby="user-problem"
          value=${name}
        />
      </label>
      <label>
        <span>Password</span>
        <input
          name="password"
          type="password"
          role="textbox"
          maxlength="255"
          autocomplete="new-password"
          ?required=${isNew}
          placeholder=${isNew ? '' : 'as it is'}
          aria-describedby="user-problem"
        />
      </label>
      <label>
        <span>Group</span>
        <input name="group" maxlength="255" autocomplete="off" value=${group} />
      </label>
      <label>
        <span>Last day</span>
        <input
          name="expires"
          type="date"
          max="9999-12-31"
          title="The last day on which the user may log in; none: no end"
          aria-describedby="user-problem"
          value=${limits.expires === undefined ? '' : lastDay(limits.expires)}
        />
      </label>
    </div>
    <details ?open=${hasLimits(limits)}>
      <summary>Limits</summary>
      <div class="fields">
        ${LIMIT_FIELDS.map(
          (field) =>
            html`<label>
              <span>${field.title}</span>
              <input
                name=${field.key}
                maxlength="20"
                autocomplete="off"
                placeholder="no limit"
                title=${`${field.title}, ${field.hint}; empty: no limit`}
                aria-describedby="user-problem"
                value=${limitText(field, limits)}
              />
            </label>`,
        )}
      </div>
    </details>
    <div class="buttons">
      <button type="submit" ?disabled=${saving}>Save</button>
      <button type="button" class="secondary" @click=${close}>Cancel</button>
      ${saving ? html`<progress aria-label="Asking the keychain"></progress>` : ''}
    </div>
    <p id="user-problem" class="invalid" role="alert">${problem}</p>
  </form>`;
}

function hasLimits(limits: UserLimits): boolean {
  return LIMIT_FIELDS.some(({ key }) => limits[key] !== undefined);
}
