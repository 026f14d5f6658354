/** The OpenAPI 3.1 document: what the routes say of themselves, with what holds for all of them. */
import type { OpenAPIHono } from '@hono/zod-openapi';

import { assert } from '../../base/assert.ts';
import type { ServerEnv } from '../caller.ts';
import type { RefusalStatus } from '../errors.ts';

/** As much of a document as is read here and by what is made from it. */
export interface ApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly tags?: readonly ApiTag[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}
interface ApiTag {
  readonly name: string;
  readonly description: string;
}

export interface ApiOperation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  /** Empty: it needs no token. Absent: as the document says. */
  readonly security?: readonly unknown[];
  readonly parameters?: readonly ApiParameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: ApiContent };
  /** By status. */
  readonly responses: Readonly<Record<string, ApiResponse>>;
}
export interface ApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly example?: unknown;
}
interface ApiResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: ApiContent;
}
/** By media type. */
export type ApiContent = Readonly<
  Record<string, { readonly schema?: JsonSchema; readonly example?: unknown; readonly examples?: unknown }>
>;
export type JsonSchema = { readonly [keyword: string]: unknown };

/** Of all routes that `app` has by now. */
export function documentOf(app: OpenAPIHono<ServerEnv>, version: string): ApiDocument {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Ring Zero',
      version,
      description: 'Drive and watch runs of agents: docs/api.md tells how.',
    },
    tags: [...tags],
    security: [{ token: [] }],
  }) as unknown as ApiDocument;
  const { components, paths, ...rest } = document;
  return {
    ...rest,
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, operations]) => [
        path,
        Object.fromEntries(
          Object.entries(operations).map(([method, operation]) => [
            method,
            completed(method, path, operation),
          ]),
        ),
      ]),
    ),
    components: { ...components, securitySchemes: { token: tokenScheme } },
  };
}

const tags: readonly ApiTag[] = [
  { name: 'traces', description: 'Runs of agents: start, go on, stop, look at' },
  { name: 'watch', description: 'Events of runs as they happen' },
  { name: 'people', description: 'Questions that agents ask, and what people say of steps' },
  { name: 'kernel', description: 'Processes, signals, budgets and the policy of the kernel' },
  { name: 'chat', description: "The kernel behind OpenAI's chat completions" },
  { name: 'server', description: 'The server itself' },
];

const tokenScheme = {
  type: 'http',
  scheme: 'bearer',
  description: 'A token of the scope read, run or admin. A server that listens on loopback may need none.',
};

// ---- What holds for every route --------------------------------------------------------------------------------------------

function completed(method: string, path: string, operation: ApiOperation): ApiOperation {
  const tag = operation.tags ?? [tagOf(path)];
  const isPost = method === 'post';
  const parameters = [...(operation.parameters ?? []), ...(isPost ? [idempotencyKey] : [])];
  const responses = { ...commonRefusals(path, operation, parameters), ...operation.responses };
  assert(operation.operationId, `${method} ${path}: no operationId`);
  return { ...operation, tags: tag, ...(parameters.length === 0 ? {} : { parameters }), responses };
}

function tagOf(path: string): string {
  if (path.startsWith('/v1/')) return 'chat';
  if (path.startsWith('/api/traces') || path === '/api/experiences') return 'traces';
  if (path.startsWith('/api/questions')) return 'people';
  return path.startsWith('/api/') ? 'kernel' : 'server';
}

const idempotencyKey: ApiParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'The same request again under the same key has the same answer, and acts once, for 24 hours; visible ASCII characters.',
  schema: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[!-~]+$' },
};

function commonRefusals(
  path: string,
  { security, requestBody }: ApiOperation,
  parameters: readonly ApiParameter[],
): Record<string, ApiResponse> {
  const told: Partial<Record<RefusalStatus, string>> = {
    ...(requestBody === undefined ? {} : bodyRefusals),
    ...(security?.length === 0 ? {} : { 401: 'no token, or none that this server knows' }),
    ...callerRefusals,
    ...(parameters.length > 0 ? { 422: 'a field is not what it may be' } : {}),
    ...(parameters.includes(idempotencyKey)
      ? { 409: 'a request under the same Idempotency-Key is under way, or was cut off by a crash' }
      : {}),
    500: 'the server failed; its log says why',
    503: 'the storage is not available, or the server is shutting down',
  };
  return Object.fromEntries(
    Object.entries(told).map(([status, description]) => [status, refusedAnswer(path, status, description)]),
  );
}

const bodyRefusals: Partial<Record<RefusalStatus, string>> = {
  400: 'the body is no JSON',
  413: 'the body is too large',
  415: 'the body is not declared as JSON',
  422: 'a field is not what it may be',
};
const callerRefusals: Partial<Record<RefusalStatus, string>> = {
  403: 'the token may not do that, or a page of another origin asks',
  429: 'too many requests, or a limit is reached',
};

function refusedAnswer(path: string, status: string, description: string): ApiResponse {
  const schema = { $ref: `#/components/schemas/${path.startsWith('/v1/') ? 'ChatRefusal' : 'Refusal'}` };
  const canWait = status === '429' || status === '503';
  return {
    description,
    ...(canWait ? { headers: { 'Retry-After': retryAfter } } : {}),
    content: { 'application/json': { schema } },
  };
}

const retryAfter = { description: 'when the same may succeed, s', schema: { type: 'integer', minimum: 0 } };
