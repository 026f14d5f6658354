/**
 * Hit density: evicts from the session whose pages promise the fewest hits per second of memory, if they were kept for the best length of time from now on. A call
 * that promises fewer than the least of those it would drive out keeps nothing at their cost.
 *
 * What is learned is how long sessions pause, in classes: what they wait for (a person or anything else) × how long their own pauses mostly are. In a class,
 * h(j) pauses ended at age j, and all of its pauses together lasted r(j) while they were of that age. One that has lasted until age j promises, kept until age m,
 * Σ h(j..m) / Σ r(j..m) hits a second; the largest of these over m is its index. That is Gittins' index of the time to the next call.
 *
 * Sources: J. C. Gittins, "Bandit processes and dynamic allocation indices", 1979; N. Beckmann, H. Chen, A. Cidon, "LHD: Improving Cache Hit Rate by Maximizing
 * Hit Density", NSDI 2018 (hits by occupied time, learned by age online). Of our own: the best length of time for each age, the classes, the refusal.
 * It begins with pauses as they were in a half of recorded coding sessions, which weigh as much as 20 observed ones in each class. The length of a prompt plays no part: no
 * dependence of the pauses on it was found.
 * Cost: beside that of every policy on sessions, O(sessions × ages) for every 20th call.
 */
import type { CreatePagingPolicy, PagingContext } from '../../../kernel/contracts.ts';
import type { Json } from '../../../kernel/ids.ts';
import { Pauses } from './hit-density-pauses.ts';
import { Session, type SessionState } from './session.ts';
import { SessionPolicy } from './session-policy.ts';

export const hitDensity: CreatePagingPolicy = (context) => new HitDensity(context);

/** Classes by the usual pause of a session itself, in steps of half a doubling; the last: it has had none yet. */
const LEVELS = 10;
const NEW_SESSION = LEVELS - 1;
/** Longer pauses say no more about what is usual, µs. */
const LONGEST_USUAL_US = 64_000_000;
/** The indices are computed anew after so many pauses. */
const REFRESH = 20;
/** The latest tenth of a mean over the past. */
const ALPHA = 0.1;
/** Duration of a call before any is known, µs. */
const FIRST_CALL_US = 8_000_000;

class DenseSession extends Session {
  /** Mean of the logarithm (base 2, of seconds) of its pauses, and how many there were. */
  level = 0;
  pauses = 0;
  pauseClass = 0;
  /** Mean duration of its calls, and how many have ended. */
  callUs = 0;
  endedCalls = 0;

  override save(): DenseState {
    const { level, pauses, pauseClass, callUs, endedCalls } = this;
    return { ...super.save(), level, pauses, pauseClass, callUs, endedCalls };
  }

  override load(state: DenseState): void {
    super.load(state);
    const { level, pauses, pauseClass, callUs, endedCalls } = state;
    Object.assign(this, { level, pauses, pauseClass, callUs, endedCalls });
  }
}

type DenseState = SessionState &
  Pick<DenseSession, 'level' | 'pauses' | 'pauseClass' | 'callUs' | 'endedCalls'>;

class HitDensity extends SessionPolicy<DenseSession> {
  readonly name = 'hit-density';
  private readonly pauses = new Pauses(LEVELS);
  private pausesSinceRefresh = 0;
  private allCallsUs = 0;
  private allCalls = 0;

  constructor(context: PagingContext) {
    super(context);
    this.pauses.refresh([]);
  }

  protected worth(session: DenseSession): number {
    // One that is ready for its next call is about to use its pages.
    if (session.waitsOn === 'core') return Infinity;
    return this.pauses.index(session.pauseClass, this.nowUs - session.idleSinceUs);
  }

  /** Its pages are taken for the call itself, too, before the pause begins; what it will wait for then is not known. */
  protected override limitFor(caller: DenseSession): number {
    const { callUs, endedCalls } = caller;
    const known = this.allCalls > 0 ? this.allCallsUs / this.allCalls : FIRST_CALL_US;
    return this.pauses.indexOfCall(levelOf(caller), endedCalls > 0 ? callUs : known);
  }

  protected override began(session: DenseSession, gapUs: number): void {
    if (gapUs < 0) return;
    this.pauses.end(session.pauseClass, gapUs);
    const step = Math.max(ALPHA, 1 / ++session.pauses);
    session.level += step * (this.pauses.logarithm(Math.min(gapUs, LONGEST_USUAL_US)) - session.level);
    if (++this.pausesSinceRefresh < REFRESH) return;
    this.pausesSinceRefresh = 0;
    this.pauses.refresh(this.underWay(session));
  }

  protected override ended(session: DenseSession): void {
    const durationUs = session.endedUs - session.beganUs;
    session.callUs += Math.max(ALPHA, 1 / ++session.endedCalls) * (durationUs - session.callUs);
    this.allCallsUs += durationUs;
    this.allCalls++;
    session.pauseClass = levelOf(session);
  }

  protected override paused(session: DenseSession): void {
    session.pauseClass = (session.pausedFor === 'person' ? LEVELS : 0) + levelOf(session);
  }

  protected override gone(session: DenseSession): void {
    if (session.calls > 0 && !session.isRunning)
      this.pauses.giveUp(session.pauseClass, this.nowUs - session.idleSinceUs);
  }

  protected override create(user: DenseSession['user'], list: number): DenseSession {
    return new DenseSession(user, list);
  }

  protected override saveOwn(): Json {
    const { pauses, pausesSinceRefresh, allCallsUs, allCalls } = this;
    return { pauses: pauses.save(), pausesSinceRefresh, allCallsUs, allCalls };
  }

  protected override loadOwn(state: Json): void {
    const { pauses, ...rest } = state as { pauses: Json; [figure: string]: Json };
    this.pauses.load(pauses);
    Object.assign(this, rest);
  }

  /** Pauses that have not ended; `caller`'s just has. */
  private *underWay(caller: DenseSession): Generator<readonly [pauseClass: number, lengthUs: number]> {
    for (const session of this.sessions.live())
      if (session !== caller && session.calls > 0 && !session.isRunning)
        yield [session.pauseClass, this.nowUs - session.idleSinceUs];
  }
}

function levelOf({ level, pauses }: DenseSession): number {
  return pauses === 0 ? NEW_SESSION : Math.max(0, Math.min(NEW_SESSION - 1, Math.floor(2 * level) - 3));
}
