import { expect, test } from 'vitest';

import type { Json } from '../../../src/kernel/ids.ts';
import { compileSchema } from '../../../src/kernel/schema/compile.ts';
import { problemOf } from '../../../src/kernel/schema/problem.ts';
import { bundleForBrowser, runBare } from '../../support/browser-bundle.ts';

const problem = (schema: Json, args: Json): string | undefined =>
  problemOf(compileSchema(schema, 'parameters'), args);

/** As a mail tool in the wild states it. */
const mail: Json = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  title: 'SendMail',
  required: ['to', 'subject'],
  additionalProperties: false,
  properties: {
    to: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      uniqueItems: true,
      items: { type: 'string', format: 'email' },
    },
    subject: { type: 'string', minLength: 1, maxLength: 10, description: 'one line' },
    priority: { type: 'integer', minimum: 1, maximum: 5, default: 3 },
    weight: { type: 'number', exclusiveMinimum: 0, maximum: 1, multipleOf: 0.25 },
    kind: { type: 'string', enum: ['note', 'alert'] },
    order: { type: 'string', pattern: '^#W[0-9]{3}$' },
    at: { type: 'string', format: 'date-time' },
    cc: { type: ['string', 'null'] },
    body: { anyOf: [{ type: 'string' }, { $ref: '#/definitions/rich' }] },
    tags: { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 2 },
    reply: { $ref: '#/definitions/rich' },
  },
  definitions: {
    rich: {
      type: 'object',
      properties: { html: { type: 'string' }, images: { type: 'array', items: { type: 'integer' } } },
      required: ['html'],
    },
  },
};
const fine = { to: ['a@example.org'], subject: 'Hi' };

test('arguments that fit have no problem', () => {
  expect(problem(mail, fine)).toBeUndefined();
  const all = {
    to: ['a@example.org', 'b@example.org'],
    subject: '😀😀😀😀😀😀', // six characters, twelve units
    priority: 5,
    weight: 0.75,
    kind: 'note',
    order: '#W123',
    at: '2026-01-31T09:30:00+01:00',
    cc: null,
    body: { html: '', images: [1] },
    tags: { a: 'x', b: 'y' },
    reply: { html: 'x', other: 1 },
  };
  expect(problem(mail, all)).toBeUndefined();
});

const wrong: readonly [change: Record<string, Json>, line: string][] = [
  [{ to: 'a@example.org' }, 'arguments.to: "a@example.org" is not allowed; allowed: a list of 1 to 3 items'],
  [{ to: [] }, 'arguments.to: [] is not allowed; allowed: a list of 1 to 3 items'],
  [{ to: ['a@example.org', 'b'] }, 'arguments.to[1]: "b" is not allowed; allowed: an email address'],
  [
    { to: ['a@b.org', 'a@b.org'] },
    'arguments.to[1]: "a@b.org" is not allowed; allowed: an item unlike those before it',
  ],
  [{ subject: '' }, 'arguments.subject: "" is not allowed; allowed: text of 1 to 10 characters'],
  [{ subject: 7 }, 'arguments.subject: 7 is not allowed; allowed: text of 1 to 10 characters'],
  [{ priority: 9 }, 'arguments.priority: 9 is not allowed; allowed: an integer from 1 to 5'],
  [{ priority: 1.5 }, 'arguments.priority: 1.5 is not allowed; allowed: an integer from 1 to 5'],
  [{ priority: '1' }, 'arguments.priority: "1" is not allowed; allowed: an integer from 1 to 5'],
  [{ weight: 0 }, 'arguments.weight: 0 is not allowed; allowed: a number up to 1 above 0 in steps of 0.25'],
  [
    { weight: 0.3 },
    'arguments.weight: 0.3 is not allowed; allowed: a number up to 1 above 0 in steps of 0.25',
  ],
  [{ kind: 'other' }, 'arguments.kind: "other" is not allowed; allowed: one of "note", "alert"'],
  [{ order: 'W1' }, 'arguments.order: "W1" is not allowed; allowed: text that matches /^#W[0-9]{3}$/u'],
  [
    { at: 'yesterday' },
    'arguments.at: "yesterday" is not allowed; allowed: a date and time like 2026-01-31T09:30:00Z',
  ],
  [{ cc: 4 }, 'arguments.cc: 4 is not allowed; allowed: text or null'],
  [{ body: 4 }, 'arguments.body: 4 is not allowed; allowed: text, or an object'],
  [{ body: { html: 4 } }, 'arguments.body.html: 4 is not allowed; allowed: text'],
  [{ body: { images: [1] } }, 'arguments.body.html: missing; allowed: text'],
  [
    { reply: { html: '', images: [1, 'x'] } },
    'arguments.reply.images[1]: "x" is not allowed; allowed: an integer',
  ],
  [{ tags: { 'a b': 4 } }, 'arguments.tags["a b"]: 4 is not allowed; allowed: text'],
  [
    { tags: { a: '', b: '', c: '' } },
    'arguments.tags: {"a":"","b":"","c":""} is not allowed; allowed: an object of at most 2 fields',
  ],
  [
    { subjct: 'x' },
    'arguments.subjct: "x" is not allowed; allowed: one of the fields to, subject, priority, weight, kind, order, at, cc, body, tags, reply',
  ],
];
for (const [change, line] of wrong) {
  test(`problem: ${JSON.stringify(change)}`, () => {
    expect(problem(mail, { ...fine, ...change })).toBe(line);
  });
}

test('a missing field, and arguments that are no object', () => {
  expect(problem(mail, { to: ['a@b.org'] })).toBe(
    'arguments.subject: missing; allowed: text of 1 to 10 characters',
  );
  expect(problem(mail, 'x')).toBe('arguments: "x" is not allowed; allowed: an object');
  expect(problem(mail, null)).toBe('arguments: null is not allowed; allowed: an object');
  expect(problem(mail, [])).toBe('arguments: [] is not allowed; allowed: an object');
});

test('a long value is cut', () => {
  const line = problem(mail, { ...fine, kind: 'x'.repeat(500) })!;
  expect(line).toMatch(/^arguments\.kind: "x{78}… is not allowed/);
});

test('what a schema says without a type, beside another keyword, or about a name it has no property for, counts', () => {
  const object = { type: 'object' } as const;
  expect(problem({ ...object, properties: { a: { minimum: 3 } } }, { a: 1 })).toBe(
    'arguments.a: 1 is not allowed; allowed: a number from 3',
  );
  expect(problem({ ...object, properties: { a: { minimum: 3 } } }, { a: 'x' })).toBeUndefined();
  expect(problem({ ...object, required: ['a'] }, {})).toBe('arguments.a: missing; allowed: any value');
  const closed: Json = {
    type: 'object',
    properties: { a: {}, b: {} },
    additionalProperties: false,
    anyOf: [{ required: ['a'] }, { required: ['b'] }],
  };
  expect(problem(closed, { a: 1 })).toBeUndefined();
  expect(problem(closed, { a: 1, c: 1 })).toBe(
    'arguments.c: 1 is not allowed; allowed: one of the fields a, b',
  );
  expect(problem(closed, {})).toBe('arguments: {} is not allowed; allowed: a: any value, or b: any value');
  const withDefault = {
    ...object,
    required: ['a'],
    properties: { a: { type: 'string', default: 'x' } },
  } as const;
  expect(problem(withDefault, {})).toBe('arguments.a: missing; allowed: text');
  expect(
    problem({ ...object, properties: { a: { enum: [{ x: [1] }] } } }, { a: { x: [1] } }),
  ).toBeUndefined();
  const mixed: Json = { ...object, properties: { a: { type: 'integer', enum: [1, 'a'] } } };
  expect(problem(mixed, { a: 'a' })).toBe('arguments.a: "a" is not allowed; allowed: an integer');
  expect(problem({ ...object, properties: { a: { const: [1] } } }, { a: [2] })).toBe(
    'arguments.a: [2] is not allowed; allowed: [1]',
  );
});

test('inherited names are no fields, and fields with such names are', () => {
  const schema: Json = JSON.parse(
    '{"type":"object","properties":{"toString":{"type":"string"},"__proto__":{"type":"string"}},"additionalProperties":false}',
  );
  expect(problem(schema, {})).toBeUndefined();
  expect(problem(schema, JSON.parse('{"__proto__":"x"}'))).toBeUndefined();
  expect(problem(schema, JSON.parse('{"__proto__":3}'))).toBe(
    'arguments.__proto__: 3 is not allowed; allowed: text',
  );
  expect(problem(schema, JSON.parse('{"constructor":3}'))).toContain(
    'arguments.constructor: 3 is not allowed',
  );
  expect(problem({ type: 'object', required: ['toString'] }, {})).toBe(
    'arguments.toString: missing; allowed: any value',
  );
});

test('a schema may contain itself', () => {
  const tree: Json = {
    type: 'object',
    properties: { left: { $ref: '#' }, right: { $ref: '#/properties/left' }, leaf: { type: 'integer' } },
  };
  expect(problem(tree, { left: { right: { leaf: 1 } } })).toBeUndefined();
  expect(problem(tree, { left: { right: { leaf: 'x' } } })).toBe(
    'arguments.left.right.leaf: "x" is not allowed; allowed: an integer',
  );
  let deep: Json = {};
  for (let level = 0; level < 10_000; level++) deep = { left: deep };
  expect(problem(tree, deep)).toBe('arguments: too deeply nested; allowed: at most 64 levels');
});

test('what no JSON can hold is a problem, not an exception', () => {
  const any: Json = { type: 'object', properties: { a: { enum: [1, 2] } } };
  const cycle: Record<string, unknown> = {};
  cycle['a'] = cycle;
  expect(problem(any, { a: NaN })).toBe('arguments.a: NaN is not allowed; allowed: a finite number');
  expect(problem(any, { a: (() => 1) as unknown as Json })).toBe(
    'arguments.a: function is not allowed; allowed: JSON',
  );
  expect(problem(any, { a: 1n as unknown as Json })).toBe(
    'arguments.a: bigint is not allowed; allowed: JSON',
  );
  expect(problem(any, undefined as unknown as Json)).toBe(
    'arguments: undefined is not allowed; allowed: JSON',
  );
  expect(problem(any, cycle as Json)).toContain('too deeply nested');
  expect(problem({ ...any, required: ['a'] }, { a: undefined as unknown as Json })).toContain(
    'arguments.a: missing',
  );
});

const noSchema: readonly [schema: Json, line: string][] = [
  ['x', 'parameters: "x" is not allowed; allowed: a schema: an object, true or false'],
  [{ properties: [] }, 'parameters.properties: [] is not allowed; allowed: an object of schemas'],
  [
    { properties: { a: 1 } },
    'parameters.properties.a: 1 is not allowed; allowed: a schema: an object, true or false',
  ],
  [
    { properties: { a: { type: 'strang' } } },
    'parameters.properties.a.type: "strang" is not allowed; allowed: "string", "number", "boolean", "null", "array", "object", "integer", or a list of some of them',
  ],
  [{ required: 'a' }, 'parameters.required: "a" is not allowed; allowed: a list of different names'],
  [{ anyOf: [] }, 'parameters.anyOf: [] is not allowed; allowed: a list of schemas, not empty'],
  [
    { allOf: [{ minLength: -1 }] },
    'parameters.allOf[0].minLength: -1 is not allowed; allowed: an integer from 0',
  ],
  [
    { items: { pattern: '[' } },
    'parameters.items.pattern: "[" is not allowed; allowed: a regular expression',
  ],
  [{ minimum: '3' }, 'parameters.minimum: "3" is not allowed; allowed: a number'],
  [{ multipleOf: 0 }, 'parameters.multipleOf: 0 is not allowed; allowed: a number above 0'],
  [{ exclusiveMinimum: true }, 'parameters.exclusiveMinimum: true is not allowed; allowed: a number'],
  [
    { properties: { a: { $ref: '#/$defs/b' } } },
    "parameters.properties.a.$ref: \"#/$defs/b\" is not allowed; allowed: '#', or '#/…' with the place of a schema in this one",
  ],
  [
    { $ref: 'https://example.org/x.json' },
    "parameters.$ref: \"https://example.org/x.json\" is not allowed; allowed: '#', or '#/…' with the place of a schema in this one",
  ],
  [{ $ref: '#' }, 'parameters: $ref: "#" is not allowed; allowed: one that does not lead back to itself'],
  [
    {
      properties: { p: { $ref: '#/$defs/y' } },
      allOf: [{ $ref: '#/$defs/y' }],
      $defs: { y: { anyOf: [{ $ref: '#' }] } },
    },
    'parameters: $ref: "#/$defs/y" is not allowed; allowed: one that does not lead back to itself',
  ],
  [
    { $defs: { a: { items: { unevaluatedItems: false } } }, $ref: '#/$defs/a' },
    'parameters.$defs.a.items.unevaluatedItems: this keyword is not supported; allowed: a schema without it',
  ],
];
for (const [schema, line] of noSchema) {
  test(`no schema: ${JSON.stringify(schema)}`, () => {
    expect(() => compileSchema(schema, 'parameters')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: line }),
    );
  });
}

test('a schema nested without end is refused', () => {
  let schema: Json = {};
  for (let level = 0; level < 10_000; level++) schema = { not: schema };
  expect(() => compileSchema(schema, 'p')).toThrow('at most 64 levels');
});

const formats: readonly [format: string, good: string[], bad: string[]][] = [
  ['email', ['a.b+c@example.co.uk'], ['a', 'a@b', 'a b@example.org']],
  [
    'uri',
    ['https://example.org/a?b=c#d', 'mailto:a@b.org', 'urn:isbn:1'],
    ['example.org', '/a', 'https://a b'],
  ],
  ['uuid', ['123e4567-e89b-12d3-a456-426614174000'], ['123e4567']],
  ['date', ['2024-02-29'], ['2023-02-29', '29.2.2024']],
  ['time', ['09:30:00Z', '09:30:00.5+02:00'], ['09:30:00', '24:00:00Z']],
  ['date-time', ['2024-02-29T09:30:00Z'], ['2024-02-29', '2024-02-29T09:30:00']],
  ['duration', ['P1DT2H', 'P2W'], ['P', '1D']],
  ['hostname', ['example.org'], ['-a.org', 'a_b']],
  ['ipv4', ['127.0.0.1'], ['256.0.0.1', '1.2.3']],
  ['ipv6', ['::1', '2001:db8::1'], ['1', ':::']],
  ['colour', ['anything'], []],
];

test('formats, the same without what a platform adds', async () => {
  const bare = runBare(
    await bundleForBrowser(`
      export { compileSchema } from './src/kernel/schema/compile.ts';
      export { problemOf } from './src/kernel/schema/problem.ts';
    `),
  ) as { compileSchema: typeof compileSchema; problemOf: typeof problemOf };
  for (const [format, good, bad] of formats) {
    for (const { compileSchema: compile, problemOf: check } of [{ compileSchema, problemOf }, bare]) {
      const schema = compile({ type: 'string', format }, 'p');
      expect(
        good.filter((text) => check(schema, text) !== undefined),
        format,
      ).toEqual([]);
      expect(
        bad.filter((text) => check(schema, text) === undefined),
        format,
      ).toEqual([]);
    }
  }
});

test('alternatives in a schema that contains itself do not multiply without end, whatever stands around them', () => {
  const node = (more: Json): Json => ({
    anyOf: ['a', 'b'].map((name) => ({
      type: 'object',
      properties: { next: { $ref: '#/$defs/node' } },
      required: ['next', name],
    })),
    ...(more as object),
  });
  const nested = (levels: number): Json => {
    let value: Json = 5;
    for (let level = 0; level < levels; level++) value = { next: value };
    return value;
  };
  const schema = (outer: Json): Json => ({
    type: 'object',
    properties: { node: outer },
    $defs: { node: node({}) },
  });
  const refused = expect.stringMatching(
    /allowed: arguments that are smaller, or less deeply nested$/,
  ) as string;
  const link = { $ref: '#/$defs/node' };
  for (const outer of [link, { not: link }, { if: link, else: true }])
    expect(problem(schema(outer), { node: nested(40) })).toEqual(refused);
  // Each check begins anew, and the line stays short.
  expect(problem(schema({ not: link }), { node: nested(3) })).toBeUndefined();
  expect(problem(schema(link), { node: nested(9) })!.length).toBeLessThan(1_300);
});

test('lengths count code points, however long the text', () => {
  const of = (min: number, max: number) => (text: string) =>
    problem(
      { type: 'object', properties: { s: { type: 'string', minLength: min, maxLength: max } } },
      { s: text },
    );
  expect([of(2, 2)('🦊🦊'), of(3, 9)('abc'), of(0, 4)('🦊'.repeat(4)), of(1, 9)('a')]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect([of(3, 9)('🦊🦊'), of(0, 1)('ab'), of(0, 4)('🦊'.repeat(5)), of(2, 9)('🦊')]).not.toContain(
    undefined,
  );
});

test('no code is made from text', async () => {
  // The bare context refuses it; here it would be noticed even if the refusal were caught.
  const original = globalThis.Function;
  let made = 0;
  globalThis.Function = new Proxy(original, {
    construct(target, args) {
      made++;
      return Reflect.construct(target, args) as object;
    },
  });
  try {
    expect(problem(mail, fine)).toBeUndefined();
  } finally {
    globalThis.Function = original;
  }
  expect(made).toBe(0);
});
