import { invalid } from './errors.ts';
import { isRecord } from './budget-limits.ts';
import { checkKnownFields } from './known-fields.ts';

/**
 * What stopping a call in the middle means (design, section 5). `resume`: it goes on where it stopped; `continue`: it goes on from the partial
 * answer and the prefill is paid again; `none`: a call runs to its end, and only the signals stop, terminate and kill abort it.
 */
export type PreemptionCapability = 'resume' | 'continue' | 'none';

/** Micro-dollars per million tokens. */
export interface Prices {
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
}

/** One model server: its cores share a context memory and a throughput curve. */
export interface EngineOptions {
  readonly name: string;
  /** Sequence slots, integer 1 to 65,536. */
  readonly cores: number;
  /** Context memory in tokens, > 0; Infinity: nothing is ever evicted, as towards a hosted model whose cache nobody can see. */
  readonly memoryTokens: number;
  /** What one call may contain, prompt and answer, in tokens; Infinity: no limit but the memory. */
  readonly windowTokens: number;
  /** Cost model: rates of one core working alone, tokens/s. */
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
  /** A slower tier keeps what was evicted: loading costs this latency and rate instead of a repeated prefill. 0: there is none. */
  readonly loadTokensPerSecond: number;
  readonly loadLatencyUs: number;
  /**
   * Throughput curve: entry b-1 is the speed of each core, relative to one alone, while b cores are busy; the last one holds for more. Each
   * entry is > 0 and ≤ 1. `[1]`: cores don't slow each other down.
   */
  readonly throughput: readonly number[];
  readonly preemption: PreemptionCapability;
  /** What it takes before a call's work begins when another process ran on the core last, integer µs, at the speed of a core alone; 0: nothing. */
  readonly switchUs: number;
  readonly prices: Prices;
}

/** Rates of a mid-sized model on one accelerator; the prices of a small hosted model. Memory: the source system's. */
export const engineDefaults: EngineOptions = {
  name: 'engine',
  cores: 1,
  memoryTokens: 100_000,
  windowTokens: Infinity,
  prefillTokensPerSecond: 8_000,
  decodeTokensPerSecond: 60,
  loadTokensPerSecond: 0,
  loadLatencyUs: 0,
  throughput: [1],
  preemption: 'resume',
  switchUs: 0,
  prices: { input: 3_000_000, cachedInput: 300_000, output: 15_000_000 },
};

/** Throws KernelError INVALID_ARGUMENT that names the first field that is out of range. */
export function checkEngine(engine: EngineOptions): void {
  const at = (field: string): string => `engine ${engine.name}: ${field}`;
  if (typeof engine.name !== 'string' || engine.name === '')
    throw invalid('engine name', engine.name, 'a text that is not empty');
  checkKnownFields(at(''), engine, Object.keys(engineDefaults));
  if (!Number.isInteger(engine.cores) || engine.cores < 1 || engine.cores > 65_536)
    throw invalid(at('cores'), engine.cores, 'an integer from 1 to 65536');
  const { memoryTokens, windowTokens } = engine;
  if (memoryTokens !== Infinity && !(Number.isSafeInteger(memoryTokens) && memoryTokens >= 1))
    throw invalid(at('memoryTokens'), memoryTokens, 'an integer of at least 1, or Infinity');
  if (windowTokens !== Infinity && !(Number.isSafeInteger(windowTokens) && windowTokens >= 1))
    throw invalid(at('windowTokens'), windowTokens, 'an integer of at least 1, or Infinity');
  for (const field of ['prefillTokensPerSecond', 'decodeTokensPerSecond'] as const)
    if (!(engine[field] > 0) || !Number.isFinite(engine[field]))
      throw invalid(at(field), engine[field], 'a finite number above 0');
  for (const field of ['loadTokensPerSecond', 'loadLatencyUs'] as const)
    if (!(engine[field] >= 0) || !Number.isFinite(engine[field]))
      throw invalid(at(field), engine[field], 'a finite number of at least 0');
  if (!Number.isSafeInteger(engine.loadLatencyUs))
    throw invalid(at('loadLatencyUs'), engine.loadLatencyUs, 'an integer of at least 0 (µs)');
  if (!Number.isSafeInteger(engine.switchUs) || engine.switchUs < 0)
    throw invalid(at('switchUs'), engine.switchUs, 'an integer of at least 0 (µs)');
  if (!Array.isArray(engine.throughput))
    throw invalid(at('throughput'), engine.throughput, 'a list of numbers above 0 and up to 1');
  if (engine.throughput.length === 0 || engine.throughput.some((speed) => !(speed > 0 && speed <= 1)))
    throw invalid(at('throughput'), engine.throughput.join(','), 'a list of numbers above 0 and up to 1');
  checkPrices(at('prices'), engine.prices);
  if (!['resume', 'continue', 'none'].includes(engine.preemption))
    throw invalid(at('preemption'), engine.preemption, 'resume, continue, none');
}

/** Throws KernelError INVALID_ARGUMENT; `at` names the prices. */
export function checkPrices(at: string, prices: unknown): void {
  if (!isRecord(prices)) throw invalid(at, prices, '{ input, cachedInput, output }');
  checkKnownFields(`${at}.`, prices, Object.keys(engineDefaults.prices));
  for (const field of ['input', 'cachedInput', 'output'] as const) {
    const price = prices[field];
    if (typeof price !== 'number' || !(price >= 0) || !Number.isFinite(price))
      throw invalid(
        `${at}.${field}`,
        price,
        'a finite number of at least 0 (micro-dollars per million tokens)',
      );
  }
}

/** Cost of a call in micro-dollars, rounded up. */
export function costOf(prices: Prices, tokensIn: number, tokensCached: number, tokensOut: number): number {
  const exact =
    (tokensIn - tokensCached) * prices.input + tokensCached * prices.cachedInput + tokensOut * prices.output;
  return Math.ceil(exact / 1_000_000);
}

/** Core time of a call that finds nothing in memory, at the cost model's rates, µs: what a time budget reserves. */
export function longestUs(engine: EngineOptions, tokensIn: number, tokensOut: number): number {
  const seconds = tokensIn / engine.prefillTokensPerSecond + tokensOut / engine.decodeTokensPerSecond;
  return Math.ceil(seconds * 1_000_000);
}

/** Core time until what was evicted is usable again, at the cost model's rates, µs; at the slowest, since other cores may get busy meanwhile. */
export function restoreUs(engine: EngineOptions, repeatedTokens: number, loadTokens: number): number {
  if (repeatedTokens === 0 && loadTokens === 0) return 0;
  const loadUs =
    loadTokens === 0
      ? 0
      : engine.loadLatencyUs + Math.ceil((loadTokens * 1_000_000) / engine.loadTokensPerSecond);
  const workUs = loadUs + Math.ceil((repeatedTokens * 1_000_000) / engine.prefillTokensPerSecond);
  return Math.ceil(workUs / Math.min(...engine.throughput));
}
