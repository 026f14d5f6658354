/** The source text of the typed client's operations and types (src/client/api.ts), made from the document alone: the same document makes the same text. */
import type { ApiDocument, ApiOperation, ApiParameter, JsonSchema } from './document.ts';

export function clientSource(document: ApiDocument): string {
  const schemas = Object.entries(document.components.schemas).sort(byName);
  const operations = Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
    )
    .sort((a, b) => compare(a.operation.operationId, b.operation.operationId));
  return [
    '/** The operations of the API and their types. Made from the OpenAPI document by `npm run client`, and never edited. */',
    "import type { OperationRoute } from './client.ts';",
    ...(operations.some(({ operation }) => answerOf(operation).kind === 'events')
      ? ["import type { ServerEvent } from './event-stream.ts';"]
      : []),
    '',
    ...schemas.flatMap(([name, schema]) => [
      ...commentOf(schema),
      `export type ${name} = ${typeOf(schema)};`,
      '',
    ]),
    '/** What each operation is given, and what it answers. */',
    'export interface Operations {',
    ...operations.flatMap(operationType),
    '}',
    '',
    'export const operations = {',
    ...operations.flatMap(operationRoute),
    '} as const satisfies Record<keyof Operations, OperationRoute>;',
    '',
  ].join('\n');
}

interface Placed {
  readonly method: string;
  readonly path: string;
  readonly operation: ApiOperation;
}

// ---- Operations -------------------------------------------------------------------------------------------------------------

function operationType({ operation }: Placed): string[] {
  const { operationId, summary, parameters = [], requestBody } = operation;
  const fields = parameters.map(
    (parameter) =>
      `readonly ${argumentOf(parameter)}${parameter.required === true ? '' : '?'}: ${typeOf(parameter.schema)}`,
  );
  const body = requestBody?.content['application/json']?.schema;
  if (body !== undefined)
    fields.push(`readonly body${requestBody?.required === true ? '' : '?'}: ${typeOf(body)}`);
  return [
    ...(summary === undefined ? [] : [`  /** ${summary.replaceAll('*/', '* /')}. */`]),
    `  readonly ${operationId}: {`,
    `    readonly arguments: ${fields.length === 0 ? 'Readonly<Record<string, never>>' : `{ ${fields.join('; ')} }`};`,
    `    readonly answer: ${answerOf(operation).type};`,
    '  };',
  ];
}

function operationRoute({ method, path, operation }: Placed): string[] {
  const { operationId, parameters = [] } = operation;
  const placed = (place: ApiParameter['in']): string => {
    const named = parameters.filter((parameter) => parameter.in === place);
    const pairs = named.map((parameter) => `${argumentOf(parameter)}: ${quoted(parameter.name)}`);
    return pairs.length === 0 ? '' : ` ${place === 'query' ? 'query' : 'headers'}: { ${pairs.join(', ')} },`;
  };
  const { kind } = answerOf(operation);
  return [
    `  ${operationId}: { method: ${quoted(method.toUpperCase())}, path: ${quoted(path)},${placed('query')}${placed('header')} answer: ${quoted(kind)} },`,
  ];
}

/** `Last-Event-ID` → `lastEventId`, `max_steps` → `maxSteps`; parameters of the path keep the name that the path has. */
function argumentOf({ name, in: place }: ApiParameter): string {
  if (place === 'path') return name;
  const words = name.split(/[^a-zA-Z0-9]+/).filter((word) => word !== '');
  return words
    .map((word, index) =>
      index === 0
        ? word.charAt(0).toLowerCase() + (place === 'header' ? word.slice(1).toLowerCase() : word.slice(1))
        : word.charAt(0).toUpperCase() + word.slice(1).toLowerCase(),
    )
    .join('');
}

/** Of a path with several kinds of answers the JSON one. */
function answerOf({ responses }: ApiOperation): { readonly kind: string; readonly type: string } {
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  const contents = good.map(([, { content = {} }]) => content);
  const schemas = contents.flatMap((content): JsonSchema[] => {
    const schema = content['application/json']?.schema;
    return schema === undefined ? [] : [schema];
  });
  if (schemas.length > 0)
    return { kind: 'json', type: [...new Set(schemas.map((schema) => typeOf(schema)))].join(' | ') };
  const types = contents.flatMap((content) => Object.keys(content));
  if (types.includes('text/event-stream')) return { kind: 'events', type: 'ServerEvent' };
  return types.length > 0 ? { kind: 'text', type: 'string' } : { kind: 'none', type: 'undefined' };
}

// ---- Types -------------------------------------------------------------------------------------------------------------------

function typeOf(schema: JsonSchema): string {
  const { $ref: ref, const: constant, enum: values, type } = schema;
  if (typeof ref === 'string') return ref.split('/').at(-1)!;
  if (constant !== undefined) return literal(constant);
  if (Array.isArray(values)) return values.map(literal).join(' | ');
  const alternatives = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(alternatives)) return unionOf((alternatives as JsonSchema[]).map(typeOf));
  const all = schema['allOf'];
  if (Array.isArray(all)) {
    const own = schema['properties'] === undefined ? [] : [objectType(schema)];
    return [...(all as JsonSchema[]).map(typeOf), ...own].map(grouped).join(' & ');
  }
  if (Array.isArray(type)) return unionOf((type as string[]).map((one) => typeOf({ ...schema, type: one })));
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return `readonly ${grouped(typeOf((schema['items'] ?? {}) as JsonSchema))}[]`;
    case 'object':
      return objectType(schema);
    default:
      return schema['properties'] === undefined ? 'unknown' : objectType(schema);
  }
}

function objectType(schema: JsonSchema): string {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>);
  const required = new Set((schema['required'] ?? []) as string[]);
  const fields = properties.map(
    ([name, one]) => `readonly ${key(name)}${required.has(name) ? '' : '?'}: ${typeOf(one)}`,
  );
  const more = schema['additionalProperties'];
  const values = typeof more === 'object' && more !== null ? typeOf(more as JsonSchema) : 'unknown';
  if (fields.length > 0) return `{ ${fields.join('; ')} }`;
  return `{ readonly [name: string]: ${values} }`;
}

const unionOf = (types: readonly string[]): string => [...new Set(types)].join(' | ');

/** What stands within another type. */
const grouped = (type: string): string =>
  / [|&] /.test(type) || type.startsWith('readonly ') ? `(${type})` : type;

const literal = (value: unknown): string =>
  typeof value === 'string' ? quoted(value) : JSON.stringify(value);

const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name));

function commentOf({ description }: JsonSchema): string[] {
  return typeof description === 'string' ? [`/** ${description.replaceAll('*/', '* /')} */`] : [];
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => compare(a, b);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
