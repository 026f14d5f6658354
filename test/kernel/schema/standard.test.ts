/** Compiled schemas against the standard read out loud, for random schemas and values. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { canonicalJson } from '../../../src/base/canonical-json.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { compileSchema } from '../../../src/kernel/schema/compile.ts';
import { problemOf } from '../../../src/kernel/schema/problem.ts';
import { seedCount } from '../../support/seeds.ts';

type Schema = Readonly<Record<string, Json | undefined>>;

const same = (a: Json, b: Json): boolean => canonicalJson(a) === canonicalJson(b);
const number = (s: Schema, keyword: string, otherwise: number): number =>
  (s[keyword] as number | undefined) ?? otherwise;
const list = (s: Schema, keyword: string): Json[] => (s[keyword] ?? []) as Json[];
const entries = (s: Schema, keyword: string): [string, Json][] =>
  Object.entries((s[keyword] ?? {}) as Record<string, Json>);
const isWithin = (s: Schema, count: number, kind: string): boolean =>
  count >= number(s, `min${kind}`, 0) && count <= number(s, `max${kind}`, Infinity);

/** For the keywords and values of the generator below. An absent schema allows everything. */
function isValid(schema: Json | undefined, value: Json, root: Schema): boolean {
  if (schema === undefined || typeof schema === 'boolean') return schema !== false;
  const s = schema as Schema;
  const valid = (part: Json | undefined): boolean => isValid(part, value, root);
  const [, , name] = ((s['$ref'] ?? '') as string).split('/');
  return (
    (s['type'] === undefined || [s['type']].flat().some((type) => isA(value, type))) &&
    (s['enum'] === undefined || list(s, 'enum').some((item) => same(item, value))) &&
    (s['const'] === undefined || same(s['const'], value)) &&
    (name === undefined || valid((root['$defs'] as Schema)[name])) &&
    list(s, 'allOf').every(valid) &&
    (s['anyOf'] === undefined || list(s, 'anyOf').some(valid)) &&
    (s['oneOf'] === undefined || list(s, 'oneOf').filter(valid).length === 1) &&
    (s['not'] === undefined || !valid(s['not'])) &&
    (s['if'] === undefined || valid(valid(s['if']) ? s['then'] : s['else'])) &&
    isValidOfType(s, value, root)
  );
}

function isA(value: Json, type: Json): boolean {
  if (type === 'integer') return Number.isInteger(value);
  return type === (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
}

function isValidOfType(s: Schema, value: Json, root: Schema): boolean {
  if (typeof value === 'number') {
    return (
      value >= number(s, 'minimum', -Infinity) &&
      value <= number(s, 'maximum', Infinity) &&
      value > number(s, 'exclusiveMinimum', -Infinity) &&
      value < number(s, 'exclusiveMaximum', Infinity) &&
      (s['multipleOf'] === undefined || value % number(s, 'multipleOf', 1) === 0)
    );
  }
  if (typeof value === 'string') {
    const matches = s['pattern'] === undefined || new RegExp(s['pattern'] as string).test(value);
    return isWithin(s, value.length, 'Length') && matches;
  }
  if (typeof value !== 'object' || value === null) return true;
  return Array.isArray(value)
    ? isValidArray(s, value as Json[], root)
    : isValidObject(s, Object.entries(value), root);
}

function isValidArray(s: Schema, items: Json[], root: Schema): boolean {
  const prefix = list(s, 'prefixItems');
  const hasTwin = items.some((a, index) => items.slice(0, index).some((b) => same(a, b)));
  const contained = items.filter((item) => isValid(s['contains'], item, root)).length;
  return (
    isWithin(s, items.length, 'Items') &&
    items.every((item, index) => isValid(prefix[index] ?? s['items'], item, root)) &&
    !(s['uniqueItems'] === true && hasTwin) &&
    (s['contains'] === undefined ||
      (contained >= number(s, 'minContains', 1) && contained <= number(s, 'maxContains', Infinity)))
  );
}

function isValidObject(s: Schema, fields: [string, Json][], root: Schema): boolean {
  const has = (name: Json): boolean => fields.some(([own]) => own === name);
  const isField = ([name, field]: [string, Json]): boolean => {
    const own = entries(s, 'properties').filter(([key]) => key === name);
    const matching = entries(s, 'patternProperties').filter(([key]) => new RegExp(key).test(name));
    const parts = [...own, ...matching].map(([, part]) => part);
    const fits = parts.length === 0 ? isValid(s['additionalProperties'], field, root) : true;
    return (
      fits && parts.every((part) => isValid(part, field, root)) && isValid(s['propertyNames'], name, root)
    );
  };
  return (
    isWithin(s, fields.length, 'Properties') &&
    list(s, 'required').every(has) &&
    entries(s, 'dependentRequired').every(([name, needed]) => !has(name) || (needed as Json[]).every(has)) &&
    fields.every(isField)
  );
}

const fieldName = fc.constantFrom('a', 'b', 'ab', 'toString');
const small = fc.integer({ min: 0, max: 3 });
const dictionary = <T>(
  names: fc.Arbitrary<string>,
  values: fc.Arbitrary<T>,
): fc.Arbitrary<Record<string, T>> => fc.dictionary(names, values, { maxKeys: 2, noNullPrototype: true });

const { value: jsonValue } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    fc.constantFrom<Json[]>(null, true, false, 0, 1, 2, 3, 1.5, -1, '', 'a', 'ab', 'abc'),
    fc.array(tie('value'), { maxLength: 3 }),
    dictionary(fieldName, tie('value')),
  ),
}));

const { schema: someSchema } = fc.letrec<{ schema: Json }>((tie) => {
  const part = tie('schema');
  const parts = fc.array(part, { minLength: 1, maxLength: 3 });
  const typeName = fc.constantFrom('string', 'number', 'integer', 'boolean', 'null', 'array', 'object');
  const names = fc.uniqueArray(fieldName, { maxLength: 2 });
  const pattern = fc.constantFrom('^a', 'b$', 'o');
  const forms: readonly [keywords: string, form: fc.Arbitrary<Json>][] = [
    ['type', fc.oneof(typeName, fc.uniqueArray(typeName, { minLength: 1, maxLength: 3 }))],
    ['enum', fc.array(jsonValue, { minLength: 1, maxLength: 3 })],
    ['const', jsonValue],
    ['allOf anyOf oneOf prefixItems', parts],
    ['not if then else items contains additionalProperties propertyNames', part],
    ['minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength', small],
    ['minItems maxItems minContains maxContains minProperties maxProperties', small],
    ['multipleOf', fc.integer({ min: 1, max: 3 })],
    ['pattern', pattern],
    ['uniqueItems', fc.boolean()],
    ['properties', dictionary(fieldName, part)],
    ['patternProperties', dictionary(pattern, part)],
    ['required', names],
    ['dependentRequired', dictionary(fieldName, names)],
    ['$ref', fc.constantFrom('#/$defs/x', '#/$defs/y')],
  ];
  const pairs = forms.flatMap(([keywords, form]) =>
    keywords.split(' ').map((keyword) => fc.tuple(fc.constant(keyword), form)),
  );
  const object = fc
    .array(fc.oneof(...pairs), { maxLength: 4 })
    .map((chosen): Json => Object.fromEntries(chosen));
  return { schema: fc.oneof({ depthSize: 'small', maxDepth: 3 }, fc.boolean(), object) };
});
const someValues = fc.array(jsonValue, { minLength: 4, maxLength: 4 });

test('random schemas and values: what passes is what the standard allows', () => {
  const seen = { valid: 0, invalid: 0 };
  fc.assert(
    fc.property(someSchema, someSchema, someSchema, someValues, (main, x, y, values) => {
      const root: Schema = { allOf: [main], $defs: { x, y } };
      let compiled;
      try {
        compiled = compileSchema(root as Json, 'p');
      } catch (error) {
        expect(String(error)).toContain('lead back to itself');
        return;
      }
      for (const value of values) {
        const isFine = isValid(root as Json, value, root);
        const line = problemOf(compiled, value);
        expect(line === undefined, line).toBe(isFine);
        if (line !== undefined) expect(line).toMatch(/^arguments.*(missing|is not allowed); allowed: ./s);
        seen[isFine ? 'valid' : 'invalid']++;
      }
    }),
    { seed: 11, numRuns: seedCount(3_000, 100_000) },
  );
  expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(1_000);
});
