/** Values drawn from a JSON Schema: such as it allows, such as it nearly allows, and such as somebody sends who means harm. */
import * as fc from 'fast-check';

import type { ApiDocument, JsonSchema } from '../../../src/server/openapi/document.ts';

/** Names that an object has without having been given them, and texts that are no texts elsewhere. */
const hostileTexts = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '\0',
  '\ud800',
  '\u202e',
  '../../etc/passwd',
  "'; DROP TABLE runs; --",
  '%00',
  '<script>',
  '${7*7}',
  '9'.repeat(400),
  'ä€😀',
  'x'.repeat(20_000),
];

const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -0,
    -1,
    1.5,
    1e308,
    -1e308,
    2 ** 53,
    Number.MAX_SAFE_INTEGER,
    [],
    {},
    [[[[[[[[]]]]]]]],
    { __proto__: null, constructor: { prototype: 1 } },
    nested(70),
    ...hostileTexts,
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

const depthMax = 6;

/** What the schema allows, as far as its keywords say; `twist`: how many of a hundred values are something else. */
export function drawn(
  document: ApiDocument,
  schema: JsonSchema,
  twist: number,
  depth = 0,
): fc.Arbitrary<unknown> {
  const allowed = drawnAllowed(document, schema, twist, depth);
  if (twist === 0) return allowed;
  return fc.oneof({ weight: 100 - twist, arbitrary: allowed }, { weight: twist, arbitrary: hostile });
}

function drawnAllowed(
  document: ApiDocument,
  schema: JsonSchema,
  twist: number,
  depth: number,
): fc.Arbitrary<unknown> {
  const { $ref: ref, const: constant, enum: values, type } = schema;
  if (depth > depthMax) return fc.constant(null);
  if (typeof ref === 'string')
    return drawn(document, document.components.schemas[ref.split('/').at(-1)!]!, twist, depth);
  if (constant !== undefined) return fc.constant(constant);
  if (Array.isArray(values)) return fc.constantFrom(...(values as unknown[]));
  const alternatives = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(alternatives))
    return fc.oneof(...(alternatives as JsonSchema[]).map((one) => drawn(document, one, twist, depth + 1)));
  if (Array.isArray(schema['allOf']))
    return fc
      .tuple(...(schema['allOf'] as JsonSchema[]).map((one) => drawn(document, one, 0, depth + 1)))
      .map((parts) => Object.assign({}, ...parts) as unknown);
  const types = (Array.isArray(type) ? type : [type]) as string[];
  return fc.oneof(...types.map((one) => drawnOf(document, { ...schema, type: one }, twist, depth)));
}

function drawnOf(
  document: ApiDocument,
  schema: JsonSchema,
  twist: number,
  depth: number,
): fc.Arbitrary<unknown> {
  const least = (keyword: string, otherwise: number): number => Number(schema[keyword] ?? otherwise);
  switch (schema['type']) {
    case 'string':
      return fc.string({
        unit: 'grapheme',
        minLength: least('minLength', 0),
        maxLength: Math.min(12, least('maxLength', 12)),
      });
    case 'integer':
      return fc.integer({
        min: Math.max(-1_000, least('minimum', -1_000)),
        max: Math.min(1_000, least('maximum', 1_000)),
      });
    case 'number':
      return fc.double({ min: least('minimum', -10), max: least('maximum', 10), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(drawn(document, (schema['items'] ?? {}) as JsonSchema, twist, depth + 1), {
        minLength: least('minItems', 0),
        maxLength: Math.min(3, least('maxItems', 3)),
      });
    case 'object':
      return drawnObject(document, schema, twist, depth);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

/** Now and then a required field is missing, or one stands there that nobody knows. */
function drawnObject(
  document: ApiDocument,
  schema: JsonSchema,
  twist: number,
  depth: number,
): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>);
  const required = ((schema['required'] ?? []) as string[]).filter(
    (name) => name in Object.fromEntries(properties),
  );
  const whole = fc.record(
    Object.fromEntries(properties.map(([name, one]) => [name, drawn(document, one, twist, depth + 1)])),
    { requiredKeys: required },
  );
  if (twist === 0) return whole;
  const torn = fc
    .tuple(whole, fc.constantFrom(...hostileTexts, ...required), hostile, fc.boolean())
    .map(([object, name, value, isMissing]) =>
      Object.fromEntries([
        ...Object.entries(object).filter(([field]) => !(isMissing && field === name)),
        ...(isMissing ? [] : [[name, value] as const]),
      ]),
    );
  return fc.oneof({ weight: 100 - twist, arbitrary: whole }, { weight: twist, arbitrary: torn });
}
