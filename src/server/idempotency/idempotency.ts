/**
 * Idempotency-Key on every POST: the same request of the same caller under the same key acts once and has the same answer, for 24 hours, also when the server crashed between the act and the answer.
 *
 * What a route makes is named after the key where that is possible (`RequestIdentity.run`): asked again after a crash, it finds what it has made. A route that can't do that is not repeated behind a crash: its
 * client is told that it may have acted, and looks.
 */
import type { Context, MiddlewareHandler } from 'hono';

import { canonicalJson } from '../../base/canonical-json.ts';
import { sha256Hex } from '../../base/sha256.ts';
import type { Caller, RequestIdentity, ServerEnv } from '../caller.ts';
import { Refused } from '../errors.ts';
import type { KeptAnswer, KeptAnswers } from './kept-answers.ts';

/** Characters of an answer that are kept. */
const keptLength = 262_144;
/** What an answer says in its head that belongs to it. */
const keptHeaders = ['Content-Type', 'X-Ringzero-Run', 'Location'];

/** Routes that do the same again, or find what they have made: behind a crash they are repeated. */
const repeatable: readonly RegExp[] = [/^\/api\/traces$/, /^\/api\/traces\/[^/]+\/stop$/];

export function idempotency(kept: KeptAnswers, nowMs: () => number): MiddlewareHandler<ServerEnv> {
  /** Requests under way, by name. */
  const underWay = new Map<string, Promise<void>>();
  return async (context, next) => {
    const { method, path } = context.req;
    const key = context.req.header('Idempotency-Key');
    if (method !== 'POST' || key === undefined) return next();
    if (!/^[!-~]{1,200}$/.test(key))
      throw new Refused(
        422,
        'INVALID_ARGUMENT',
        'Idempotency-Key: is not allowed; allowed: 1 to 200 visible ASCII characters',
        { field: 'Idempotency-Key' },
      );
    const name = nameOf(context.get('caller'), path, key);
    const body = await bodyHash(context);
    for (let before = underWay.get(name); before !== undefined; before = underWay.get(name)) await before;
    let end = (): void => {};
    underWay.set(name, new Promise((resolve) => (end = resolve)));
    const over = (): void => {
      underWay.delete(name);
      end();
    };
    let isStreaming = false;
    try {
      const known = await kept.get(name);
      if (known !== undefined) checkSame(known, body, path);
      if (known?.answer !== undefined) return replayed(known.answer);
      const entry = { name, body, atMs: known?.atMs ?? nowMs() };
      await kept.keep(entry);
      context.set('identity', identityOf(entry));
      await next();
      isStreaming = streamed(context, (text) => finish(kept, entry, context, text).finally(over));
      if (!isStreaming) await finish(kept, entry, context, undefined);
      return undefined;
    } finally {
      if (!isStreaming) over();
    }
  };
}

/** An answer that comes piece by piece is kept when it is over. False: it is whole. */
function streamed(context: Context<ServerEnv>, then: (text: string) => Promise<void>): boolean {
  const { res } = context;
  const isStream = res.headers.get('Content-Type')?.startsWith('text/event-stream') === true;
  if (!isStream || res.body === null) return false;
  const [told, copy] = res.body.tee();
  context.res = new Response(told, res);
  // Its client has had it; that it cannot be kept is told to whoever asks again.
  void new Response(copy)
    .text()
    .then(then)
    .catch(() => {});
  return true;
}

/** What did nothing is forgotten; what failed may have acted, and stays begun. */
async function finish(
  kept: KeptAnswers,
  entry: KeptAnswer,
  context: Context<ServerEnv>,
  streamedText: string | undefined,
): Promise<void> {
  const { res, req } = context;
  const { status, headers } = res;
  if (status >= 500 && status !== 503) return;
  if (status >= 400 || req.raw.signal.aborted) return kept.forget(entry.name);
  const text = streamedText ?? (await res.clone().text());
  const told = keptHeaders.flatMap((header) => {
    const value = headers.get(header);
    return value === null ? [] : [[header, value] as const];
  });
  await kept.keep({
    ...entry,
    answer: { status, headers: Object.fromEntries(told), text: text.length > keptLength ? null : text },
  });
}

function checkSame(known: KeptAnswer, body: string, path: string): void {
  if (known.body !== body)
    throw new Refused(
      422,
      'KEY_REUSED',
      'Idempotency-Key: was given with another body; allowed: a new key for a new request',
      { field: 'Idempotency-Key' },
    );
  if (known.answer === undefined && !repeatable.some((pattern) => pattern.test(path)))
    throw new Refused(
      409,
      'CUT_OFF',
      'a request under this Idempotency-Key was cut off, and may have acted: look, and ask under a new key',
    );
}

function replayed({ status, headers, text }: NonNullable<KeptAnswer['answer']>): Response {
  if (text === null)
    throw new Refused(
      409,
      'TOO_LONG_TO_KEEP',
      'a request under this Idempotency-Key was answered; the answer was too long to be kept',
    );
  return new Response(text, { status, headers: { ...headers, 'Idempotent-Replayed': 'true' } });
}

/** Formatting is no difference. */
async function bodyHash(context: Context<ServerEnv>): Promise<string> {
  const text = await context.req.text();
  try {
    return sha256Hex(canonicalJson(JSON.parse(text)));
  } catch {
    return sha256Hex(text);
  }
}

function nameOf(caller: Caller, path: string, key: string): string {
  const hex = sha256Hex(JSON.stringify([caller.tenant ?? null, caller.tenant ?? caller.name, path, key]));
  // Words of letters alone are one word to every search.
  return hex.slice(0, 32).replaceAll(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));
}

/** The key may come again when this one is forgotten. */
const identityOf = ({ name, atMs }: KeptAnswer): RequestIdentity => ({
  run: `key-${name.slice(0, 16)}-${atMs.toString(36)}`,
});
