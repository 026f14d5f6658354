/** Values that fit a JSON Schema, drawn at random. */
import type { Rng } from '../../../base/rng.ts';
import { isRecord } from '../../../kernel/budget-limits.ts';
import { KernelError } from '../../../kernel/errors.ts';
import type { Json } from '../../../kernel/ids.ts';
import { compileSchema } from '../../../kernel/schema/compile.ts';
import { problemOf } from '../../../kernel/schema/problem.ts';
import type { ArgumentSchema } from '../../../kernel/schema/types.ts';
import { randomText } from './random-text.ts';

/** Tries before a schema is given up: what a draw does not heed (patterns, formats, conditions) is checked behind it. */
const triesMax = 20;
/** Levels of a value; below, whatever may be left out is. */
const depthMax = 6;

/** Undefined: no value was found, or `schema` is no schema. */
export function randomValue(schema: Json, rng: Rng): Json | undefined {
  const compiled = compiledOf(schema);
  if (compiled === undefined) return undefined;
  for (let tries = 0; tries < triesMax; tries++) {
    const value = new Drawing(schema, rng).draw(schema, 0);
    if (problemOf(compiled, value) === undefined) return value;
  }
  return undefined;
}

const types = ['string', 'integer', 'number', 'boolean', 'null', 'array', 'object'] as const;

/** Compiling costs far more than a draw, and a tool's schema is drawn from again and again. */
const known = new WeakMap<object, ArgumentSchema>();

function compiledOf(schema: Json): ArgumentSchema | undefined {
  const isObject = typeof schema === 'object' && schema !== null;
  const before = isObject ? known.get(schema) : undefined;
  if (before !== undefined) return before;
  try {
    const compiled = compileSchema(schema, 'schema');
    if (isObject) known.set(schema, compiled);
    return compiled;
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

class Drawing {
  private readonly root: Json;
  private readonly rng: Rng;

  constructor(root: Json, rng: Rng) {
    this.root = root;
    this.rng = rng;
  }

  draw(schema: Json, depth: number): Json {
    const { rng } = this;
    if (!isRecord(schema)) return rng.integer(100);
    const given = schema as Readonly<Record<string, Json>>;
    const { $ref, enum: values, anyOf, oneOf, allOf } = given;
    if (typeof $ref === 'string' && depth < 4 * depthMax) return this.draw(this.target($ref), depth + 1);
    if (given['const'] !== undefined) return given['const'];
    if (Array.isArray(values) && values.length > 0) return this.oneOf(values as readonly Json[]);
    const choices = anyOf ?? oneOf;
    if (Array.isArray(choices) && choices.length > 0)
      return this.draw(merged(given, this.oneOf(choices as readonly Json[])), depth + 1);
    if (Array.isArray(allOf)) return this.draw((allOf as readonly Json[]).reduce(merged, given), depth + 1);
    switch (this.typeOf(given)) {
      case 'string':
        return this.text(given);
      case 'integer':
        return this.integer(given);
      case 'number':
        return given['multipleOf'] === undefined && rng.next() < 0.5
          ? this.fraction(given)
          : this.integer(given);
      case 'boolean':
        return rng.next() < 0.5;
      case 'null':
        return null;
      case 'array':
        return this.list(given, depth);
      case 'object':
        return this.object(given, depth);
    }
  }

  private typeOf({ type, properties, items }: Readonly<Record<string, Json>>): (typeof types)[number] {
    const named = Array.isArray(type) ? this.oneOf(type as readonly Json[]) : type;
    const known = types.find((name) => name === named);
    return known ?? (properties !== undefined ? 'object' : items !== undefined ? 'array' : 'string');
  }

  private text({ minLength, maxLength, format }: Readonly<Record<string, Json>>): string {
    const { rng } = this;
    const example = typeof format === 'string' ? examples[format] : undefined;
    if (example !== undefined) return example;
    const min = numberOr(minLength, 0);
    const length = min + rng.integer(Math.max(0, Math.min(24, numberOr(maxLength, min + 24) - min)) + 1);
    let text = randomText(rng, 1 + rng.integer(4));
    while (text.length < length) text += ` ${randomText(rng, 2)}`;
    return text.slice(0, length);
  }

  private integer(schema: Readonly<Record<string, Json>>): number {
    const step = numberOr(schema['multipleOf'], 1);
    const [low, high] = rangeOf(schema);
    const first = Math.ceil(low / step);
    const last = Math.floor(high / step);
    return last < first ? first * step : (first + this.rng.integer(last - first + 1)) * step;
  }

  private fraction(schema: Readonly<Record<string, Json>>): number {
    const [low, high] = rangeOf(schema);
    return low + (high - low) * this.rng.next();
  }

  private list(
    { items, prefixItems, minItems, maxItems }: Readonly<Record<string, Json>>,
    depth: number,
  ): Json {
    const min = numberOr(minItems, 0);
    const most = depth >= depthMax ? min : Math.min(min + 3, numberOr(maxItems, min + 3));
    const length = min + this.rng.integer(Math.max(0, most - min) + 1);
    const places = Array.isArray(prefixItems) ? (prefixItems as readonly Json[]) : [];
    return Array.from({ length }, (_, index) => this.draw(places[index] ?? items ?? {}, depth + 1));
  }

  private object({ properties, required }: Readonly<Record<string, Json>>, depth: number): Json {
    const needed = new Set(Array.isArray(required) ? (required as readonly Json[]) : []);
    const fields: [string, Json][] = isRecord(properties) ? Object.entries(properties) : [];
    for (const name of needed)
      if (typeof name === 'string' && !fields.some(([known]) => known === name)) fields.push([name, {}]);
    return Object.fromEntries(
      fields.flatMap(([name, schema]) =>
        needed.has(name) || (depth < depthMax && this.rng.next() < 0.5)
          ? [[name, this.draw(schema, depth + 1)]]
          : [],
      ),
    );
  }

  /** What a pointer within the schema leads to; an empty schema where it leads nowhere. */
  private target(pointer: string): Json {
    let found: unknown = this.root;
    for (const step of pointer.split('/').slice(1)) {
      const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
      found =
        (isRecord(found) || Array.isArray(found) ? (found as Record<string, unknown>)[name] : undefined) ??
        {};
    }
    return found as Json;
  }

  private oneOf(values: readonly Json[]): Json {
    return values[this.rng.integer(values.length)]!;
  }
}

/** Both schemas at once, as far as a draw heeds them. */
function merged(left: Json, right: Json): Json {
  const { anyOf: _, oneOf: __, allOf: ___, ...one } = (isRecord(left) ? left : {}) as Record<string, Json>;
  const other = (isRecord(right) ? right : {}) as Record<string, Json>;
  const required = [one['required'], other['required']].flatMap((names) =>
    Array.isArray(names) ? (names as Json[]) : [],
  );
  const properties = {
    ...(one['properties'] as object | undefined),
    ...(other['properties'] as object | undefined),
  };
  return {
    ...one,
    ...other,
    ...(required.length === 0 ? {} : { required }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
  };
}

function rangeOf(schema: Readonly<Record<string, Json>>): readonly [low: number, high: number] {
  const low = Math.max(
    numberOr(schema['minimum'], -Infinity),
    numberOr(schema['exclusiveMinimum'], -Infinity) + 1,
  );
  const high = Math.min(
    numberOr(schema['maximum'], Infinity),
    numberOr(schema['exclusiveMaximum'], Infinity) - 1,
  );
  if (low === -Infinity) return high === Infinity ? [0, 100] : [Math.min(0, high), high];
  return [low, high === Infinity ? low + 100 : high];
}

const examples: Readonly<Record<string, string>> = {
  date: '2025-06-15',
  'date-time': '2025-06-15T12:00:00Z',
  time: '12:00:00Z',
  email: 'someone@example.org',
  hostname: 'example.org',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.org/',
  url: 'https://example.org/',
  uuid: '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
};

function numberOr(value: Json | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
