/**
 * Cost-aware: keeps what saves the most money per token. A token of a session's prompt saves, each time that the session calls again while a provider would still hold
 * it, the difference between the price of input and that of cached input. With p, the share of all pauses that end before the time to live does, it is used 1/(1 − p)
 * times in a row if it is used at all; so a session is worth the difference × P(it calls again in time, given that it has been idle for so long) / (1 − p). The far
 * end of a prompt leaves first, since everything behind a hole is billed again. In a cache, a call drives out only what is worth less than its own
 * prompt, of whose worth the surcharge of a cache write is taken off.
 *
 * The probabilities come from the pauses seen so far, apart by what was waited for (a tool, a person, anything else).
 * Source: the prices and times to live of hosted prompt caches; P. Cao, S. Irani, "Cost-Aware WWW Proxy Caching Algorithms", 1997, for worth as cost saved by size.
 */
import { assert } from '../../../base/assert.ts';
import type { CreatePagingPolicy, PagingContext } from '../../../kernel/contracts.ts';
import type { Prices } from '../../../kernel/engine-options.ts';
import type { Json } from '../../../kernel/ids.ts';
import { defaultCosts } from './default-costs.ts';
import { PauseCounts } from './pause-counts.ts';
import type { Session } from './session.ts';
import { SessionPolicy } from './session-policy.ts';

export interface CostAwareOptions {
  /** How long a provider holds what is not used, µs > 0. */
  readonly ttlUs: number;
  /** Price of input that is written to the cache, as a multiple of the price of input. */
  readonly writeFactor: number;
}

/** The short and the long time to live of hosted caches, with their prices of a write. */
const costAwareDefaults: CostAwareOptions = { ttlUs: 300_000_000, writeFactor: 1.25 };
const costAwareHour: CostAwareOptions = { ttlUs: 3_600_000_000, writeFactor: 2 };

export function costAwareWith(name: string, options: CostAwareOptions): CreatePagingPolicy {
  assert(options.ttlUs > 0, () => `ttlUs ${options.ttlUs}: must be > 0`);
  return (context) => new CostAware(name, context, options);
}

export const costAware: CreatePagingPolicy = costAwareWith('cost-aware', costAwareDefaults);
export const costAware1h: CreatePagingPolicy = costAwareWith('cost-aware-1h', costAwareHour);

class CostAware extends SessionPolicy {
  readonly name: string;
  private readonly options: CostAwareOptions;
  private readonly prices: Prices;
  private readonly afterTool = new PauseCounts();
  private readonly afterPerson = new PauseCounts();
  private readonly afterOther = new PauseCounts();
  private readonly afterAny = new PauseCounts();

  constructor(name: string, context: PagingContext, options: CostAwareOptions) {
    super(context);
    this.name = name;
    this.options = options;
    this.prices = (context.costs ?? defaultCosts).prices;
  }

  protected worth(session: Session): number {
    const idleUs = this.nowUs - session.idleSinceUs;
    // One that is ready for its next call is about to use it.
    const share =
      session.waitsOn === 'core' ? 1 : this.countsOf(session).shareUntil(this.options.ttlUs, idleUs);
    return this.savedPerUse() * share;
  }

  protected override limitFor(): number {
    const { ttlUs, writeFactor } = this.options;
    return this.savedPerUse() * this.afterAny.shareUntil(ttlUs, 0) - (writeFactor - 1) * this.prices.input;
  }

  /** By what is used again once, in micro-dollars per million tokens, with all the uses that follow it. */
  private savedPerUse(): number {
    const { input, cachedInput } = this.prices;
    return (input - cachedInput) / (1 - this.afterAny.shareUntil(this.options.ttlUs, 0));
  }

  protected override began(session: Session, gapUs: number): void {
    if (gapUs < 0) return;
    this.countsOf(session).end(gapUs);
    this.afterAny.end(gapUs);
  }

  protected override ended(): void {
    // Why it pauses is told next; until then it is one of the others.
    this.afterOther.begin();
    this.afterAny.begin();
  }

  protected override paused(session: Session): void {
    const counts = this.countsOf(session);
    if (counts === this.afterOther) return;
    this.afterOther.takeBack();
    counts.begin();
  }

  protected override saveOwn(): Json {
    return this.counts().map((counts) => [...counts.save()]);
  }

  protected override loadOwn(state: Json): void {
    for (const [index, counts] of this.counts().entries()) counts.load((state as number[][])[index]!);
  }

  private counts(): readonly PauseCounts[] {
    return [this.afterTool, this.afterPerson, this.afterOther, this.afterAny];
  }

  private countsOf({ pausedFor }: Session): PauseCounts {
    return pausedFor === 'tool'
      ? this.afterTool
      : pausedFor === 'person'
        ? this.afterPerson
        : this.afterOther;
  }
}
