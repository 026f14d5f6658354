/**
 * Pins with a time to live: when an answer asks for a tool, its session's pages are pinned for a time chosen from how long tools took so far; when the time is over
 * they leave like the others, least recently used first. The time is the τ that maximises P(the tool is back within τ) · benefit − τ, where the benefit
 * is the time that it takes to have the session's prompt back: longer prompts are pinned for longer, and none for longer than its return costs.
 *
 * Source: H. Li et al., "Continuum: Efficient and Robust Multi-Turn LLM Agent Scheduling with KV Cache Time-to-Live", arXiv 2511.02230.
 * Departs from it: the queueing delay that the benefit holds, too, is not measured but an option, since the policy does not see the queue; the times of all tools
 * are one distribution, since it is not told which was called; until `fewestTimes` have been seen nothing is pinned for longer than `coldUs`. Where a call must have room, a pin gives way last (there Continuum
 * unpins the latest program).
 * Cost: O(remembered times) for each answer that asks for a tool.
 */
import { assert } from '../../../base/assert.ts';
import type { CreatePagingPolicy, PagingContext } from '../../../kernel/contracts.ts';
import type { Json } from '../../../kernel/ids.ts';
import { defaultCosts } from './default-costs.ts';
import { RecentTimes } from './recent-times.ts';
import { Session, type SessionState } from './session.ts';
import { SessionPolicy } from './session-policy.ts';

export interface TtlPinningOptions {
  /** How many of the latest times of tools count; an integer of at least 1. */
  readonly times: number;
  /** With fewer than so many, pins last `coldUs`. */
  readonly fewestTimes: number;
  readonly coldUs: number;
  /** Beyond the prefill, what the return of a session to memory costs it, µs: a queueing delay where there is one. */
  readonly delayUs: number;
}

/** `delayUs`: a minute, as under a memory that is short; on a half of recorded coding sessions 1 to 2 minutes did best. */
const ttlPinningDefaults: TtlPinningOptions = {
  times: 1_000,
  fewestTimes: 20,
  coldUs: 5_000_000,
  delayUs: 60_000_000,
};

export function ttlPinningWith(options: TtlPinningOptions): CreatePagingPolicy {
  assert(options.times >= 1, () => `times ${options.times}: must be at least 1`);
  return (context) => new TtlPinning(context, options);
}

export const ttlPinning: CreatePagingPolicy = ttlPinningWith(ttlPinningDefaults);

class PinnedSession extends Session {
  pinnedUntilUs = 0;

  override save(): PinnedState {
    return { ...super.save(), pinnedUntilUs: this.pinnedUntilUs };
  }

  override load(state: PinnedState): void {
    super.load(state);
    this.pinnedUntilUs = state.pinnedUntilUs;
  }
}

type PinnedState = SessionState & Pick<PinnedSession, 'pinnedUntilUs'>;

class TtlPinning extends SessionPolicy<PinnedSession> {
  readonly name = 'ttl-pinning';
  private readonly options: TtlPinningOptions;
  private readonly prefillTokensPerSecond: number;
  private readonly times: RecentTimes;

  constructor(context: PagingContext, options: TtlPinningOptions) {
    super(context);
    this.options = options;
    this.times = new RecentTimes(options.times);
    this.prefillTokensPerSecond = (context.costs ?? defaultCosts).prefillTokensPerSecond;
  }

  protected worth({ waitsOn, pausedFor, pinnedUntilUs }: PinnedSession): number {
    // One that is ready for its next call is about to use what is pinned.
    const isPinned = pausedFor === 'tool' && (waitsOn === 'core' || this.nowUs < pinnedUntilUs);
    return isPinned ? Infinity : 0;
  }

  protected override began(session: PinnedSession, gapUs: number): void {
    if (session.pausedFor === 'tool') this.times.add(gapUs);
  }

  protected override paused(session: PinnedSession): void {
    if (session.pausedFor === 'tool') session.pinnedUntilUs = session.endedUs + this.ttlUs(session);
  }

  protected override create(user: PinnedSession['user'], list: number): PinnedSession {
    return new PinnedSession(user, list);
  }

  protected override saveOwn(): Json {
    return this.times.save();
  }

  protected override loadOwn(state: Json): void {
    this.times.load(state as number[]);
  }

  private ttlUs({ tokens }: Session): number {
    const { fewestTimes, coldUs, delayUs } = this.options;
    const { sorted } = this.times;
    if (sorted.length < fewestTimes) return coldUs;
    const benefitUs = delayUs + (tokens * 1_000_000) / this.prefillTokensPerSecond;
    let best = 0;
    let ttlUs = 0;
    for (let at = 0; at < sorted.length && sorted[at]! < benefitUs; at++) {
      const gain = ((at + 1) / sorted.length) * benefitUs - sorted[at]!;
      if (gain <= best) continue;
      best = gain;
      ttlUs = sorted[at]!;
    }
    return ttlUs;
  }
}
