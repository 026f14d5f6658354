/** What a request is refused with: one form for all routes. Only the routes of chat completions have another, which their clients know. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';

import { KernelError, messageOf } from '../kernel/errors.ts';

export const refusal = z
  .object({
    error: z.object({
      code: z.string().openapi({ description: 'for programs; a code never changes its meaning' }),
      message: z
        .string()
        .openapi({ description: 'one line: the field, the value and what is allowed, where it is a field' }),
      field: z.string().optional().openapi({ description: 'what is wrong, for bad input' }),
      id: z
        .string()
        .optional()
        .openapi({ description: 'when the server failed: under this name its log says why' }),
    }),
  })
  .openapi('Refusal', {
    example: {
      error: {
        code: 'INVALID_ARGUMENT',
        message: 'temperature: 9 is not allowed; allowed: at most 2',
        field: 'temperature',
      },
    },
  });

export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 503;

interface RefusalDetails {
  readonly field?: string | undefined;
  /** When the same may succeed, s. */
  readonly retryAfter?: number | undefined;
  /** Methods that the path has, for 405. */
  readonly allow?: readonly string[];
}

/** Thrown by services and routes. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: RefusalStatus;
  readonly code: string;
  readonly field: string | undefined;
  readonly retryAfter: number | undefined;
  readonly allow: readonly string[] | undefined;

  constructor(status: RefusalStatus, code: string, message: string, details: RefusalDetails = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = details.field;
    this.retryAfter = details.retryAfter;
    this.allow = details.allow;
  }
}

/** `id`: under which the log has an error that nobody has foreseen. Such an error tells the client nothing of the server's inside. */
export function answerOf(context: Context, error: unknown, id: string): Response {
  const refused = refusedOf(error);
  const { status, code, message, field } = refused;
  tellHeaders(context, refused);
  const more = { ...(field === undefined ? {} : { field }), ...(status === 500 ? { id } : {}) };
  return context.json({ error: { code, message, ...more } }, status);
}

/** What the answer says beside its body. */
export function tellHeaders(context: Context, { retryAfter, allow }: Refused): void {
  if (retryAfter !== undefined) context.header('Retry-After', String(retryAfter));
  if (allow !== undefined) context.header('Allow', allow.join(', '));
}

export function refusedOf(error: unknown): Refused {
  if (error instanceof Refused) return error;
  if (error instanceof HTTPException) return refusedByFramework(error);
  if (!(error instanceof KernelError)) return internal();
  const { field } = error.detail;
  const message = messageOf(error);
  switch (error.code) {
    case 'STORAGE_UNAVAILABLE':
      return new Refused(503, error.code, 'the storage is not available', { retryAfter: 1 });
    case 'STORAGE_FAILED':
    case 'PROGRAM_DIVERGED':
    case 'POLICY_BROKEN':
      return internal();
    case 'LEASE_LOST':
      return new Refused(409, error.code, message);
    case 'UNKNOWN_PROCESS':
      return new Refused(404, error.code, message);
    default:
      return new Refused(422, error.code, message, typeof field === 'string' ? { field } : {});
  }
}

const internal = (): Refused => new Refused(500, 'INTERNAL', 'the server failed; its log says why');

/** What is wrong with a body before any schema has seen it. */
function refusedByFramework({ status, message }: HTTPException): Refused {
  if (status === 415)
    return new Refused(
      415,
      'MEDIA_TYPE',
      'Content-Type: is not what this path takes; allowed: application/json',
    );
  if (status === 400) return new Refused(400, 'MALFORMED', 'body: is no JSON; allowed: one JSON document');
  return status === 413 ? new Refused(413, 'TOO_LARGE', message) : internal();
}
