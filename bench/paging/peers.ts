/** What a user of JavaScript would otherwise pick: LRU caches from npm, asked get-then-set. */
import { LRUCache } from 'lru-cache';
import { LRUMap } from 'mnemonist';

/** Replays references; `kept` holds the cache, so that its memory can be looked at. */
type Peer = (ids: Int32Array, capacity: number) => { readonly misses: number; readonly kept: unknown };

export const peers: Readonly<Record<string, Peer>> = {
  'lru-cache': (ids, capacity) => replay(ids, new LRUCache<number, number>({ max: capacity })),
  'mnemonist LRUMap': (ids, capacity) => replay(ids, new LRUMap<number, number>(capacity)),
};

function replay(
  ids: Int32Array,
  cache: { get(key: number): number | undefined; set(key: number, value: number): unknown },
): { misses: number; kept: unknown } {
  let misses = 0;
  for (const id of ids) {
    if (cache.get(id) !== undefined) continue;
    misses++;
    cache.set(id, 1);
  }
  return { misses, kept: cache };
}
