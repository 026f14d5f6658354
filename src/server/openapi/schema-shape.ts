/** A JSON Schema as a reader sees it: the shape of the values, one field a line. Names of other schemas stand behind `_ref_`. */
import type { JsonSchema } from './document.ts';

export function shapeOf(schema: JsonSchema, indent = ''): string {
  const { $ref: ref, description } = schema;
  if (typeof ref === 'string') return `_ref_${ref.split('/').at(-1)}`;
  const shape = plainShape(schema, indent);
  return indent === '' && typeof description === 'string' ? `${shape}  // ${description}` : shape;
}

function plainShape(schema: JsonSchema, indent: string): string {
  const { const: constant, enum: values, type } = schema;
  const alternatives = schema['anyOf'] ?? schema['oneOf'];
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(' | ');
  if (Array.isArray(alternatives))
    return (alternatives as JsonSchema[]).map((one) => shapeOf(one, `${indent} `)).join(' | ');
  const all = schema['allOf'];
  if (Array.isArray(all)) return (all as JsonSchema[]).map((one) => shapeOf(one, `${indent} `)).join(' & ');
  if (Array.isArray(type))
    return (type as string[]).map((one) => plainShape({ ...schema, type: one }, indent)).join(' | ');
  if (type === 'array') return `[${shapeOf((schema['items'] ?? {}) as JsonSchema, `${indent} `)}, …]`;
  if (type === 'object' || schema['properties'] !== undefined) return objectShape(schema, indent);
  return `${typeof type === 'string' ? type : 'any'}${limitsOf(schema)}`;
}

function objectShape(schema: JsonSchema, indent: string): string {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>);
  const required = new Set((schema['required'] ?? []) as string[]);
  const inner = `${indent}  `;
  const lines = properties.map(([name, one]) => {
    const { description } = one;
    const note = typeof description === 'string' ? `  // ${description}` : '';
    return `${inner}${name}${required.has(name) ? '' : '?'}: ${shapeOf(one, inner)}${note}`;
  });
  const more = schema['additionalProperties'];
  if (typeof more === 'object' && more !== null)
    lines.push(`${inner}[name]: ${shapeOf(more as JsonSchema, inner)}`);
  return lines.length === 0 ? 'object' : `{\n${lines.join('\n')}\n${indent}}`;
}

function limitsOf(schema: JsonSchema): string {
  const words = [
    ['minimum', '≥'],
    ['exclusiveMinimum', '>'],
    ['maximum', '≤'],
    ['exclusiveMaximum', '<'],
    ['minLength', 'length ≥'],
    ['maxLength', 'length ≤'],
    ['default', 'default'],
  ].flatMap(([keyword, word]) =>
    schema[keyword!] === undefined || Math.abs(Number(schema[keyword!])) === Number.MAX_SAFE_INTEGER
      ? []
      : [`${word} ${JSON.stringify(schema[keyword!])}`],
  );
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}
