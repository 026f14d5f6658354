/** Refusals in the form that clients of OpenAI's API know. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';

import { refusedOf, tellHeaders, type Refused } from '../errors.ts';
import type { ModelFailure } from '../../kernel/syscalls.ts';

export const chatRefusal = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
  })
  .openapi('ChatRefusal', {
    example: {
      error: {
        message: 'n: 2 is not allowed; allowed: 1',
        type: 'invalid_request_error',
        param: 'n',
        code: null,
      },
    },
  });

export type ChatStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 502 | 503 | 504;

/** Thrown where a model call has come to nothing. */
export class ChatRefused extends Error {
  override readonly name = 'ChatRefused';
  readonly status: ChatStatus;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
  /** s */
  readonly retryAfter: number | undefined;

  constructor(
    status: ChatStatus,
    type: string,
    code: string | null,
    message: string,
    more: { readonly param?: string; readonly retryAfter?: number | undefined } = {},
  ) {
    super(message);
    this.status = status;
    this.type = type;
    this.code = code;
    this.param = more.param ?? null;
    this.retryAfter = more.retryAfter;
  }
}

/** `id`: under which the log has an error that nobody has foreseen. */
export function chatAnswerOf(context: Context, error: unknown, id: string): Response {
  const refused = chatRefusedOf(error, id);
  const { status, retryAfter } = refused;
  if (error instanceof ChatRefused) {
    if (retryAfter !== undefined) context.header('Retry-After', String(retryAfter));
  } else tellHeaders(context, refusedOf(error));
  return context.json(chatErrorBody(refused), status);
}

export function chatErrorBody({ message, type, param, code }: ChatRefused): z.infer<typeof chatRefusal> {
  return { error: { message, type, param, code } };
}

export function chatRefusedOf(error: unknown, id: string): ChatRefused {
  if (error instanceof ChatRefused) return error;
  const refused = refusedOf(error);
  const { status, message, field, retryAfter } = refused;
  const more = { retryAfter, ...(field === undefined ? {} : { param: field }) };
  const [type, code] = kindOf(refused);
  // Bad input is a 400 there, whatever is wrong with it.
  const told = status === 422 ? 400 : status;
  return new ChatRefused(told, type, code, status === 500 ? `${message} (${id})` : message, more);
}

function kindOf({ status, code }: Refused): readonly [type: string, code: string | null] {
  if (status === 401) return ['invalid_request_error', 'invalid_api_key'];
  if (status === 429) return ['requests', 'rate_limit_exceeded'];
  if (status >= 500) return ['server_error', null];
  return ['invalid_request_error', code === 'INVALID_ARGUMENT' ? null : code.toLowerCase()];
}

/** Why a call gave no answer, by the kernel's code. */
export function failedCall(code: string, message: string, failure: ModelFailure | undefined): ChatRefused {
  switch (code) {
    case 'BUDGET_EXHAUSTED':
    case 'BUDGET_EXCEEDED':
      return new ChatRefused(429, 'insufficient_quota', 'insufficient_quota', message);
    case 'CONTEXT_TOO_LARGE':
    case 'WINDOW_EXCEEDED':
      return new ChatRefused(400, 'invalid_request_error', 'context_length_exceeded', message, {
        param: 'messages',
      });
    case 'INVALID_ARGUMENT':
    case 'UNKNOWN_ENGINE':
      return new ChatRefused(400, 'invalid_request_error', null, message);
    case 'MODEL_TIMEOUT':
      return new ChatRefused(504, 'server_error', 'timeout', message);
    default:
      return byStatus(code, message, failure);
  }
}

/** What the model's server refused the client is told as its own; what it refused this server is not the client's to mend. */
function byStatus(code: string, message: string, failure: ModelFailure | undefined): ChatRefused {
  const { status, retryAfterUs } = failure ?? {};
  if (status === 429) {
    const retryAfter = retryAfterUs === undefined ? undefined : Math.ceil(retryAfterUs / 1e6);
    return new ChatRefused(429, 'requests', 'rate_limit_exceeded', message, { retryAfter });
  }
  if (status === 400 || status === 413 || status === 422)
    return new ChatRefused(400, 'invalid_request_error', null, message);
  return new ChatRefused(502, 'server_error', code.toLowerCase(), message);
}
