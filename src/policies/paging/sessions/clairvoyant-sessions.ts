/**
 * Clairvoyant, on sessions: evicts from the session whose next call is farthest away, the far end of its prompt first, and keeps what belongs to running
 * calls. In a cache, `clairvoyant-sessions` drives out only sessions that come back later than the caller's own; `clairvoyant-loading` always loads, as
 * Belady's rule does.
 *
 * A heuristic bound, not the optimum: with equal pages and no pins it would be Belady's rule with bypass; prompts are of different lengths, and every part of one
 * that is missing makes all behind it useless, so that the exact optimum is a hard problem.
 * Source: L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", 1966, carried over to prefixes.
 * Needs `plan.nextCallUs`: the calls to come, known in the replay of recorded sessions only.
 */
import type { CreatePagingPolicy, PagingContext } from '../../../kernel/contracts.ts';
import { invalid } from '../../../kernel/errors.ts';
import type { Pid } from '../../../kernel/ids.ts';
import type { Session } from './session.ts';
import { SessionPolicy } from './session-policy.ts';

export const clairvoyantSessions: CreatePagingPolicy = (context) =>
  new ClairvoyantSessions('clairvoyant-sessions', true, context);

export const clairvoyantLoading: CreatePagingPolicy = (context) =>
  new ClairvoyantSessions('clairvoyant-loading', false, context);

class ClairvoyantSessions extends SessionPolicy {
  readonly name: string;
  private readonly declines: boolean;
  private readonly nextCallUs: (user: Pid) => number;

  constructor(name: string, declines: boolean, context: PagingContext) {
    super(context);
    const { plan } = context;
    if (plan?.nextCallUs === undefined)
      throw invalid(
        'paging',
        name,
        'another policy: the calls to come are known in the replay of recorded sessions only',
      );
    this.name = name;
    this.declines = declines;
    this.nextCallUs = (user) => plan.nextCallUs!(user);
  }

  protected worth(session: Session): number {
    return -this.nextCallUs(session.user as Pid);
  }

  protected override limitFor(caller: Session): number {
    return this.declines ? this.worth(caller) : Infinity;
  }
}
