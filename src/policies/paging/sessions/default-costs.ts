import type { EngineCosts } from '../../../kernel/contracts.ts';

/** Where the memory belongs to no engine: those of an engine's defaults, without a slower tier. */
export const defaultCosts: EngineCosts = {
  prefillTokensPerSecond: 8_000,
  loadTokensPerSecond: 0,
  loadLatencyUs: 0,
  prices: { input: 3_000_000, cachedInput: 300_000, output: 15_000_000 },
};
