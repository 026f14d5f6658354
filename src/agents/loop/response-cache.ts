/**
 * The response cache, a tool that agents share: answers of models by the prompt and request that they answered; where an embedder is given, also by prompts that differ in their last message alone, and
 * there hardly. The least recently used answer leaves first. Time is the callers', so that it is virtual in a simulation.
 */
import { LRUCache } from 'lru-cache';

import { sqrt } from '../../base/math.ts';
import { invalid } from '../../kernel/errors.ts';
import type { AskedCall } from '../../kernel/syscalls.ts';
import type { ToolImplementation } from '../tools/tool-implementation.ts';

export const responseCacheName = 'response-cache';

/** A whole answer. A type, as it is JSON. */
export type CachedResponse = {
  readonly text: string;
  readonly tokensOut: number;
  readonly toolCalls?: readonly AskedCall[];
};

/** `key`: of the whole prompt and the request; `scope`: without the last message; `text`: the last message, '' when a user did not say it: such a one is like no other. */
export type CacheCall =
  | {
      readonly op: 'get';
      readonly key: string;
      readonly scope: string;
      readonly text: string;
      readonly atUs: number;
    }
  | {
      readonly op: 'put';
      readonly key: string;
      readonly scope: string;
      readonly text: string;
      readonly atUs: number;
      readonly response: CachedResponse;
    };

export interface ResponseCacheOptions {
  /** Answers kept at most; > 0; default 1,000. */
  readonly entries?: number;
  /** How long an answer is given, µs from when it was told, whole milliseconds; absent: without end. */
  readonly ttlUs?: number;
  /** A vector for the meaning of a text, all of one length; must depend on nothing else. Absent: only equal prompts are alike. */
  readonly embed?: (text: string) => readonly number[];
  /** Cosine from which two last messages mean the same; default 0.95. */
  readonly similarity?: number;
}

interface Entry {
  readonly response: CachedResponse;
  readonly scope: string;
  /** Of length 1; undefined: it is found by its key only. */
  readonly vector: readonly number[] | undefined;
}

/** Throws KernelError INVALID_ARGUMENT. */
export function responseCache(options: ResponseCacheOptions = {}): ToolImplementation {
  const { entries = 1_000, ttlUs, embed, similarity = 0.95 } = options;
  if (!Number.isSafeInteger(entries) || entries < 1)
    throw invalid('entries', entries, 'an integer of at least 1');
  if (ttlUs !== undefined && (!Number.isSafeInteger(ttlUs) || ttlUs < 1_000 || ttlUs % 1_000 !== 0))
    throw invalid('ttlUs', ttlUs, 'whole milliseconds above 0 (µs)');
  if (!(similarity > 0 && similarity <= 1))
    throw invalid('similarity', similarity, 'a number above 0, up to 1');
  let nowMs = 0;
  /** Keys of each scope, the oldest first. */
  const scopes = new Map<string, Set<string>>();
  const cache = new LRUCache<string, Entry>({
    max: entries,
    ...(ttlUs === undefined ? {} : { ttl: ttlUs / 1_000 }),
    // Otherwise the clock is looked at once for each tick of a timer. Time 0 would stand for an answer without end.
    ttlResolution: 0,
    perf: { now: () => nowMs + 1 },
    dispose: ({ scope }, key) => {
      const keys = scopes.get(scope);
      keys?.delete(key);
      if (keys?.size === 0) scopes.delete(scope);
    },
  });

  function vectorOf(text: string): readonly number[] | undefined {
    return embed === undefined || text === '' ? undefined : unit(embed(text));
  }

  function find({ key, scope, text }: CacheCall): Entry | undefined {
    const exact = cache.get(key);
    if (exact !== undefined) return exact;
    const keys = scopes.get(scope);
    const vector = keys === undefined ? undefined : vectorOf(text);
    if (keys === undefined || vector === undefined) return undefined;
    let best: string | undefined;
    let nearest = similarity;
    for (const other of keys) {
      const cosine = dot(vector, cache.peek(other)?.vector ?? []);
      if (cosine < nearest) continue;
      nearest = cosine;
      best = other;
    }
    return best === undefined ? undefined : cache.get(best);
  }

  return {
    spec: {
      name: responseCacheName,
      description: 'Answers of models to prompts that were asked before. Programs call it, models do not.',
      parameters: { type: 'object' },
      // What it holds is nobody's state: a lost or repeated call does no harm, and nobody waits for another's.
      effects: () => ({ reads: [], writes: [] }),
    },
    run(args) {
      const call = args as unknown as CacheCall;
      nowMs = Math.max(nowMs, call.atUs / 1_000);
      if (call.op === 'get') {
        const entry = find(call);
        return {
          ok: true,
          value: entry === undefined ? {} : { response: entry.response },
        };
      }
      const { key, scope, text, response } = call;
      // What was to be done for one prompt is not to be done for another that is only like it.
      const vector = response.toolCalls === undefined ? vectorOf(text) : undefined;
      cache.set(key, { response, scope, vector });
      if (vector !== undefined) scopes.set(scope, (scopes.get(scope) ?? new Set()).add(key));
      return { ok: true, value: {} };
    },
  };
}

function unit(vector: readonly number[]): readonly number[] | undefined {
  const length = sqrt(dot(vector, vector));
  return length > 0 ? vector.map((part) => part / length) : undefined;
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, part, index) => sum + part * (b[index] ?? 0), 0);
