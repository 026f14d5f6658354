/**
 * What became of requests under an Idempotency-Key: durable before they act (`begun`) and again before they are answered, so that a server that starts after a crash knows which of them may have acted.
 *
 * Kept as memories of a scope of their own, in so many places that a key takes by its hash: what storage holds of them stays bounded, and a key whose place another one has taken is known no more once
 * its server has ended.
 */
import { randomUUID } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { StorageManager } from '../../kernel/storage.ts';

/** A type, as it is JSON. */
export type KeptAnswer = {
  /** Names caller, route and key; letters alone. */
  readonly name: string;
  /** Of the body. */
  readonly body: string;
  /** ms since 1970 */
  readonly atMs: number;
  /** Absent: it has begun, and whether it acted is not known. */
  readonly answer?: {
    readonly status: number;
    readonly headers: { readonly [name: string]: string };
    /** null: it is too long to be kept. */
    readonly text: string | null;
  };
};

export const keptMs = 24 * 60 * 60 * 1_000;
const places = 65_536;
/** Known by heart. */
const inMemory = 2_000;
const scope = 'ringzero.idempotency';

export class KeptAnswers {
  private readonly storage: StorageManager;
  private readonly nowMs: () => number;
  private readonly known = new LRUCache<string, KeptAnswer>({ max: inMemory });
  /** Each memory has an identity; those of this server are like no others. */
  private readonly writer = `idempotency-${randomUUID()}`;
  private written = 0;

  constructor(storage: StorageManager, nowMs: () => number) {
    this.storage = storage;
    this.nowMs = nowMs;
  }

  /** Undefined: nothing is known of it, or it was more than 24 hours ago. */
  async get(name: string): Promise<KeptAnswer | undefined> {
    const kept = this.known.get(name) ?? (await this.stored(name));
    return kept !== undefined && this.nowMs() - kept.atMs < keptMs ? kept : undefined;
  }

  /** Resolves when it is durable. */
  async keep(kept: KeptAnswer): Promise<void> {
    await this.write(kept.name, kept);
    this.known.set(kept.name, kept);
  }

  /** It has done nothing: the next one under its name acts. */
  async forget(name: string): Promise<void> {
    this.known.delete(name);
    await this.write(name, null);
  }

  private async write(name: string, data: Json): Promise<void> {
    const n = ++this.written;
    await this.storage.remember({
      identity: { run: this.writer, branch: 'main', pid: 1 as Pid, n, index: 0 },
      scope,
      key: `place-${placeOf(name)}`,
      text: name,
      data,
      atUs: this.nowMs() * 1_000,
    });
  }

  private async stored(name: string): Promise<KeptAnswer | undefined> {
    const found = await this.storage.recall({ scope, query: name, limit: 3 });
    const data = found.find(({ text }) => text === name)?.data;
    return isRecord(data) ? (data as unknown as KeptAnswer) : undefined;
  }
}

/** By its first four letters of sixteen. */
function placeOf(name: string): number {
  let place = 0;
  for (const letter of name.slice(0, 4)) place = place * 16 + (letter.charCodeAt(0) - 97);
  return place % places;
}
