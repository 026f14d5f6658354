/** The reference answers of ../shared, and how close an answer must come. */
import { existsSync, readFileSync } from 'node:fs';

const file = new URL('../../../../shared/reference/ostep.json', import.meta.url);

export const haveReference = existsSync(file);

/** For the name of a test that is skipped without it. */
export const referenceMissing = haveReference
  ? ''
  : ' (skipped: ../shared is absent, which has answers of the OSTEP homework programs and of textbooks)';

export interface ReferenceCase {
  readonly id: string;
  readonly answer: unknown;
  readonly [field: string]: unknown;
}

/** [section] its cases. */
export function referenceSections(): ReadonlyMap<string, readonly ReferenceCase[]> {
  const book = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  return new Map(
    Object.entries(book).flatMap(([section, cases]) =>
      Array.isArray(cases) ? [[section, cases as ReferenceCase[]]] : [],
    ),
  );
}

/** Where `actual` first lacks or contradicts `expected`; undefined: nowhere. Numbers may differ by a billionth. */
export function difference(expected: unknown, actual: unknown, path = 'answer'): string | undefined {
  if (typeof expected === 'number' && typeof actual === 'number')
    return Math.abs(expected - actual) <= 1e-9 * Math.max(1, Math.abs(expected))
      ? undefined
      : `${path}: ${actual}, not ${expected}`;
  if (expected === null || typeof expected !== 'object')
    return expected === actual
      ? undefined
      : `${path}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`;
  if (actual === null || typeof actual !== 'object') return `${path}: ${JSON.stringify(actual)}`;
  if (Array.isArray(expected) && expected.length !== (actual as unknown[]).length)
    return `${path}: not ${expected.length} entries`;
  for (const [key, value] of Object.entries(expected)) {
    const found = difference(value, (actual as Record<string, unknown>)[key], `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
