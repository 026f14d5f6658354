/**
 * Predicted next use: a session comes back after a pause as long as the median of its own latest ones; who is expected last leaves first. One that is overdue is
 * expected as far ahead as it is late. In a cache, a call whose session is expected back after all whom it would drive out keeps nothing at their cost.
 *
 * Source: the clairvoyant rule (L. A. Belady, 1966) on a prediction; the median of the latest pauses as the predictor, since they are heavy-tailed.
 * A session without a pause of its own yet is expected after the median pause of all sessions.
 */
import type { CreatePagingPolicy } from '../../../kernel/contracts.ts';
import type { Json } from '../../../kernel/ids.ts';
import { RecentTimes } from './recent-times.ts';
import { Session, type SessionState } from './session.ts';
import { SessionPolicy } from './session-policy.ts';

export const predictedNextUse: CreatePagingPolicy = (context) => new PredictedNextUse(context);

/** Of a session, and of all. */
const OWN_PAUSES = 31;
const ALL_PAUSES = 1_000;
/** Before any is known: about the time of a tool. */
const FIRST_PAUSE_US = 10_000_000;

class PausingSession extends Session {
  readonly pauses = new RecentTimes(OWN_PAUSES);
  /** Of its last call. */
  durationUs = 0;

  override save(): PausingState {
    return { ...super.save(), pauses: this.pauses.save(), durationUs: this.durationUs };
  }

  override load(state: PausingState): void {
    super.load(state);
    this.pauses.load(state.pauses);
    this.durationUs = state.durationUs;
  }
}

type PausingState = SessionState & { readonly pauses: number[]; readonly durationUs: number };

class PredictedNextUse extends SessionPolicy<PausingSession> {
  readonly name = 'predicted-next-use';
  private readonly pauses = new RecentTimes(ALL_PAUSES);

  protected worth(session: PausingSession): number {
    // One that is ready for its next call waits no longer.
    if (session.waitsOn === 'core') return -this.nowUs;
    const idleUs = this.nowUs - session.idleSinceUs;
    const pauseUs = this.pauseUs(session);
    return -(idleUs <= pauseUs ? session.idleSinceUs + pauseUs : this.nowUs + idleUs);
  }

  protected override limitFor(caller: PausingSession): number {
    return -(this.nowUs + caller.durationUs + this.pauseUs(caller));
  }

  protected override began(session: PausingSession, gapUs: number): void {
    if (gapUs < 0) return;
    session.pauses.add(gapUs);
    this.pauses.add(gapUs);
  }

  protected override ended(session: PausingSession): void {
    session.durationUs = session.endedUs - session.beganUs;
  }

  protected override create(user: PausingSession['user'], list: number): PausingSession {
    return new PausingSession(user, list);
  }

  protected override saveOwn(): Json {
    return this.pauses.save();
  }

  protected override loadOwn(state: Json): void {
    this.pauses.load(state as number[]);
  }

  private pauseUs({ pauses }: PausingSession): number {
    return pauses.median ?? this.pauses.median ?? FIRST_PAUSE_US;
  }
}
