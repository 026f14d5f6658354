import { assert } from '../../base/assert.ts';
import type { EngineOptions } from '../engine-options.ts';
import type { ContextMemory } from './context-memory.ts';
import type { Prefetch, Prefetched } from './prefetcher.ts';

/**
 * The link from an engine's slower tier to its context memory, as prefetching uses it: one transfer at a time, which takes the engine's latency and
 * its tokens at the engine's rate. The caller keeps the time.
 *
 * The policy is asked what to load when a call has begun or ended, and again when a transfer is over; not when it wanted nothing or made no room for what came, since it would
 * want the same; nor when as much has been moved since the last call as the memory holds, since what comes then drives out what has come. So what is moved between two calls is bounded,
 * whatever a policy wants.
 */
export class TierLink {
  private readonly memory: ContextMemory;
  private readonly engine: Pick<EngineOptions, 'loadTokensPerSecond' | 'loadLatencyUs'>;
  private transfer: Prefetch | undefined = undefined;
  private isDue = false;
  /** Tokens, since a call began or ended. */
  private moved = 0;

  /** The engine has a slower tier, and the policy of `memory` prefetches. */
  constructor(memory: ContextMemory, engine: Pick<EngineOptions, 'loadTokensPerSecond' | 'loadLatencyUs'>) {
    assert(engine.loadTokensPerSecond > 0, 'there is no slower tier');
    this.memory = memory;
    this.engine = engine;
  }

  /** Undefined: the link is free. */
  get underWay(): Prefetch | undefined {
    return this.transfer;
  }

  /** Is the policy to be asked? */
  get mayBegin(): boolean {
    return this.isDue && this.transfer === undefined;
  }

  /** A call began or ended. */
  callsChanged(): void {
    this.isDue = true;
    this.moved = 0;
  }

  /** Asks the policy and begins the transfer that it wants most; returns when that will be over, µs. Undefined: it wants none. Throws POLICY_BROKEN. */
  begin(nowUs: number): number | undefined {
    assert(this.mayBegin, 'the policy is not to be asked now');
    const { loadTokensPerSecond, loadLatencyUs } = this.engine;
    const isFull = this.moved >= this.memory.capacity;
    const wanted = isFull ? undefined : this.memory.beginPrefetch(nowUs);
    this.isDue = false;
    if (wanted === undefined) return undefined;
    const { tokens } = wanted;
    const endUs = nowUs + loadLatencyUs + Math.ceil((tokens * 1_000_000) / loadTokensPerSecond);
    // At a rate next to nothing it would never be over.
    if (!Number.isSafeInteger(endUs)) return undefined;
    this.transfer = wanted;
    this.moved += tokens;
    return endUs;
  }

  /** The transfer is over: what it brought becomes resident, as far as the policy makes room. */
  end(nowUs: number): Prefetched {
    const { transfer } = this;
    assert(transfer !== undefined, 'no transfer is under way');
    this.transfer = undefined;
    const prefetched = this.memory.endPrefetch(transfer, nowUs);
    this.isDue = prefetched.declinedTokens === 0;
    return prefetched;
  }

  /** Nobody is left to load for: what is under way never arrives. */
  cancel(): void {
    this.transfer = undefined;
    this.isDue = false;
  }
}
