/**
 * Readers of JSON that a person wrote: each takes a field and returns its value as a type, or throws KernelError INVALID_FILE, one line with the
 * file, the path to the field, its value and what is allowed. A reader is made of readers, so that a format reads like its documentation.
 */
import { KernelError } from '../../kernel/errors.ts';
import { fieldError, fileError, jsonAt } from './fields.ts';
import { jsonErrorAt, repeatedNameAt } from './json-error.ts';

/** A value and where it stands: `agents[2].priority`; the whole document has the path ''. */
export interface Field {
  readonly file: string;
  readonly path: string;
  readonly value: unknown;
}

export type Reader<Value> = (field: Field) => Value;

/** The document of a file. `allowed`: what it should be. Throws KernelError INVALID_FILE that names line and column when the text is not JSON, or names a field twice. */
export function documentOf(file: string, text: string, allowed = 'one JSON object'): Field {
  const place = { file, at: '' };
  if (text.trim() === '') throw fileError(place, `empty; allowed: ${allowed}`);
  try {
    const value: unknown = JSON.parse(text);
    const repeated = repeatedNameAt(text);
    if (repeated === undefined) return { file, path: '', value };
    throw fileError(
      { file, at: `line ${repeated.line}` },
      `${repeated.problem} (column ${repeated.column}); allowed: each name once`,
    );
  } catch (error) {
    if (error instanceof KernelError) throw error;
    const found = jsonErrorAt(text);
    if (found === undefined) return { file, path: '', value: jsonAt(place, text) };
    throw fileError(
      { file, at: `line ${found.line}` },
      `not JSON (${found.problem}, column ${found.column}); allowed: ${allowed}`,
    );
  }
}

/** What is wrong with `field`; thrown by the caller. */
export function refused({ file, path, value }: Field, allowed: string): KernelError {
  return fieldError({ file, at: '' }, path === '' ? 'document' : path, value, allowed);
}

/** The field below `field`; its value is undefined when there is none. */
export function below({ file, path, value }: Field, name: string | number): Field {
  const step = typeof name === 'number' ? `[${name}]` : path === '' ? name : `.${name}`;
  return { file, path: path + step, value: (value as Readonly<Record<string | number, unknown>>)[name] };
}

export const anyJson: Reader<unknown> = ({ value }) => value;

export function text(allowed = 'a text', isAllowed: (text: string) => boolean = () => true): Reader<string> {
  return (field) => {
    if (typeof field.value !== 'string' || !isAllowed(field.value)) throw refused(field, allowed);
    return field.value;
  };
}

/** A text of at least one character. */
export const name = text('a text of at least one character', (value) => value !== '');

export const yesOrNo: Reader<boolean> = (field) => {
  if (typeof field.value !== 'boolean') throw refused(field, 'true or false');
  return field.value;
};

/** Both bounds are allowed. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Reader<number> {
  const allowed =
    max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;
  return (field) => {
    const { value } = field;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
      throw refused(field, allowed);
    return value;
  };
}

/** A finite number; both bounds are allowed. */
export function number(min: number, max = Infinity): Reader<number> {
  const allowed = max === Infinity ? `a finite number of at least ${min}` : `a number from ${min} to ${max}`;
  return numberThat(allowed, (value) => value >= min && value <= max);
}

export function numberAbove(min: number, max = Infinity): Reader<number> {
  const allowed = `a finite number above ${min}${max === Infinity ? '' : `, at most ${max}`}`;
  return numberThat(allowed, (value) => value > min && value <= max);
}

function numberThat(allowed: string, isAllowed: (value: number) => boolean): Reader<number> {
  return (field) => {
    const { value } = field;
    if (typeof value !== 'number' || !Number.isFinite(value) || !isAllowed(value))
      throw refused(field, allowed);
    return value;
  };
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]): Reader<Choice> {
  return (field) => {
    const found = choices.find((choice) => choice === field.value);
    if (found === undefined) throw refused(field, choices.join(', '));
    return found;
  };
}

/** A time in µs: an integer, or a number with its unit such as `"250ms"`, `"60s"`, `"5m"`, `"1.5h"`. */
export function timeUs(minUs: number): Reader<number> {
  const allowed = `a time ${minUs === 0 ? 'of at least 0' : 'above 0'}: an integer of µs, or a text such as "100ms", "60s", "5m", "2h"`;
  return (field) => {
    const us = typeof field.value === 'string' ? spelledUs(field.value) : field.value;
    if (typeof us !== 'number' || !Number.isSafeInteger(us) || us < minUs || us > longestUs)
      throw refused(field, allowed);
    return us;
  };
}

/** 100 years: sums of a few such times stay exact integers. */
const longestUs = 3_153_600_000_000_000;
const unitsUs: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
};

function spelledUs(spelled: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(spelled) ?? [];
  return Math.round(Number(digits) * (unitsUs[unit] ?? Number.NaN));
}

/** `least`: how many items there must be. */
export function list<Item>(item: Reader<Item>, least = 0): Reader<readonly Item[]> {
  return (field) => {
    const { value } = field;
    if (!Array.isArray(value) || value.length < least)
      throw refused(field, least === 0 ? 'a list' : `a list of at least ${least}`);
    return value.map((_, index) => item(below(field, index)));
  };
}

/** Any names, each with a value of one kind. */
export function record<Value>(item: Reader<Value>): Reader<Readonly<Record<string, Value>>> {
  return (field) =>
    Object.fromEntries(namesOf(field, 'an object').map((key) => [key, item(below(field, key))]));
}

type Readers = Readonly<Record<string, Reader<unknown>>>;
type Read<Fields extends Readers> = { readonly [Key in keyof Fields]: ReturnType<Fields[Key]> };

/** An object with these fields and no others. What is left out is left out of the result. */
export function object<const Required extends Readers, const Optional extends Readers>(
  required: Required,
  optional: Optional,
): Reader<Read<Required> & Partial<Read<Optional>>> {
  const readers = new Map(Object.entries({ ...required, ...optional }));
  const known = [...readers.keys()].join(', ');
  return (field) => {
    for (const key of namesOf(field, `an object with the fields ${known}`)) {
      const extra = below(field, key);
      if (!readers.has(key))
        throw fieldError({ file: field.file, at: '' }, `${extra.path}: unknown field`, extra.value, known);
    }
    const read: [string, unknown][] = [];
    for (const [key, reader] of readers) {
      const inner = below(field, key);
      if (inner.value !== undefined || Object.hasOwn(required, key)) read.push([key, reader(inner)]);
    }
    return Object.fromEntries(read) as Read<Required> & Partial<Read<Optional>>;
  };
}

/** An object of one of several kinds, told by its field `tag`; the readers see the tag, too. */
export function tagged<Value>(tag: string, kinds: Readonly<Record<string, Reader<Value>>>): Reader<Value> {
  const byKind = new Map(Object.entries(kinds));
  const choose = oneOf([...byKind.keys()]);
  return (field) => {
    namesOf(field, `an object with the field ${tag}`);
    return byKind.get(choose(below(field, tag)))!(field);
  };
}

function namesOf(field: Field, allowed: string): string[] {
  const { value } = field;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused(field, allowed);
  return Object.keys(value);
}
