import type { Pid } from '../../../kernel/ids.ts';

/** One process, as far as its calls tell of it. Policies extend it by what they learn. */
export class Session {
  /** 0: nobody, to whom pages belong whose user was not told. */
  readonly user: Pid | 0;
  /** Its pages: first what has left its prompt, then its prompt from the far end on. */
  readonly list: number;
  calls = 0;
  isRunning = false;
  hasExited = false;
  /** When its last call began, and when it ended; while one runs, the one before it. */
  beganUs = 0;
  endedUs = 0;
  /** What it waits for now, and what it first waited for when its last call had ended; '' until told. */
  waitsOn = '';
  pausedFor = '';
  /** Of its prompt, what its last call left in memory. */
  tokens = 0;

  // While a load is under way.
  worth = 0;
  lastUseUs = 0;
  isCandidate = false;
  /** Its next victim has left its prompt. */
  isStale = false;
  /** The page to look at next; 0: the first. */
  cursor = 0;

  constructor(user: Pid | 0, list: number) {
    this.user = user;
    this.list = list;
  }

  /** Since when no call of it runs, µs. */
  get idleSinceUs(): number {
    return Math.max(this.beganUs, this.endedUs);
  }

  /** What is known of it between two loads. Whoever extends it adds what it adds. */
  save(): SessionState {
    const { user, list, calls, isRunning, hasExited, beganUs, endedUs, waitsOn, pausedFor, tokens } = this;
    return { user, list, calls, isRunning, hasExited, beganUs, endedUs, waitsOn, pausedFor, tokens };
  }

  /** `state`: of the same user and list. */
  load({ calls, isRunning, hasExited, beganUs, endedUs, waitsOn, pausedFor, tokens }: SessionState): void {
    Object.assign(this, { calls, isRunning, hasExited, beganUs, endedUs, waitsOn, pausedFor, tokens });
  }
}

/** Plain data. */
export type SessionState = Pick<
  Session,
  | 'user'
  | 'list'
  | 'calls'
  | 'isRunning'
  | 'hasExited'
  | 'beganUs'
  | 'endedUs'
  | 'waitsOn'
  | 'pausedFor'
  | 'tokens'
>;
