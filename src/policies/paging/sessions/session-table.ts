/** The sessions by user, and by the list that each has its pages in: the list of one that has ended goes to another when nothing is left in it. */
import { assert } from '../../../base/assert.ts';
import type { Pid } from '../../../kernel/ids.ts';
import type { Session, SessionState } from './session.ts';

/** Plain data. */
export interface SessionTableState {
  /** Nobody first, then in order of their beginning, then those that have ended. */
  readonly sessions: readonly SessionState[];
  readonly freeLists: readonly number[];
}

/** The list of nobody, to whom pages belong whose user was not told. */
export const NOBODY = 0;

export class SessionTable<Own extends Session> {
  /** [list] Undefined: the list is free. */
  readonly byList: (Session | undefined)[];
  private readonly create: (user: Pid, list: number) => Own;
  private readonly notEnded = new Map<Pid, Own>();
  private readonly freeLists: number[] = [];

  constructor(nobody: Session, create: (user: Pid, list: number) => Own) {
    this.byList = [nobody];
    this.create = create;
  }

  get nobody(): Session {
    return this.byList[NOBODY]!;
  }

  /** Undefined: nobody told of it, or it has ended. */
  of(user: Pid): Own | undefined {
    return this.notEnded.get(user);
  }

  /** Those that have not ended. */
  live(): Iterable<Own> {
    return this.notEnded.values();
  }

  open(user: Pid): Own {
    const list = this.freeLists.pop() ?? this.byList.length;
    const session = this.create(user, list);
    this.notEnded.set(user, session);
    this.byList[list] = session;
    return session;
  }

  end(user: Pid): void {
    this.notEnded.delete(user);
  }

  /** Its list, which is empty, is free: it has ended. */
  close({ list }: Session): void {
    this.byList[list] = undefined;
    this.freeLists.push(list);
  }

  save(): SessionTableState {
    const ended = this.byList.filter((session) => session?.hasExited === true);
    const sessions = [this.nobody, ...this.notEnded.values(), ...ended];
    return { sessions: sessions.map((session) => session!.save()), freeLists: [...this.freeLists] };
  }

  /** `lists`: how many there are. */
  load({ sessions, freeLists }: SessionTableState, lists: number): void {
    const { byList } = this;
    assert(byList.length === 1, 'load into a table that is in use');
    while (byList.length < lists) byList.push(undefined);
    for (const state of sessions) {
      const { user, list, hasExited } = state;
      if (list === NOBODY) {
        this.nobody.load(state);
        continue;
      }
      const session = this.create(user as Pid, list);
      session.load(state);
      byList[list] = session;
      if (!hasExited) this.notEnded.set(user as Pid, session);
    }
    this.freeLists.push(...freeLists);
  }
}
