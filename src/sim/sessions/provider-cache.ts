/**
 * A hosted provider's prompt cache, as its price list describes it: of unlimited size; what a call has in its context is held for a time to live from the beginning of
 * that call, which every later use renews; writing costs more than plain input, reading much less. A call reads what it shares with the call before
 * it of its chain, if that is still held, and writes the rest; unfinished blocks are plain input.
 *
 * Prices: the published ones of the provider that names both times: a write costs 1.25 times the input for five minutes, twice for an hour.
 */
import type { EngineOptions } from '../../kernel/engine-options.ts';
import { noCounts, type SessionCounts } from './session-counts.ts';
import type { PlacedChain } from './session-replay.ts';

export interface ProviderCacheOptions {
  readonly name: string;
  readonly ttlUs: number;
  /** Price of written input, as a multiple of the price of input. */
  readonly writeFactor: number;
}

export const providerCaches: readonly ProviderCacheOptions[] = [
  { name: 'provider-5m', ttlUs: 300_000_000, writeFactor: 1.25 },
  { name: 'provider-1h', ttlUs: 3_600_000_000, writeFactor: 2 },
];

export interface ProviderResult {
  readonly counts: SessionCounts;
  /** For all prompts, micro-dollars. */
  readonly promptMicroDollars: number;
}

/** The calls of `chains` before `endUs` on such a cache. */
export function replayOnProvider(
  chains: readonly PlacedChain[],
  { ttlUs, writeFactor }: ProviderCacheOptions,
  { endUs, blockTokens, engine }: { endUs: number; blockTokens: number; engine: EngineOptions },
): ProviderResult {
  const counts = noCounts();
  for (const { chain, startUs } of chains) {
    let heldUntilUs = -Infinity;
    for (const { keep, blocks, tokensIn, tokensOut, startUs: offsetUs } of chain.calls) {
      const nowUs = startUs + offsetUs;
      if (nowUs >= endUs) break;
      const hit = nowUs <= heldUntilUs ? keep : 0;
      heldUntilUs = nowUs + ttlUs;
      counts.calls++;
      counts.contextBlocks += blocks;
      counts.hitBlocks += hit;
      counts.cachedBlocks += hit;
      counts.repeatedBlocks += keep - hit;
      counts.tokensIn += tokensIn;
      counts.tokensOut += tokensOut;
    }
  }
  const { input, cachedInput } = engine.prices;
  const read = counts.hitBlocks * blockTokens;
  const written = (counts.contextBlocks - counts.hitBlocks) * blockTokens;
  const plain = counts.tokensIn - read - written;
  const exact = read * cachedInput + written * input * writeFactor + plain * input;
  return { counts, promptMicroDollars: Math.ceil(exact / 1_000_000) };
}
