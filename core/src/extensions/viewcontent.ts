import { UserError } from '../base/errors.js';
import type { ViewContribution } from './manifest.js';
import { quoted } from './settingschema.js';

/** The value of a cell of a table. */
export type CellValue = string | number | boolean;

/** What a button does. */
export interface ViewAction {
  /** The id of a command that the extension contributes; of a row, it gets the row's id. */
  readonly command: string;
  readonly title: string;
}

/** What a view of the kind `table` shows. */
export interface TableContent {
  readonly columns: readonly { readonly id: string; readonly title: string }[];
  /** At most 1000, the rest is left out; cells in the order of the columns. */
  readonly rows: readonly { readonly id: string; readonly cells: readonly CellValue[] }[];
  /** Buttons above the table. */
  readonly actions?: readonly ViewAction[];
  /** Buttons in each row. */
  readonly rowActions?: readonly ViewAction[];
  /** What stands there while there are no rows. */
  readonly empty?: string;
}

/** A field of a form. */
export interface FormField {
  readonly id: string;
  readonly title: string;
  readonly description?: string;
  readonly type: 'text' | 'number' | 'boolean' | 'choice';
  /** Of its type; of a choice, one of its values. */
  readonly value: CellValue;
  readonly choices?: readonly { readonly value: string; readonly title: string }[];
  /** Of a number. */
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What a view of the kind `form` shows. */
export interface FormContent {
  /** What stands above the fields. */
  readonly text?: string;
  /** At most 100. */
  readonly fields: readonly FormField[];
  /** The text of the button; `Apply` if it is left out. */
  readonly submit?: string;
}

/** What a view of the kind `text` shows. */
export interface TextContent {
  /** Paragraphs, headings, lists and code as Markdown has them; anything else is shown as it is. */
  readonly text: string;
  /** Buttons above the text. */
  readonly actions?: readonly ViewAction[];
}

/** What a view of the kind `status` shows: an item of the status bar. */
export interface StatusContent {
  readonly text: string;
  readonly tooltip?: string;
  readonly severity?: 'info' | 'warning' | 'error';
  /** A command of the extension, that a click runs. */
  readonly command?: string;
}

/** What a view shows: of the kind that package.json says. */
export type ViewContent = TableContent | FormContent | TextContent | StatusContent;

/** What a view shows, as it was checked: a copy. */
export type ShownView =
  | (TableContent & {
      readonly kind: 'table' /** Rows that were left out. */;
      readonly omitted: number;
    })
  | (FormContent & { readonly kind: 'form' })
  | (TextContent & { readonly kind: 'text' })
  | (StatusContent & { readonly kind: 'status' });

/** What was filled in, by the ids of the fields. */
export type FormValues = Readonly<Record<string, CellValue>>;

const MAX_ROWS = 1000;
const MAX_COLUMNS = 30;
const MAX_FIELDS = 100;
const MAX_ACTIONS = 20;
/** Characters of a text such as a cell, and of a view of the kind `text`. */
const MAX_TEXT = 1000;
const MAX_PAGE = 100_000;

const severities = ['info', 'warning', 'error'] as const;
const fieldTypes = ['text', 'number', 'boolean', 'choice'] as const;

/** What is known of the view whose content is checked. */
export interface CheckFor {
  readonly kind: ViewContribution['kind'];
  /** The commands that the extension contributes. */
  readonly commands: readonly string[];
}

/**
 * Checks what an extension wants to be shown, and copies it.
 *
 * @throws {UserError} saying what is wrong with it.
 */
export function checkViewContent(value: unknown, { kind, commands }: CheckFor): ShownView {
  const given = objectOf(value, 'the content');
  switch (kind) {
    case 'table':
      return { kind, ...tableOf(given, commands) };
    case 'form':
      return { kind, ...formOf(given) };
    case 'text':
      return {
        kind,
        text: textOf(given, 'text', MAX_PAGE),
        ...actionsOf(given, 'actions', commands),
      };
    case 'status':
      return { kind, ...statusOf(given, commands) };
  }
}

type Given = Readonly<Record<string, unknown>>;

function tableOf(given: Given, commands: readonly string[]) {
  const columns = listOf(given, 'columns', MAX_COLUMNS).map((one, i) => {
    const column = objectOf(one, `columns[${i}]`);
    return { id: textOf(column, 'id'), title: textOf(column, 'title') };
  });
  const all = listOf(given, 'rows', Number.POSITIVE_INFINITY);
  const { length } = all;
  const ids = new Set<string>();
  const rows = all.slice(0, MAX_ROWS).map((one, i) => {
    const row = objectOf(one, `rows[${i}]`);
    const id = textOf(row, 'id');
    if (ids.has(id)) throw new UserError(`rows[${i}]: the id ${quoted(id)} stands there twice`);
    ids.add(id);
    const cells = listOf(row, 'cells', columns.length).map((cell, j) => {
      return cellOf(cell, `rows[${i}].cells[${j}]`);
    });
    return { id, cells };
  });
  return {
    columns,
    rows,
    omitted: length - rows.length,
    ...actionsOf(given, 'actions', commands),
    ...actionsOf(given, 'rowActions', commands),
    ...optionalText(given, 'empty'),
  };
}

function formOf(given: Given): FormContent {
  const ids = new Set<string>();
  const fields = listOf(given, 'fields', MAX_FIELDS).map((one, i) => {
    const place = `fields[${i}]`;
    const field = fieldOf(objectOf(one, place), place);
    if (ids.has(field.id))
      throw new UserError(`${place}: the id ${quoted(field.id)} is not its own`);
    ids.add(field.id);
    return field;
  });
  return { fields, ...optionalText(given, 'text'), ...optionalText(given, 'submit') };
}

function fieldOf(given: Given, place: string): FormField {
  const type = fieldTypes.find((one) => one === given['type']);
  if (type === undefined) {
    throw new UserError(
      `${place}.type: expected one of ${fieldTypes.join(', ')}, not ${quoted(given['type'])}`,
    );
  }
  const field: FormField = {
    id: textOf(given, 'id'),
    title: textOf(given, 'title'),
    type,
    value: cellOf(given['value'], `${place}.value`),
    ...optionalText(given, 'description'),
    ...optionalNumber(given, 'minimum'),
    ...optionalNumber(given, 'maximum'),
    ...(type === 'choice' && { choices: choicesOf(given, place) }),
  };
  checkFormValue(field, field.value);
  return field;
}

function choicesOf(given: Given, place: string) {
  return listOf(given, 'choices', MAX_FIELDS).map((one, i) => {
    const choice = objectOf(one, `${place}.choices[${i}]`);
    return { value: textOf(choice, 'value'), title: textOf(choice, 'title') };
  });
}

/**
 * Checks what was filled in: all fields, and nothing else.
 *
 * @throws {UserError} saying what would be right.
 */
export function checkFormValues({ fields }: FormContent, values: unknown): FormValues {
  const given = objectOf(values, 'what was filled in');
  const stranger = Object.keys(given).find((id) => !fields.some((field) => field.id === id));
  if (stranger !== undefined) throw new UserError(`there is no field ${quoted(stranger)}`);
  return Object.fromEntries(
    fields.map((field) => [field.id, checkFormValue(field, given[field.id])]),
  );
}

function checkFormValue(field: FormField, value: unknown): CellValue {
  const { title, type, choices = [], minimum, maximum } = field;
  const { POSITIVE_INFINITY: infinity } = Number;
  const isRight = {
    text: () => typeof value === 'string' && value.length <= MAX_TEXT,
    boolean: () => typeof value === 'boolean',
    choice: () => choices.some((choice) => choice.value === value),
    number: () =>
      typeof value === 'number' &&
      Number.isFinite(value) &&
      value >= (minimum ?? -infinity) &&
      value <= (maximum ?? infinity),
  }[type];
  if (isRight()) return value as CellValue;
  const range = [
    minimum === undefined ? '' : ` from ${minimum}`,
    maximum === undefined ? '' : ` to ${maximum}`,
  ];
  const expected = {
    text: `a text of at most ${MAX_TEXT} characters`,
    boolean: 'yes or no',
    choice: `one of ${choices.map((choice) => choice.value).join(', ')}`,
    number: `a number${range.join('')}`,
  }[type];
  throw new UserError(`${title}: expected ${expected}, not ${quoted(value)}`);
}

function statusOf(given: Given, commands: readonly string[]): StatusContent {
  const severity = severities.find((one) => one === given['severity']);
  const { command } = given;
  return {
    text: textOf(given, 'text'),
    ...optionalText(given, 'tooltip'),
    ...(severity !== undefined && { severity }),
    ...(command !== undefined && { command: commandOf(command, 'command', commands) }),
  };
}

function actionsOf<K extends 'actions' | 'rowActions'>(
  given: Given,
  name: K,
  commands: readonly string[],
): { readonly [key in K]?: readonly ViewAction[] } {
  if (given[name] === undefined) return {};
  const actions = listOf(given, name, MAX_ACTIONS).map((one, i) => {
    const action = objectOf(one, `${name}[${i}]`);
    const command = commandOf(action['command'], `${name}[${i}].command`, commands);
    return { command, title: textOf(action, 'title') };
  });
  return { [name]: actions } as unknown as { [key in K]?: readonly ViewAction[] };
}

function commandOf(value: unknown, place: string, commands: readonly string[]): string {
  const found = commands.find((one) => one === value);
  if (found !== undefined) return found;
  throw new UserError(`${place}: expected a command that package.json contributes`);
}

function objectOf(value: unknown, place: string): Given {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Given;
  throw new UserError(`${place}: expected an object`);
}

function listOf(given: Given, name: string, most: number): readonly unknown[] {
  const value = given[name];
  if (!Array.isArray(value)) throw new UserError(`${name}: expected a list`);
  if (value.length > most) throw new UserError(`${name}: expected at most ${most}`);
  return value;
}

function textOf(given: Given, name: string, most = MAX_TEXT): string {
  const value = given[name];
  if (typeof value === 'string') return cutTo(value, most);
  throw new UserError(`${name}: expected a text`);
}

function cellOf(value: unknown, place: string): CellValue {
  if (typeof value === 'string') return cutTo(value, MAX_TEXT);
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) {
    return value;
  }
  throw new UserError(`${place}: expected a text, a number, or yes or no`);
}

function cutTo(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)} …`;
}

function optionalText<K extends string>(given: Given, name: K): { readonly [key in K]?: string } {
  if (given[name] === undefined) return {};
  return { [name]: textOf(given, name) } as { [key in K]: string };
}

function optionalNumber<K extends string>(given: Given, name: K): { readonly [key in K]?: number } {
  const value = given[name];
  if (value === undefined) return {};
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new UserError(`${name}: expected a number`);
  }
  return { [name]: value } as { [key in K]: number };
}
