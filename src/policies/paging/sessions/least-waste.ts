/**
 * Least waste: while a session waits, its context is preserved, discarded (and prefilled again) or swapped out to a slower tier, whichever wastes the least memory ×
 * time. For a context of C tokens: preserving wastes C × the time it waits; discarding wastes C × the time of its prefill; swapping wastes the contexts of all running
 * calls × the time to move C out and in again. How long it waits is not known: it is estimated to take as long again as it took so far, so that each context
 * is preserved at first, and given up once it has waited for as long as it would cost to bring it back. Of those given up, the one whose
 * preservation wastes most leaves first.
 *
 * Source: R. Abhyankar et al., "InferCept: Efficient Intercept Support for Augmented Large Language Model Inference", ICML 2024, arXiv 2402.01869, section 4
 * (its estimator by elapsed time).
 * Departs from it: discarding delays no other call here, so that term is left out; what leaves is swapped by the engine if it has a slower tier, whatever was the cause.
 */
import type { CreatePagingPolicy, EngineCosts, PagingContext } from '../../../kernel/contracts.ts';
import { defaultCosts } from './default-costs.ts';
import type { Session } from './session.ts';
import { SessionPolicy } from './session-policy.ts';

export const leastWaste: CreatePagingPolicy = (context) => new LeastWaste(context);

class LeastWaste extends SessionPolicy {
  readonly name = 'least-waste';
  private readonly costs: EngineCosts;

  constructor(context: PagingContext) {
    super(context);
    this.costs = context.costs ?? defaultCosts;
  }

  protected worth(session: Session): number {
    const { tokens } = session;
    if (session.waitsOn === 'core') return Infinity;
    const preserving = tokens * (this.nowUs - session.idleSinceUs);
    const leaving = Math.min(this.discarding(tokens), this.swapping(tokens));
    return preserving < leaving ? Infinity : leaving - preserving;
  }

  private discarding(tokens: number): number {
    return (tokens * tokens * 1_000_000) / this.costs.prefillTokensPerSecond;
  }

  private swapping(tokens: number): number {
    const { loadTokensPerSecond, loadLatencyUs } = this.costs;
    if (loadTokensPerSecond === 0) return Infinity;
    let running = 0;
    for (const session of this.sessions.live()) if (session.isRunning) running += session.tokens;
    return 2 * (loadLatencyUs + (tokens * 1_000_000) / loadTokensPerSecond) * running;
  }
}
