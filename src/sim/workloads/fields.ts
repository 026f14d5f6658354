/** Checked reading of recorded data: what a field is not allowed to be becomes one line with file, place, field and value. */
import { KernelError } from '../../kernel/errors.ts';
import { jsonErrorAt } from './json-error.ts';

/** Where something stands: `at` is `line 17`, `trajectory 3, message 5`, or empty for the file as a whole. */
export interface Place {
  readonly file: string;
  readonly at: string;
}

/** Parsed JSON, not yet looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function fileError({ file, at }: Place, problem: string, cause?: unknown): KernelError {
  return new KernelError('INVALID_FILE', `${file}${at === '' ? '' : ` ${at}`}: ${problem}`, {
    detail: { file, at, problem },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function fieldError(place: Place, field: string, value: unknown, allowed: string): KernelError {
  if (value === undefined) return fileError(place, `${field}: missing; allowed: ${allowed}`);
  return fileError(place, `${field}: ${shown(value)} is not allowed; allowed: ${allowed}`);
}

/** The lines that are not empty, with their numbers from 1. */
export async function* numberedLines(
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<readonly [lineNumber: number, line: string]> {
  let lineNumber = 0;
  for await (const line of lines) {
    lineNumber++;
    if (line !== '') yield [lineNumber, line];
  }
}

export function jsonAt(place: Place, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fileError(place, jsonProblem(text), cause);
  }
}

export function objectAt(place: Place, field: string, value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fieldError(place, field, value, 'a JSON object');
  }
  return value as JsonObject;
}

export function arrayAt(place: Place, field: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw fieldError(place, field, value, 'a JSON array');
  return value;
}

export function stringAt(place: Place, field: string, value: unknown): string {
  if (typeof value !== 'string') throw fieldError(place, field, value, 'a string');
  return value;
}

/** From `min` (default 0) to 2^53 - 1. */
export function integerAt(place: Place, field: string, value: unknown, min = 0): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
    throw fieldError(place, field, value, `an integer from ${min} up`);
  }
  return value;
}

/** A span or point of time in units of `unitUs` µs, at least 0 and below 100 years; returned in whole µs. */
export function timeUsAt(place: Place, field: string, value: unknown, unitUs: number): number {
  const timeUs = typeof value === 'number' ? Math.round(value * unitUs) : Number.NaN;
  if (!(timeUs >= 0 && timeUs <= longestUs) || (value as number) < 0) {
    throw fieldError(place, field, value, `a number from 0 to ${longestUs / unitUs}`);
  }
  return timeUs;
}
const longestUs = 3_153_600_000_000_000; // 100 years: sums of a few stay exact

/** Short, on one line. `JSON.stringify` would call Infinity null. */
function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

/** A cut-off text is the most frequent case. Engines word and place what is wrong differently, so that it is found here. */
function jsonProblem(text: string): string {
  const end = text.trimEnd().at(-1);
  const opening = text.trimStart().at(0);
  const isCut = (opening === '{' && end !== '}') || (opening === '[' && end !== ']');
  if (isCut) return 'not a whole JSON value (the text ends too early); allowed: one JSON value';
  const found = jsonErrorAt(text);
  if (found === undefined) return 'not JSON; allowed: one JSON value';
  const { line, column, problem } = found;
  return text.includes('\n')
    ? `not JSON (${problem}, line ${line}, column ${column}); allowed: one JSON value`
    : `${shown(text)} is not JSON (${problem}, column ${column}); allowed: one JSON value`;
}
