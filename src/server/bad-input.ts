/** What a schema says of bad input, as the line that names the field, the value and what is allowed. */
import type { z } from '@hono/zod-openapi';

import { shown } from '../kernel/errors.ts';
import { fieldStep } from '../kernel/schema/problem.ts';
import { Refused } from './errors.ts';

type Issue = z.core.$ZodIssue;

/** Characters of a value that a line shows. */
const shownMax = 100;

/** `input`: what was checked, whole. */
export function badInput(error: z.core.$ZodError, input: unknown): Refused {
  const [first] = error.issues;
  if (first === undefined) return new Refused(422, 'INVALID_ARGUMENT', 'body: is not allowed');
  const issue = closest(first);
  const { path } = issue;
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const field = fieldOf(unknown === undefined ? path : [...path, unknown]);
  const value = valueAt(input, path);
  if (unknown !== undefined) return refusedFor(field, 'is not known', 'the fields that /openapi.json names');
  const is = value === undefined ? 'is missing' : `${cut(shown(value))} is not allowed`;
  return refusedFor(field, is, allowedBy(issue));
}

function refusedFor(field: string, is: string, allowed: string): Refused {
  return new Refused(422, 'INVALID_ARGUMENT', `${field}: ${is}; allowed: ${allowed}`, { field });
}

/** `messages[0].role`; `body` for the whole. */
function fieldOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'body' : path.map(fieldStep).join('').replace(/^\./, '');
}

/** Of alternatives the one that fits furthest; its issue with the whole path. */
function closest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  let best: Issue | undefined;
  for (const [inner] of issue.errors) {
    if (inner === undefined) continue;
    const found = closest({ ...inner, path: [...issue.path, ...inner.path] });
    if (best === undefined || found.path.length > best.path.length) best = found;
  }
  return best === undefined || best.path.length === issue.path.length ? issue : best;
}

function allowedBy(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.map((value) => shown(value)).join(', ');
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.pattern === undefined
        ? `a text of the form ${issue.format}`
        : `a text like ${issue.pattern}`;
    case 'invalid_union':
      return alternativesOf(issue);
    case 'invalid_key':
      return 'a name of the form that /openapi.json names';
    default:
      return issue.message;
  }
}

function alternativesOf(issue: Extract<Issue, { readonly code: 'invalid_union' }>): string {
  const words = issue.errors.flatMap(([inner]) => (inner === undefined ? [] : [allowedBy(closest(inner))]));
  return words.length === 0 ? 'one of the forms that /openapi.json names' : [...new Set(words)].join(', or ');
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

function unitOf(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '';
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

const cut = (text: string): string => (text.length > shownMax ? `${text.slice(0, shownMax)}…` : text);
