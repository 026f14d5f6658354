/** What a request is refused with: one form for all routes. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';

import { KernelError, messageOf } from '../kernel/errors.ts';

export const refusal = z
  .object({
    error: z.object({
      code: z.string().openapi({ description: 'for programs', example: 'NOT_FOUND' }),
      message: z
        .string()
        .openapi({ description: 'one line: the field, the value and what is allowed, where it is a field' }),
      field: z.string().optional().openapi({ description: 'what is wrong, for bad input' }),
    }),
  })
  .openapi('Refusal');

export type RefusalStatus = 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503;

/** Thrown by services and routes. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: RefusalStatus;
  readonly code: string;
  readonly field: string | undefined;
  /** When the same may succeed, s. */
  readonly retryAfter: number | undefined;

  constructor(
    status: RefusalStatus,
    code: string,
    message: string,
    more: { readonly field?: string; readonly retryAfter?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = more.field;
    this.retryAfter = more.retryAfter;
  }
}

/** An error that nobody has foreseen tells the client nothing of the server's inside. */
export function answerOf(context: Context, error: unknown): Response {
  const refused = refusedOf(error);
  const { status, code, message, field, retryAfter } = refused;
  if (retryAfter !== undefined) context.header('Retry-After', String(retryAfter));
  return context.json({ error: { code, message, ...(field === undefined ? {} : { field }) } }, status);
}

export function refusedOf(error: unknown): Refused {
  if (error instanceof Refused) return error;
  if (!(error instanceof KernelError))
    return new Refused(500, 'INTERNAL', 'the server failed; its log says why');
  const { field } = error.detail;
  const message = messageOf(error);
  switch (error.code) {
    case 'STORAGE_UNAVAILABLE':
      return new Refused(503, error.code, message, { retryAfter: 1 });
    case 'STORAGE_FAILED':
      return new Refused(500, error.code, message);
    case 'LEASE_LOST':
      return new Refused(409, error.code, message);
    case 'UNKNOWN_PROCESS':
      return new Refused(404, error.code, message);
    default:
      return new Refused(422, error.code, message, typeof field === 'string' ? { field } : {});
  }
}
