/** What is wrong with a tool call's arguments, in one line that the model which made the call can act on. */
import type { z } from 'zod';

import type { Json } from '../ids.ts';
import { show } from './keywords.ts';
import type { ArgumentSchema } from './types.ts';

/** Undefined when the arguments fit; else `arguments.city: 7 is not allowed; allowed: text`, for the first field that doesn't. */
export function problemOf(schema: ArgumentSchema, args: Json): string | undefined {
  const flaw = notJson(args, 'arguments', 0);
  if (flaw !== undefined) return flaw;
  const { error } = schema.type.safeParse(args);
  const [issue] = error?.issues ?? [];
  if (issue === undefined) return undefined;
  const { path, allowed } = closest(issue);
  const found = valueAt(args, path);
  const what = found === undefined ? 'missing' : `${show(found)} is not allowed`;
  return `arguments${path.map(fieldStep).join('')}: ${what}; allowed: ${allowed}`;
}

/** Levels of nesting in arguments; deeper ones could exhaust the stack of a schema that contains itself. */
const DEPTH_MAX = 64;

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

/** A program may hand over what no JSON can hold, a number that is not finite or a cycle. */
export function notJson(value: unknown, path: string, depth: number): string | undefined {
  if (depth > DEPTH_MAX) return `arguments: too deeply nested; allowed: at most ${DEPTH_MAX} levels`;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') {
    return Number.isFinite(value) ? undefined : `${path}: ${value} is not allowed; allowed: a finite number`;
  }
  if (typeof value !== 'object') return `${path}: ${typeof value} is not allowed; allowed: JSON`;
  for (const [key, part] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    if (part === undefined && !Array.isArray(value)) continue; // a field that isn't there
    const flaw = notJson(part, path + fieldStep(key), depth + 1);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}
