/** What becomes of a model call that failed, from whatever its provider threw or told: a code, one clear line without secrets, and whether to ask again. */
import { isRecord } from '../../kernel/budget-limits.ts';
import { KernelError, messageOf, type ModelFailureCode } from '../../kernel/errors.ts';
import type { ModelReply } from '../../host/ports.ts';

export type FailedReply = NonNullable<ModelReply['failed']>;

/** How failures of one model server are worded. */
export interface FailureWording {
  /** Where the model is, for people. */
  readonly place: string;
  /** What must not stand in a message, however a server comes to repeat it. */
  readonly secrets: readonly string[];
  /** What to do about an HTTP status, in a few words. */
  readonly hint?: (status: number, model: string) => string | undefined;
}

/** `error`: rejected by the provider, before a stream or instead of its next part. `hasBegun`: some of the answer had come. */
export function failureOf(
  error: unknown,
  model: string,
  hasBegun: boolean,
  wording: FailureWording,
): FailedReply {
  if (error instanceof KernelError) return failed('MODEL_FAILED', error.message, false);
  const { place } = wording;
  const said = clean(saidBy(error), wording.secrets);
  if (!isCallError(error)) {
    // The provider's package could not read what the server sent.
    if (nameOf(error).startsWith('AI_'))
      return failed('MODEL_FAILED', `${place} sent what is no answer: ${said}`, true);
    if (hasBegun) return failed('STREAM_INCOMPLETE', brokenOff(place, said), true);
    return failed('MODEL_FAILED', `${place}: ${said}`, isNetworkError(error));
  }
  const { statusCode: status } = error;
  if (hasBegun) return failed('STREAM_INCOMPLETE', brokenOff(place, said), true);
  if (status === undefined) return failed('MODEL_FAILED', `${place} cannot be reached (${said})`, true);
  if (status < 300) return failed('EMPTY_STREAM', `${place} answered without any event (${said})`, true);
  const hint = wording.hint?.(status, model);
  const message = `${place} answered ${status}${said === '' ? '' : `: ${said}`}${hint === undefined ? '' : ` (${hint})`}`;
  const retryAfterUs = retryAfter(error.responseHeaders);
  return {
    code: 'MODEL_FAILED',
    message,
    failure: {
      retryable: isRetryable(status),
      status,
      ...(retryAfterUs === undefined ? {} : { retryAfterUs }),
    },
  };
}

/** `error`: told within the stream by the server, which then has said why it gives no whole answer. */
export function toldFailure(error: unknown, wording: FailureWording): FailedReply {
  const said = clean(saidBy(error), wording.secrets);
  if (nameOf(error).startsWith('AI_'))
    return failed('MODEL_FAILED', `${wording.place} sent what is no answer: ${said}`, true);
  const { code, status = code, type } = isRecord(error) ? error : {};
  const message = `${wording.place} gave up its answer: ${said}`;
  if (typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600)
    return { code: 'MODEL_FAILED', message, failure: { retryable: isRetryable(status), status } };
  // Within a stream it is mostly overload; what the request itself is to blame for is called so.
  const isOwnFault = /invalid|auth|permission|not_found|quota|context_length|content/i.test(
    `${shownName(code)} ${shownName(type)}`,
  );
  return failed('MODEL_FAILED', message, !isOwnFault);
}

/** Of a server that is busy or has failed itself, the same request may succeed later. */
function isRetryable(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** Source: RFC 9110, section 10.2.3: seconds or a date; `retry-after-ms`, which some servers send beside it, is more exact. µs from now; undefined: not told. */
export function retryAfter(
  headers: Readonly<Record<string, string>> | undefined,
  nowMs = Date.now(),
): number | undefined {
  const ms = number(headers?.['retry-after-ms']);
  if (ms !== undefined) return inUs(ms);
  const told = headers?.['retry-after'];
  const seconds = number(told);
  if (seconds !== undefined) return inUs(seconds * 1_000);
  // A date begins with a day; the parser would find one in almost anything.
  const atMs = told !== undefined && /^\s*[A-Z][a-z]+,? /.test(told) ? Date.parse(told) : NaN;
  return Number.isNaN(atMs) ? undefined : inUs(Math.max(0, atMs - nowMs));
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

function inUs(ms: number): number | undefined {
  const us = Math.ceil(ms * 1_000);
  return Number.isSafeInteger(us) ? us : undefined;
}

/** Longest share of a message that is another's words, in characters. */
const saidMax = 300;

/** On one line, not too long, without the secrets. */
export function clean(text: string, secrets: readonly string[]): string {
  let safe = text;
  for (const secret of secrets)
    for (const form of new Set([
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64'),
    ]))
      if (form !== '') safe = safe.replaceAll(form, '***');
  // eslint-disable-next-line no-control-regex
  const line = safe.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return line.length <= saidMax ? line : `${line.slice(0, saidMax)}…`;
}

/** The error of a call over HTTP, as the provider packages throw it. By its fields: packages of another version have another class for it. */
interface CallError extends Error {
  readonly statusCode?: number;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly responseBody?: string;
  readonly data?: unknown;
}

function isCallError(error: unknown): error is CallError {
  return nameOf(error) === 'AI_APICallError';
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** The server's own words before those of whoever reports them. */
function saidBy(error: unknown): string {
  if (typeof error === 'string') return error;
  if (!(error instanceof Error)) {
    const message = isRecord(error) ? error['message'] : undefined;
    return typeof message === 'string' ? message : (JSON.stringify(error) ?? 'an error without words');
  }
  if (!isCallError(error)) return messageOf(error);
  const { statusCode = 0, responseBody = '', data, message } = error;
  if (statusCode >= 300 && data === undefined && responseBody.trim() !== '') return bodyText(responseBody);
  return deepest(error) ?? message;
}

/** What a server says in a body that is not of the usual form. */
function bodyText(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isRecord(parsed))
      for (const field of ['message', 'detail', 'error'])
        if (typeof parsed[field] === 'string') return parsed[field];
  } catch {
    // Plain text, or a page.
  }
  return body;
}

/** Below a failed fetch: `connect ECONNREFUSED 127.0.0.1:1`, or at least its code. */
function deepest(error: Error): string | undefined {
  let found: string | undefined;
  let cause: unknown = error.cause;
  for (let depth = 0; depth < 8 && cause instanceof Error; depth++) {
    const { code } = cause as { code?: unknown };
    if (cause.message !== '') found = cause.message;
    else if (typeof code === 'string') found = code;
    cause = cause.cause;
  }
  return found;
}

function isNetworkError(error: unknown): boolean {
  return error instanceof TypeError && /fetch|terminated|network/i.test(error.message);
}

function shownName(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const brokenOff = (place: string, said: string): string =>
  `${place} broke off in the middle of its answer (${said})`;

function failed(code: ModelFailureCode, message: string, retryable: boolean): FailedReply {
  return { code, message, failure: { retryable } };
}
