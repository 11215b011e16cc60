import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** A part of JSON Schema: what the control interface's description uses of it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly items?: Schema;
}

interface Content {
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema: Schema;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** What the package says of its control interface. */
export const description = JSON.parse(
  readFileSync(new URL('../../../core/docs/control.openapi.json', import.meta.url), 'utf8'),
) as Description;

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: Number.isSafeInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

function resolved(schema: Schema): Schema {
  const name = schema.$ref?.replace('#/components/schemas/', '');
  return name === undefined ? schema : (description.components.schemas[name] as Schema);
}

/** Asserts that a value is as a schema says, what it has beside included. */
export function assertValid(value: unknown, given: Schema, place = 'the answer'): void {
  const schema = resolved(given);
  const { type, minimum, format, properties, required = [], items } = schema;
  const isOfType = type === undefined || (types[type]?.(value) ?? false);
  assert.ok(isOfType, `${place} is ${JSON.stringify(value)}, expected ${type}`);
  if (schema.enum !== undefined) assert.ok(schema.enum.includes(value), `${place}: ${value}`);
  if (minimum !== undefined) assert.ok(Number(value) >= minimum, `${place}: ${value}`);
  if (format === 'date-time') assert.match(String(value), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, place);
  if (items !== undefined) {
    for (const [i, item] of (value as unknown[]).entries()) {
      assertValid(item, items, `${place}[${i}]`);
    }
  }
  if (properties === undefined) return;
  const object = value as Readonly<Record<string, unknown>>;
  for (const name of required) assert.ok(Object.hasOwn(object, name), `${place} has no ${name}`);
  for (const [name, one] of Object.entries(object)) {
    const own = properties[name];
    if (own !== undefined) assertValid(one, own, `${place}.${name}`);
    else if (schema.additionalProperties === false) assert.fail(`${place} has ${name}`);
  }
}

/** What is described of a request; fails if it is not. */
export function operationOf(method: string, path: string): Operation {
  const operation = description.paths[path]?.[method.toLowerCase()];
  assert.ok(operation !== undefined, `${method} ${path} is not described`);
  return operation;
}

/** The schema of an answer; fails if there is none of this status. */
export function answerSchema(method: string, path: string, status: number): Schema {
  const { [status]: answer } = operationOf(method, path).responses;
  assert.ok(answer !== undefined, `${method} ${path}: status ${status} is not described`);
  const [media] = Object.values(answer.content);
  return media?.schema as Schema;
}
