/** How many requests a caller may make: a token bucket each. */
import type { MiddlewareHandler } from 'hono';
import { LRUCache } from 'lru-cache';

import type { Clock } from '../../host/ports.ts';
import type { ServerEnv } from '../caller.ts';
import { Refused } from '../errors.ts';

interface Bucket {
  left: number;
  atUs: number;
}

/** Callers whose buckets are known at once; one that was forgotten begins with a full one. */
const callersMax = 10_000;

/** `perSecond` requests, of which so many may come at once. Behind the middleware that tells the caller. */
export function rateLimit(clock: Clock, perSecond: number): MiddlewareHandler<ServerEnv> {
  const buckets = new LRUCache<string, Bucket>({ max: callersMax });
  return async (context, next) => {
    const nowUs = clock.nowUs();
    const name = context.get('caller')?.name ?? '';
    const bucket = buckets.get(name) ?? { left: perSecond, atUs: nowUs };
    bucket.left = Math.min(perSecond, bucket.left + ((nowUs - bucket.atUs) / 1e6) * perSecond);
    bucket.atUs = nowUs;
    buckets.set(name, bucket);
    if (bucket.left < 1) {
      const retryAfter = Math.max(1, Math.ceil((1 - bucket.left) / perSecond));
      throw new Refused(429, 'TOO_MANY_REQUESTS', `more than ${perSecond} requests a second`, { retryAfter });
    }
    bucket.left--;
    await next();
  };
}
