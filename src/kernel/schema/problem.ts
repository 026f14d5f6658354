/** What is wrong with a tool call's arguments, in one line that the model which made the call can act on. */
import type { z } from 'zod';

import { messageOf } from '../errors.ts';
import type { Json } from '../ids.ts';
import { show } from './keywords.ts';
import type { ArgumentSchema } from './types.ts';

/** Undefined when the arguments fit; else `arguments.city: 7 is not allowed; allowed: text`, for the first field that doesn't. */
export function problemOf(schema: ArgumentSchema, args: Json): string | undefined {
  const flaw = notJson(args, 'arguments');
  return flaw ?? mismatchOf(schema, args, 'arguments');
}

/** The same of a value that is JSON; `name`: what it is called. */
export function mismatchOf(schema: ArgumentSchema, value: Json, name: string): string | undefined {
  const { error } = schema.type.safeParse(value);
  const [issue] = error?.issues ?? [];
  if (issue === undefined) return undefined;
  const { path, allowed } = closest(issue);
  const found = valueAt(value, path);
  const what = found === undefined ? 'missing' : `${show(found)} is not allowed`;
  return `${name}${path.map(fieldStep).join('')}: ${what}; allowed: ${cut(allowed)}`;
}

/** Of many alternatives the first are told. */
const cut = (allowed: string): string =>
  allowed.length > ALLOWED_MAX ? `${allowed.slice(0, ALLOWED_MAX)}…` : allowed;
const ALLOWED_MAX = 1_000;

/** Levels of nesting; deeper ones could exhaust the stack of a schema that contains itself. */
const DEPTH_MAX = 64;
/** Values along all paths: a list that stands twice in a list that stands twice …, 64 levels deep, would never be walked to its end. */
const VALUES_MAX = 1_000_000;

/** One step of a path: `.city`, `[0]`, `["a b"]`. */
export function fieldStep(key: PropertyKey): string {
  if (typeof key === 'number') return `[${key}]`;
  const name = String(key);
  return /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly allowed: string;
}

/** Of alternatives none of which fits, the one that came farthest into the value is what the caller meant; all, if several did. */
function closest(issue: z.core.$ZodIssue): Problem {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0)
    return { path: issue.path, allowed: issue.message };
  const problems = issue.errors.flatMap(([first]) => (first === undefined ? [] : [closest(first)]));
  const depth = Math.max(...problems.map(({ path }) => path.length));
  const best = problems.filter(({ path }) => path.length === depth);
  const [only] = best;
  if (best.length === 1 && only !== undefined)
    return { path: [...issue.path, ...only.path], allowed: only.allowed };
  const words = best.map(({ path, allowed }) => {
    const field = path.map(fieldStep).join('').replace(/^\./, '');
    return field === '' ? allowed : `${field}: ${allowed}`;
  });
  return { path: issue.path, allowed: [...new Set(words)].join(', or ') };
}

/** Undefined for a field that isn't there. */
function valueAt(args: Json, path: readonly PropertyKey[]): unknown {
  let value: unknown = args;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/**
 * A program may hand over what no JSON can hold: a number that is not finite, a cycle, an instance of a class. Undefined when it is JSON, of a
 * size that can be walked; else one line that names the place. Never throws.
 */
export function notJson(value: unknown, field: string): string | undefined {
  try {
    if (leftAfter(value, VALUES_MAX, 0) >= 0) return undefined;
    const walk: Walk = { path: [], left: VALUES_MAX };
    const flaw = flawOf(value, walk);
    return flaw === undefined ? undefined : `${field}${walk.path.map(fieldStep).join('')}: ${flaw}`;
  } catch (error) {
    // A getter's.
    return `${field}: cannot be read (${messageOf(error)}); allowed: JSON`;
  }
}

/** `path` leads to the value that is looked at, and stays where a flaw is found; `left` is how many more values there may be. */
interface Walk {
  path: PropertyKey[];
  left: number;
}

const FLAWED = -1;

/** How many of `left` values may still come after those of `value`; FLAWED where `flawOf` finds a flaw: it looks for the place, which mostly nobody asks for. */
function leftAfter(value: unknown, left: number, depth: number): number {
  let rest = left - 1;
  if (rest < 0 || depth > DEPTH_MAX) return FLAWED;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return rest;
  if (typeof value === 'number') return Number.isFinite(value) ? rest : FLAWED;
  if (typeof value !== 'object') return FLAWED;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && rest >= 0; index++)
      rest = leftAfter(value[index], rest, depth + 1);
    return rest;
  }
  if (!isPlain(value)) return FLAWED;
  // Not Object.keys, which makes a list; an inherited name, which JSON has not, is flawOf's to judge.
  for (const key in value) {
    const part = (value as Record<string, unknown>)[key];
    if (part !== undefined) rest = leftAfter(part, rest, depth + 1);
    if (rest < 0) return FLAWED;
  }
  return rest;
}

function flawOf(value: unknown, walk: Walk): string | undefined {
  const { path } = walk;
  if (--walk.left < 0) return whole(walk, `too many values; allowed: at most ${VALUES_MAX}`);
  if (path.length > DEPTH_MAX) return whole(walk, `too deeply nested; allowed: at most ${DEPTH_MAX} levels`);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : `${value} is not allowed; allowed: a finite number`;
  if (typeof value !== 'object') return `${typeof value} is not allowed; allowed: JSON`;
  const isList = Array.isArray(value);
  if (!isList && !isPlain(value)) return 'an instance of a class is not allowed; allowed: JSON';
  for (const [key, part] of isList ? value.entries() : Object.entries(value)) {
    if (part === undefined && !isList) continue; // a field that isn't there
    path.push(key);
    const flaw = flawOf(part, walk);
    if (flaw !== undefined) return flaw;
    path.pop();
  }
  return undefined;
}

/** A flaw of the whole value, not of the place at which it showed. */
function whole(walk: Walk, flaw: string): string {
  walk.path = [];
  return flaw;
}

/** Made by a literal, JSON.parse or Object.create(null), in this or another realm (so Object.prototype can't be compared). */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
