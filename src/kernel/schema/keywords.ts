/**
 * The keywords of JSON Schema (drafts 7 to 2020-12): what each may hold, which type of value it is about, and the text formats
 * that are enforced. What is not listed is an annotation.
 */
import { z } from 'zod';

import { KernelError } from '../errors.ts';
import type { Json } from '../ids.ts';

export type JsonObject = { readonly [key: string]: Json };

/** The types that a JSON value has; `integer` is in addition a type that a schema may ask for. */
export const typeNames = ['string', 'number', 'boolean', 'null', 'array', 'object'] as const;
export type TypeName = (typeof typeNames)[number] | 'integer';

/** Keywords that leave values of other types alone. */
export const keywordsOf: Readonly<Record<(typeof typeNames)[number], readonly string[]>> = {
  string: words('minLength maxLength pattern format'),
  number: words('minimum maximum exclusiveMinimum exclusiveMaximum multipleOf'),
  boolean: [],
  null: [],
  array: words(
    'items prefixItems additionalItems minItems maxItems uniqueItems contains minContains maxContains',
  ),
  object: words(
    'properties required additionalProperties patternProperties propertyNames minProperties maxProperties dependentRequired',
  ),
};

/** The formats that are enforced. Those of the library that need the platform's URL or atob are written here as patterns. */
export const stringFormats: ReadonlyMap<string, { readonly words: string; readonly type: z.ZodType }> =
  new Map([
    ['email', { words: 'an email address', type: z.email() }],
    ['uuid', { words: 'a UUID', type: z.guid() }],
    [
      'date-time',
      { words: 'a date and time like 2026-01-31T09:30:00Z', type: z.iso.datetime({ offset: true }) },
    ],
    ['date', { words: 'a date like 2026-01-31', type: z.iso.date() }],
    [
      'time',
      {
        words: 'a time like 09:30:00Z',
        type: pattern(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i),
      },
    ],
    ['duration', { words: 'a duration like P1DT2H', type: z.iso.duration() }],
    ['hostname', { words: 'a host name', type: z.hostname() }],
    ['ipv4', { words: 'an IPv4 address', type: z.ipv4() }],
    ['ipv6', { words: 'an IPv6 address', type: pattern(z.regexes.ipv6) }],
    [
      'uri',
      {
        words: 'a URI like https://example.org/a',
        type: pattern(/^[a-z][a-z0-9+.-]*:([\w.~:/?#[\]@!$&'()*+,;=-]|%[0-9a-f]{2})*$/i),
      },
    ],
  ]);

/** Throws KernelError INVALID_ARGUMENT when a schema's keyword holds what it may not, or cannot be enforced. */
export function checkKeyword(keyword: string, value: Json, path: string): void {
  const form = forms.get(keyword);
  if (form !== undefined && !form.fits(value)) refuse(`${path}.${keyword}`, value, form.allowed);
  if (!unsupported.has(keyword)) return;
  throw new KernelError(
    'INVALID_ARGUMENT',
    `${path}.${keyword}: this keyword is not supported; allowed: a schema without it`,
  );
}

/** Throws the usual error: `path: value is not allowed; allowed: …`. */
export function refuse(path: string, value: unknown, allowed: string): never {
  const message = `${path}: ${show(value)} is not allowed; allowed: ${allowed}`;
  throw new KernelError('INVALID_ARGUMENT', message, { detail: { field: path, value, allowed } });
}

/** A value in an error line: JSON, cut after 80 characters. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

/** The pattern, with Unicode as the standard asks; without it for one that is correct only so (`\-`). Undefined when it is none. */
export function patternOf(text: string): RegExp | undefined {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(text, flags);
    } catch {
      // the next, or none
    }
  }
  return undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Form {
  readonly allowed: string;
  readonly fits: (value: Json) => boolean;
}

const count: Form = {
  allowed: 'an integer from 0',
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};
const number: Form = { allowed: 'a number', fits: (value) => Number.isFinite(value) };
const flag: Form = { allowed: 'true or false', fits: (value) => typeof value === 'boolean' };
const text: Form = { allowed: 'text', fits: (value) => typeof value === 'string' };
const schemas: Form = {
  allowed: 'a list of schemas, not empty',
  fits: (value) => Array.isArray(value) && value.length > 0,
};
const named: Form = { allowed: 'an object of schemas', fits: isObject };
const names: Form = { allowed: 'a list of different names', fits: isNames };

/** Keywords that hold one schema are checked when that schema is. */
const forms: ReadonlyMap<string, Form> = new Map<string, Form>([
  [
    'type',
    { allowed: [...typeNames, 'integer'].map(show).join(', ') + ', or a list of some of them', fits: isType },
  ],
  ['enum', { allowed: 'a list of values, not empty', fits: schemas.fits }],
  ...words('minLength maxLength minItems maxItems minContains maxContains minProperties maxProperties').map(
    (keyword) => [keyword, count] as const,
  ),
  ...words('minimum maximum exclusiveMinimum exclusiveMaximum').map((keyword) => [keyword, number] as const),
  [
    'multipleOf',
    { allowed: 'a number above 0', fits: (value) => number.fits(value) && (value as number) > 0 },
  ],
  [
    'pattern',
    {
      allowed: 'a regular expression',
      fits: (value) => typeof value === 'string' && patternOf(value) !== undefined,
    },
  ],
  ['format', text],
  ['$ref', text],
  ['uniqueItems', flag],
  ['required', names],
  ['properties', named],
  [
    'patternProperties',
    {
      allowed: 'an object of schemas whose names are regular expressions',
      fits: (value) => isObject(value) && Object.keys(value).every((key) => patternOf(key) !== undefined),
    },
  ],
  [
    'dependentRequired',
    {
      allowed: 'an object of lists of names',
      fits: (value) => isObject(value) && Object.values(value).every(isNames),
    },
  ],
  ['$defs', named],
  ['definitions', named],
  ...['allOf', 'anyOf', 'oneOf'].map((keyword) => [keyword, schemas] as const),
  ['prefixItems', schemas],
]);

const unsupported = new Set(
  words('unevaluatedItems unevaluatedProperties dependentSchemas dependencies $dynamicRef $recursiveRef'),
);

function isNames(value: Json): boolean {
  return (
    Array.isArray(value) &&
    value.every((name) => typeof name === 'string') &&
    new Set(value).size === value.length
  );
}

function isType(value: Json): boolean {
  const isName = (name: Json): boolean =>
    name === 'integer' || typeNames.includes(name as (typeof typeNames)[number]);
  return Array.isArray(value) ? value.length > 0 && value.every(isName) : isName(value);
}

function pattern(expression: RegExp): z.ZodType {
  return z.string().regex(expression);
}

function words(list: string): readonly string[] {
  return list.split(' ');
}
