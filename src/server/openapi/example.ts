/** A value that a schema allows, for whoever tries an operation: its own example, or the plainest one. */
import type { ApiDocument, JsonSchema } from './document.ts';

export function exampleOf(document: ApiDocument, schema: JsonSchema, depth = 0): unknown {
  const { $ref: ref, example, default: usual, const: constant, enum: values, type } = schema;
  if (example !== undefined) return example;
  if (usual !== undefined) return usual;
  if (constant !== undefined) return constant;
  if (Array.isArray(values)) return values[0];
  if (depth > 8) return null;
  if (typeof ref === 'string') {
    const named = document.components.schemas[ref.split('/').at(-1)!];
    return named === undefined ? null : exampleOf(document, named, depth + 1);
  }
  const alternatives = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(alternatives))
    return exampleOf(document, (alternatives as JsonSchema[])[0] ?? {}, depth + 1);
  switch (Array.isArray(type) ? (type as string[])[0] : type) {
    case 'object':
      return objectExample(document, schema, depth);
    case 'array':
      return schema['minItems'] === undefined
        ? []
        : [exampleOf(document, (schema['items'] ?? {}) as JsonSchema, depth + 1)];
    case 'string':
      return 'text';
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 1;
    case 'boolean':
      return false;
    default:
      return null;
  }
}

function objectExample(document: ApiDocument, schema: JsonSchema, depth: number): unknown {
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const required = (schema['required'] ?? []) as string[];
  return Object.fromEntries(
    required.map((name) => [name, exampleOf(document, properties[name] ?? {}, depth + 1)]),
  );
}
