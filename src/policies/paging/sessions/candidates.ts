/** The sessions that a load may still evict from, and the one of these that is worth least. Few are asked for: it is looked for when it is not known. */
import type { Session } from './session.ts';

export class Candidates {
  private sessions: Session[] = [];
  private known: Session | undefined = undefined;

  clear(): void {
    for (const session of this.sessions) session.isCandidate = false;
    this.sessions = [];
    this.known = undefined;
  }

  /** It must be valued then. */
  add(session: Session): void {
    session.isCandidate = true;
    this.sessions.push(session);
  }

  /** Nothing more of it may leave. */
  remove(session: Session): void {
    session.isCandidate = false;
    this.sessions.splice(this.sessions.indexOf(session), 1);
    this.known = undefined;
  }

  /** What one of them is worth has changed. */
  valued(): void {
    this.known = undefined;
  }

  /** Undefined: none is left. */
  lowest(): Session | undefined {
    return (this.known ??= this.findLowest());
  }

  private findLowest(): Session | undefined {
    let lowest: Session | undefined;
    for (const session of this.sessions)
      if (lowest === undefined || isBefore(session, lowest)) lowest = session;
    return lowest;
  }
}

function isBefore(a: Session, b: Session): boolean {
  if (a.worth !== b.worth) return a.worth < b.worth;
  if (a.lastUseUs !== b.lastUseUs) return a.lastUseUs < b.lastUseUs;
  return a.list < b.list;
}
