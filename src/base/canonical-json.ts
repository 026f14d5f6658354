/**
 * One text for one JSON value: no spaces, members sorted by the UTF-16 code units of their names, numbers and strings
 * as JSON.stringify writes them. Two values are equal exactly when their texts are; hashes and the audit chain rest on it.
 *
 * Source: RFC 8785, "JSON Canonicalization Scheme". Departs from it: a lone surrogate is written as its escape, not refused.
 */

/** Above any sensible value, below what the call stack bears. */
const DEPTH_MAX = 1000;

/**
 * Takes null, booleans, strings, finite numbers, arrays and plain objects; members that are undefined are skipped.
 * Throws TypeError, naming the place, for anything else: what JSON can't hold would get lost without a word.
 */
export function canonicalJson(value: unknown): string {
  return isCanonical(value, 0) ? JSON.stringify(value) : write(value, []);
}

/** Whether JSON.stringify writes this text by itself, and several times as fast: the members of all objects stand in order. False for what has none. */
function isCanonical(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return typeof value === 'string' || typeof value === 'boolean';
  if (value === null) return true;
  if (depth >= DEPTH_MAX) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++)
      if (!isCanonical(value[index], depth + 1)) return false;
    return true;
  }
  if (!isPlain(value)) return false;
  let last: string | undefined;
  for (const name in value) {
    if (last !== undefined && name < last) return false;
    if (!isCanonical((value as Readonly<Record<string, unknown>>)[name], depth + 1)) return false;
    last = name;
  }
  return true;
}

/** `path` leads from the outermost value to this one; it is shared by all and restored on the way out. */
function write(value: unknown, path: (string | number)[]): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw notJson(String(value), path);
      return String(value); // -0 is written 0
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (path.length >= DEPTH_MAX)
        throw notJson(`nesting deeper than ${DEPTH_MAX}, or a cycle`, path.slice(0, 10));
      return Array.isArray(value) ? writeArray(value, path) : writeObject(value, path);
    case 'undefined':
    case 'function':
    case 'symbol':
    case 'bigint':
      throw notJson(value === undefined ? 'undefined' : `a ${typeof value}`, path);
  }
}

function writeArray(items: readonly unknown[], path: (string | number)[]): string {
  let text = '[';
  for (let index = 0; index < items.length; index++) {
    path.push(index);
    text += (index === 0 ? '' : ',') + write(items[index], path);
    path.pop();
  }
  return `${text}]`;
}

function writeObject(value: object, path: (string | number)[]): string {
  if (!isPlain(value)) throw notJson(`an instance of ${value.constructor?.name ?? 'a class'}`, path);
  const members = value as Readonly<Record<string, unknown>>;
  let text = '{';
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member === undefined) continue;
    path.push(name);
    text += `${text === '{' ? '' : ','}${JSON.stringify(name)}:${write(member, path)}`;
    path.pop();
  }
  return `${text}}`;
}

/** Made by a literal, JSON.parse or Object.create(null), in this or another realm (so Object.prototype can't be compared). */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function notJson(what: string, path: readonly (string | number)[]): TypeError {
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return new TypeError(`not JSON: ${what} at $${place}`);
}
