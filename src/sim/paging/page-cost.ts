/** What the misses of a replay would cost if every page were so many tokens of a prompt. */
import type { EngineOptions } from '../../kernel/engine-options.ts';
import type { PageCounts } from './page-replay.ts';

/** Tokens of one page: `tokens` each, or of its recorded size. */
export interface PageCostModel {
  readonly tokensPerPage: number;
  readonly engine: Pick<EngineOptions, 'prefillTokensPerSecond' | 'prices'>;
}

export interface PageCost {
  /** Tokens of all references. */
  readonly contextTokens: number;
  /** Tokens of the misses: they are prefilled. */
  readonly prefillTokens: number;
  /** Core time for that, at the prefill rate of one core working alone. */
  readonly prefillSeconds: number;
  /** Misses at the price of input, hits at that of cached input. */
  readonly microDollars: number;
}

export function pageCost({ requests, misses }: PageCounts, model: PageCostModel): PageCost {
  const { prefillTokensPerSecond, prices } = model.engine;
  const contextTokens = requests * model.tokensPerPage;
  const prefillTokens = misses * model.tokensPerPage;
  const exact = prefillTokens * prices.input + (contextTokens - prefillTokens) * prices.cachedInput;
  return {
    contextTokens,
    prefillTokens,
    prefillSeconds: prefillTokens / prefillTokensPerSecond,
    microDollars: Math.ceil(exact / 1_000_000),
  };
}
