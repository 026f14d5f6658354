/** Policies that prefetch without a plan. */
import type { CreatePagingPolicy, PagingContext } from '../../src/kernel/contracts.ts';
import { PrefetchingSessionPolicy } from '../../src/policies/paging/sessions/prefetching-session-policy.ts';
import type { Session } from '../../src/policies/paging/sessions/session.ts';

/** Needs no plan: who was active last is expected first. */
class LastActiveFirst extends PrefetchingSessionPolicy {
  readonly name = 'last-active-first';
  protected worth(session: Session): number {
    return session.idleSinceUs;
  }
}

/** Never of one mind: what it has just had brought leaves again for the next. */
class Fickle extends PrefetchingSessionPolicy {
  readonly name = 'fickle';
  private readonly rng: PagingContext['rng'];
  constructor(context: PagingContext) {
    super(context);
    this.rng = context.rng;
  }
  protected worth(): number {
    return this.rng.integer(5);
  }
}

export const lastActiveFirst: CreatePagingPolicy = (context) => new LastActiveFirst(context);
export const fickle: CreatePagingPolicy = (context) => new Fickle(context);
