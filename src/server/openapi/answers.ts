/** The answers of a route, as its definition names them. */
import type { z } from '@hono/zod-openapi';

import { refusal, type RefusalStatus } from '../errors.ts';

interface JsonAnswer<Schema extends z.ZodType> {
  readonly description: string;
  readonly content: { readonly 'application/json': { readonly schema: Schema } };
}

export function jsonAnswer<Schema extends z.ZodType>(
  description: string,
  schema: Schema,
): JsonAnswer<Schema> {
  return { description, content: { 'application/json': { schema } } };
}

/** A body that must be there. */
export function jsonBody<Schema extends z.ZodType>(
  schema: Schema,
): { readonly required: true; readonly content: JsonAnswer<Schema>['content'] } {
  return { required: true, content: { 'application/json': { schema } } };
}

/**
 * What a route refuses by itself, each with its reason. What every route may be refused with (no token, too many requests, a body that is no JSON, and so on) the document says by
 * itself.
 */
export function refusals<Statuses extends Partial<Record<RefusalStatus, string>>>(
  reasons: Statuses,
): { readonly [Status in keyof Statuses]: JsonAnswer<typeof refusal> } {
  return Object.fromEntries(
    Object.entries(reasons).map(([status, reason]) => [status, jsonAnswer(reason, refusal)]),
  ) as { readonly [Status in keyof Statuses]: JsonAnswer<typeof refusal> };
}
