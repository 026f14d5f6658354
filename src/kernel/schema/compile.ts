/**
 * A tool's JSON Schema (drafts 7 to 2020-12) as a check of its arguments, built from the validator library's types.
 *
 * The library's own conversion is not used: it skips in silence what it cannot express in a place (keywords without a `type`, a
 * required name without a property, a closed object beside `anyOf`), and some of its formats need the platform's URL. A tool whose
 * arguments are checked in part is worse than one that is refused: here every known keyword is enforced, or refused with its path.
 * Unknown keywords and formats are annotations, as the standard says. The library's object type is not used either: it generates
 * code, and it takes inherited names such as `toString` for fields.
 */
import { z } from 'zod';

import type { Json } from '../ids.ts';
import { checkKeyword, isObject, keywordsOf, patternOf, refuse, typeNames } from './keywords.ts';
import type { JsonObject, TypeName } from './keywords.ts';
import { fieldStep } from './problem.ts';
import * as types from './types.ts';
import type { ArgumentSchema } from './types.ts';

/** Throws KernelError INVALID_ARGUMENT for what is no schema or uses a keyword that cannot be enforced; `path` leads to it. */
export function compileSchema(schema: Json, path: string): ArgumentSchema {
  return new Compiler(schema, path).compile();
}

/** Levels of nesting; a deeper schema is refused, so that none exhausts the stack. */
const DEPTH_MAX = 64;

/**
 * References that one check of arguments follows at most. Where a schema that contains itself offers alternatives, each level of the arguments may be looked at once for each of them:
 * 20 levels a million times.
 */
const REFERENCES_MAX = 20_000;

/** Where a schema stands. `links` collects the references that apply to the same value as it. */
interface Place {
  readonly path: string;
  readonly depth: number;
  readonly links: Set<string>;
}

class Compiler {
  readonly #root: Json;
  readonly #path: string;
  /** By pointer; undefined while the target is being compiled. */
  readonly #targets = new Map<string, ArgumentSchema | undefined>();
  readonly #links = new Map<string, Set<string>>();
  /** References that the check under way may still follow. */
  #left = 0;

  constructor(root: Json, path: string) {
    this.#root = root;
    this.#path = path;
  }

  compile(): ArgumentSchema {
    const compiled = this.#schema(this.#root, { path: this.#path, depth: 0, links: new Set() });
    const circle = [...this.#links.keys()].find((pointer) => this.#reaches(pointer, pointer, new Set()));
    if (circle !== undefined) refuse(`${this.#path}: $ref`, circle, 'one that does not lead back to itself');
    return this.#links.size === 0 ? compiled : this.#bounded(compiled);
  }

  /** Whatever `not` and `if` make of alternatives that were not looked at: too many are a no. */
  #bounded(schema: ArgumentSchema): ArgumentSchema {
    const type = z.unknown().check((payload) => {
      this.#left = REFERENCES_MAX;
      types.run(schema, payload, [], payload.value);
      if (this.#left >= 0) return;
      payload.issues.splice(0);
      types.complain(payload, [], payload.value, 'arguments that are smaller, or less deeply nested');
    });
    return { type, allowed: schema.allowed };
  }

  #schema(schema: Json, place: Place): ArgumentSchema {
    if (place.depth > DEPTH_MAX) refuse(place.path, '…', `at most ${DEPTH_MAX} levels`);
    if (typeof schema === 'boolean') return schema ? types.anything : types.nothing;
    if (!isObject(schema)) refuse(place.path, schema, 'a schema: an object, true or false');
    for (const [keyword, value] of Object.entries(schema)) checkKeyword(keyword, value, place.path);
    return types.all([...this.#ofValue(schema, place), ...this.#combined(schema, place)]);
  }

  /** `enum` and `const`; `type`, and the keywords that are about one type and leave values of others alone. */
  *#ofValue(schema: JsonObject, place: Place): Generator<ArgumentSchema> {
    const lists = (schema['enum'] === undefined ? [] : [schema['enum']]) as Json[][];
    if (schema['const'] !== undefined) lists.push([schema['const']]);
    yield* lists.map(types.oneOfValues);
    const detailed = typeNames.filter((name) =>
      keywordsOf[name].some((keyword) => schema[keyword] !== undefined),
    );
    if (schema['type'] === undefined) {
      if (detailed.length > 0) yield this.#ofTypes(typeNames, detailed, schema, place);
      return;
    }
    const names = [schema['type']].flat() as TypeName[];
    const isOfSome = (value: Json): boolean => names.some((name) => types.isOfType(value, name));
    // {"type": "string", "enum": ["a", "b"]}: the values say it all.
    if (detailed.length > 0 || !lists.some((values) => values.every(isOfSome))) {
      yield this.#ofTypes(names, names, schema, place);
    }
  }

  /** `named`: the types whose words describe what is allowed. */
  #ofTypes(
    names: readonly TypeName[],
    named: readonly TypeName[],
    schema: JsonObject,
    place: Place,
  ): ArgumentSchema {
    const parts = names.map((name) => [name, this.#ofType(name, schema, place)] as const);
    const words = parts.filter(([name]) => named.includes(name)).map(([, part]) => part);
    const others = named.length < names.length ? ' or a value of another type' : '';
    return types.byType(parts, types.inWords(words, ' or ') + others);
  }

  #ofType(name: TypeName, schema: JsonObject, place: Place): ArgumentSchema {
    switch (name) {
      case 'string':
        return types.stringType(schema);
      case 'number':
      case 'integer':
        return types.numberType(schema, name);
      case 'boolean':
        return { type: z.boolean({ error: 'true or false' }), allowed: 'true or false' };
      case 'null':
        return { type: z.null({ error: 'null' }), allowed: 'null' };
      case 'array':
        return this.#array(schema, place);
      case 'object':
        return this.#object(schema, place);
    }
  }

  /** References, and schemas that apply to the same value. */
  *#combined(schema: JsonObject, place: Place): Generator<ArgumentSchema> {
    const beside = (part: Json, name: string): ArgumentSchema =>
      this.#schema(part, { path: `${place.path}.${name}`, depth: place.depth + 1, links: place.links });
    const one = (keyword: string): ArgumentSchema | undefined =>
      schema[keyword] === undefined ? undefined : beside(schema[keyword], keyword);
    const list = (keyword: string): ArgumentSchema[] =>
      ((schema[keyword] ?? []) as readonly Json[]).map((part, index) => beside(part, `${keyword}[${index}]`));

    if (schema['$ref'] !== undefined) yield this.#reference(schema['$ref'] as string, place);
    yield* list('allOf');
    const any = list('anyOf');
    if (any.length > 0) yield types.anyOf(any);
    const alternatives = list('oneOf');
    if (alternatives.length > 0) yield types.exactlyOneOf(alternatives);
    const not = one('not');
    if (not !== undefined)
      yield types.refined(`anything but ${not.allowed}`, (value) => !types.matches(not, value));
    const [condition, yes, no] = [one('if'), one('then'), one('else')];
    if (condition !== undefined)
      yield types.conditional(condition, yes ?? types.anything, no ?? types.anything);
  }

  #array(schema: JsonObject, place: Place): ArgumentSchema {
    // Until draft 2019 `items` was a list, and what followed it `additionalItems`.
    const isList = Array.isArray(schema['items']);
    const [first, following] = isList ? ['items', 'additionalItems'] : ['prefixItems', 'items'];
    const prefix = ((schema[first] ?? []) as readonly Json[]).map((item, index) =>
      this.#below(item, `${first}[${index}]`, place),
    );
    return types.arrayType(schema, {
      prefix,
      others: this.#optional(following, schema, place),
      contains: this.#optional('contains', schema, place),
    });
  }

  #object(schema: JsonObject, place: Place): ArgumentSchema {
    const named = (keyword: string): (readonly [name: string, schema: ArgumentSchema])[] =>
      Object.entries((schema[keyword] ?? {}) as JsonObject).map(([name, part]) => [
        name,
        this.#below(part, `${keyword}${fieldStep(name)}`, place),
      ]);
    return types.objectType(schema, {
      properties: new Map(named('properties')),
      patterns: named('patternProperties').map(([name, part]) => [patternOf(name)!, part]),
      others: this.#optional('additionalProperties', schema, place),
      names: this.#optional('propertyNames', schema, place),
    });
  }

  #optional(keyword: string, schema: JsonObject, place: Place): ArgumentSchema | undefined {
    const part = schema[keyword];
    return part === undefined ? undefined : this.#below(part, keyword, place);
  }

  /** A schema for a part of the value. */
  #below(schema: Json, name: string, { path, depth }: Place): ArgumentSchema {
    return this.#schema(schema, { path: `${path}.${name}`, depth: depth + 1, links: new Set() });
  }

  #reference(pointer: string, { path, depth, links }: Place): ArgumentSchema {
    links.add(pointer);
    if (!this.#links.has(pointer)) {
      const target = resolve(this.#root, pointer);
      if (target === undefined)
        refuse(`${path}.$ref`, pointer, "'#', or '#/…' with the place of a schema in this one");
      const ownLinks = new Set<string>();
      this.#links.set(pointer, ownLinks);
      const targetPath = this.#path + pointer.slice(1).replaceAll('/', '.');
      this.#targets.set(
        pointer,
        this.#schema(target, { path: targetPath, depth: depth + 1, links: ownLinks }),
      );
    }
    // A schema may contain itself: its target is there when the first arguments are checked.
    const type = z.unknown().check((payload) => {
      if (--this.#left < 0) types.complain(payload, [], payload.value, 'less');
      else types.run(this.#targets.get(pointer)!, payload, [], payload.value);
    });
    return { type, allowed: this.#targets.get(pointer)?.allowed ?? `what ${pointer} allows` };
  }

  /** Whether references that apply to one and the same value lead from a target to `goal`. */
  #reaches(from: string, goal: string, seen: Set<string>): boolean {
    for (const next of this.#links.get(from) ?? []) {
      if (next === goal) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      if (this.#reaches(next, goal, seen)) return true;
    }
    return false;
  }
}

/** RFC 6901 in a URI fragment; undefined when it leads nowhere. */
function resolve(root: Json, pointer: string): Json | undefined {
  if (pointer !== '#' && !pointer.startsWith('#/')) return undefined;
  let place: Json | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const name = unescaped(part);
    if (name === undefined || typeof place !== 'object' || place === null || !Object.hasOwn(place, name))
      return undefined;
    place = (place as JsonObject)[name];
  }
  return place;
}

function unescaped(part: string): string | undefined {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return undefined; // a lone %
  }
}
