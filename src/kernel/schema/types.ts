/** The pieces that a compiled schema is made of: a type of the validator library together with what it allows, in words. */
import { z } from 'zod';

import { canonicalJson } from '../../base/canonical-json.ts';
import type { Json } from '../ids.ts';
import { isObject, patternOf, show, stringFormats } from './keywords.ts';
import type { JsonObject, TypeName } from './keywords.ts';

/** `allowed` completes an error line: `an integer from 1 to 20`. The messages of the type's issues are such words, too. */
export interface ArgumentSchema {
  readonly type: z.ZodType;
  readonly allowed: string;
}
type Payload = z.core.ParsePayload;

export const anything: ArgumentSchema = { type: z.any(), allowed: 'any value' };
export const nothing: ArgumentSchema = refined('no value', () => false);

export function stringType(schema: JsonObject): ArgumentSchema {
  const [min, max] = [limit(schema, 'minLength', 0), limit(schema, 'maxLength', Infinity)];
  const expression = schema['pattern'] === undefined ? undefined : patternOf(schema['pattern'] as string)!;
  const format = stringFormats.get(schema['format'] as string);
  const words = [format?.words ?? 'text'];
  if (min > 0 || max < Infinity) words.push(`of${range(min, max, 'character')}`);
  if (expression !== undefined) words.push(`that matches ${String(expression)}`);
  const allowed = words.join(' ');
  const fits = (value: string): boolean => {
    return (
      isOfLength(value, min, max) &&
      (expression?.test(value) ?? true) &&
      (format?.type.safeParse(value).success ?? true)
    );
  };
  return { type: z.string({ error: allowed }).refine(fits, { error: allowed }), allowed };
}

/** In code points, as the standard says: one or two of the units that `length` counts. */
function isOfLength(value: string, min: number, max: number): boolean {
  const { length } = value;
  if (length / 2 >= min && length <= max) return true;
  if (length < min || length / 2 > max) return false;
  const points = Array.from(value).length;
  return points >= min && points <= max;
}

export function numberType(schema: JsonObject, name: 'number' | 'integer'): ArgumentSchema {
  const [min, max] = [limit(schema, 'minimum', -Infinity), limit(schema, 'maximum', Infinity)];
  const [above, below] = [
    limit(schema, 'exclusiveMinimum', -Infinity),
    limit(schema, 'exclusiveMaximum', Infinity),
  ];
  const step = schema['multipleOf'] as number | undefined;
  const words = [
    ...(min > -Infinity ? [`from ${min}`] : []),
    ...(max < Infinity ? [min > -Infinity ? `to ${max}` : `up to ${max}`] : []),
    ...(above > -Infinity ? [`above ${above}`] : []),
    ...(below < Infinity ? [`below ${below}`] : []),
    ...(step === undefined ? [] : [`in steps of ${step}`]),
  ];
  const allowed = [name === 'integer' ? 'an integer' : 'a number', ...words].join(' ');
  const error = { error: allowed };
  let type = z.number(error);
  if (min > -Infinity) type = type.min(min, error);
  if (max < Infinity) type = type.max(max, error);
  if (above > -Infinity) type = type.gt(above, error);
  if (below < Infinity) type = type.lt(below, error);
  if (step !== undefined) type = type.multipleOf(step, error);
  return { type: name === 'integer' ? type.refine(Number.isInteger, error) : type, allowed };
}

export function arrayType(
  schema: JsonObject,
  parts: {
    readonly prefix: readonly ArgumentSchema[];
    readonly others: ArgumentSchema | undefined;
    readonly contains: ArgumentSchema | undefined;
  },
): ArgumentSchema {
  const { prefix, others, contains } = parts;
  const [min, max] = [limit(schema, 'minItems', 0), limit(schema, 'maxItems', Infinity)];
  const [containsMin, containsMax] = [
    limit(schema, 'minContains', 1),
    limit(schema, 'maxContains', Infinity),
  ];
  const allowed = `a list${min > 0 || max < Infinity ? ` of${range(min, max, 'item')}` : ''}`;
  const error = { error: allowed };
  const list = z.array(z.unknown(), error).min(min, error).max(max, error);
  const type = list.check((payload) => {
    const items = payload.value;
    for (const [index, item] of items.entries())
      run(prefix[index] ?? others ?? anything, payload, [index], item);
    const twin = schema['uniqueItems'] === true ? twinOf(items) : -1;
    if (twin >= 0) complain(payload, [twin], items[twin], 'an item unlike those before it');
    if (contains === undefined) return;
    const count = items.filter((item) => matches(contains, item)).length;
    if (count >= containsMin && count <= containsMax) return;
    complain(
      payload,
      [],
      items,
      `a list with${range(containsMin, containsMax, 'item')} of this kind: ${contains.allowed}`,
    );
  });
  return { type, allowed };
}

export function objectType(
  schema: JsonObject,
  parts: {
    readonly properties: ReadonlyMap<string, ArgumentSchema>;
    readonly patterns: readonly (readonly [name: RegExp, schema: ArgumentSchema])[];
    readonly others: ArgumentSchema | undefined;
    readonly names: ArgumentSchema | undefined;
  },
): ArgumentSchema {
  const { properties, patterns, others, names } = parts;
  const required = (schema['required'] ?? []) as readonly string[];
  const dependent = Object.entries((schema['dependentRequired'] ?? {}) as Record<string, readonly string[]>);
  const [min, max] = [limit(schema, 'minProperties', 0), limit(schema, 'maxProperties', Infinity)];
  const allowed = `an object${min > 0 || max < Infinity ? ` of${range(min, max, 'field')}` : ''}`;
  const known = properties.size === 0 ? 'no field' : `one of the fields ${[...properties.keys()].join(', ')}`;
  const type = z.custom<JsonObject>(isObject, { error: allowed }).check((payload) => {
    const { value } = payload;
    const demand = (name: string): void => {
      const { allowed } = properties.get(name) ?? others ?? anything;
      if (!has(value, name)) complain(payload, [name], undefined, allowed);
    };
    required.forEach(demand);
    for (const [name, needed] of dependent) if (has(value, name)) needed.forEach(demand);
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    for (const [name, field] of fields) {
      if (names !== undefined && !matches(names, name)) {
        complain(payload, [name], field, `a field with this kind of name: ${names.allowed}`);
      }
      const own = patterns.filter(([pattern]) => pattern.test(name)).map(([, part]) => part);
      const property = properties.get(name);
      if (property !== undefined) own.push(property);
      for (const part of own) run(part, payload, [name], field);
      if (own.length > 0 || others === undefined) continue;
      if (others === nothing) complain(payload, [name], field, known);
      else run(others, payload, [name], field);
    }
    if (fields.length < min || fields.length > max) complain(payload, [], value, allowed);
  });
  return { type, allowed };
}

/** `enum` and `const`: values of any type, compared by content. */
export function oneOfValues(values: readonly Json[]): ArgumentSchema {
  const known = new Set(values.map(canonicalJson));
  const shown = values.slice(0, 20).map(show).join(', ') + (values.length > 20 ? ', …' : '');
  return refined(values.length === 1 ? shown : `one of ${shown}`, (value) => known.has(canonicalJson(value)));
}

/** Each value is checked by the schema of its own type. */
export function byType(
  schemas: readonly (readonly [TypeName, ArgumentSchema])[],
  allowed: string,
): ArgumentSchema {
  const [first] = schemas;
  if (schemas.length === 1 && first !== undefined) return { type: first[1].type, allowed };
  const type = z.unknown().check((payload) => {
    const own = schemas.find(([name]) => isOfType(payload.value, name));
    if (own === undefined) complain(payload, [], payload.value, allowed);
    else run(own[1], payload, [], payload.value);
  });
  return { type, allowed };
}

/** All of them; what is reported is the first that doesn't fit. */
export function all(schemas: readonly ArgumentSchema[]): ArgumentSchema {
  const parts = schemas.filter((schema) => schema !== anything);
  const [first = anything] = parts;
  if (parts.length <= 1) return first;
  const type = z.unknown().check((payload) => {
    for (const part of parts) if (payload.issues.length === 0) run(part, payload, [], payload.value);
  });
  return { type, allowed: inWords(parts, ' and ') };
}

export function anyOf(schemas: readonly ArgumentSchema[]): ArgumentSchema {
  return { type: z.union(schemas.map(({ type }) => type)), allowed: inWords(schemas, ' or ') };
}

export function exactlyOneOf(schemas: readonly ArgumentSchema[]): ArgumentSchema {
  const allowed = `exactly one of: ${inWords(schemas, ' or ')}`;
  return {
    type: z.xor(
      schemas.map(({ type }) => type),
      { error: allowed },
    ),
    allowed,
  };
}

export function conditional(
  condition: ArgumentSchema,
  yes: ArgumentSchema,
  no: ArgumentSchema,
): ArgumentSchema {
  const type = z.unknown().check((payload) => {
    run(matches(condition, payload.value) ? yes : no, payload, [], payload.value);
  });
  return { type, allowed: inWords([yes, no], ' or ') };
}

/** A condition on the whole value. */
export function refined(allowed: string, fits: (value: unknown) => boolean): ArgumentSchema {
  return { type: z.unknown().refine(fits, { error: allowed }), allowed };
}

export function matches(schema: ArgumentSchema, value: unknown): boolean {
  return schema.type.safeParse(value).success;
}

/** Checks `value`, which stands at `path` below the payload's value, and hands its issues on. */
export function run(
  schema: ArgumentSchema,
  payload: Payload,
  path: readonly PropertyKey[],
  value: unknown,
): void {
  const { error } = schema.type.safeParse(value);
  for (const issue of error?.issues ?? []) {
    // The library's issues and those that a check reports differ in their types only.
    payload.issues.push({ ...issue, path: [...path, ...issue.path], input: value } as z.core.$ZodRawIssue);
  }
}

export function complain(
  payload: Payload,
  path: readonly PropertyKey[],
  input: unknown,
  allowed: string,
): void {
  payload.issues.push({ code: 'custom', path: [...path], input, message: allowed });
}

/** Index of the first item that equals an earlier one, or -1. */
function twinOf(items: readonly unknown[]): number {
  const seen = new Set<string>();
  return items.findIndex((item) => seen.size === seen.add(canonicalJson(item)).size);
}

/** A field that is undefined is none: JSON would leave it out. */
function has(value: JsonObject, name: string): boolean {
  return Object.hasOwn(value, name) && value[name] !== undefined;
}

export function isOfType(value: unknown, name: TypeName): boolean {
  switch (name) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === name;
  }
}

function limit(schema: JsonObject, keyword: string, otherwise: number): number {
  return (schema[keyword] as number | undefined) ?? otherwise;
}

/** ` 1 to 5 items`, ` at least 1 item`, ` at most 5 items`, ` 3 items`. */
function range(min: number, max: number, noun: string): string {
  const last = max === Infinity ? min : max;
  const nouns = last === 1 ? noun : `${noun}s`;
  if (min === max) return ` ${min} ${nouns}`;
  if (max === Infinity) return ` at least ${min} ${nouns}`;
  return min === 0 ? ` at most ${max} ${nouns}` : ` ${min} to ${max} ${nouns}`;
}

export function inWords(schemas: readonly ArgumentSchema[], separator: string): string {
  return [...new Set(schemas.map(({ allowed }) => allowed))].join(separator);
}
