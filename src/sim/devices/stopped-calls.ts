import type { Pid } from '../../kernel/ids.ts';
import type { Phases } from './call-phases.ts';

/**
 * What stopped calls still have to do, by pid: one row of 64 bytes for each in a typed array, so that taking one up again loads one line of
 * memory, and the garbage collector has nothing to follow or to move.
 */
export class StoppedCalls {
  private rows = new Float64Array(0);

  /** The plan that was taken last ends when its time is over. */
  tookCut = false;

  keep(pid: Pid, left: Phases, isCut: boolean): void {
    const at = pid * rowLength;
    if (at >= this.rows.length) this.grow(at);
    const { rows } = this;
    rows[at] = left.loadUs;
    rows[at + 1] = left.newPrefillUs;
    rows[at + 2] = left.repeatedPrefillUs;
    rows[at + 3] = left.decodeUs;
    rows[at + 4] = left.tokensOut;
    rows[at + 5] = left.tokensLeft;
    rows[at + 6] = isCut ? 2 : 1;
    rows[at + 7] = left.switchUs;
  }

  /** Moves what is kept for `pid` to `into`; false when nothing is. */
  take(pid: Pid, into: Phases): boolean {
    const { rows } = this;
    const at = pid * rowLength;
    if (at >= rows.length || rows[at + 6] === 0) return false;
    this.tookCut = rows[at + 6] === 2;
    into.loadUs = rows[at]!;
    into.newPrefillUs = rows[at + 1]!;
    into.repeatedPrefillUs = rows[at + 2]!;
    into.decodeUs = rows[at + 3]!;
    into.tokensOut = rows[at + 4]!;
    into.tokensLeft = rows[at + 5]!;
    into.switchUs = rows[at + 7]!;
    rows[at + 6] = 0;
    return true;
  }

  forget(pid: Pid): void {
    const at = pid * rowLength;
    if (at < this.rows.length) this.rows[at + 6] = 0;
  }

  private grow(at: number): void {
    let { length } = this.rows;
    length = Math.max(length, 16 * rowLength);
    while (length <= at) length *= 2;
    const rows = new Float64Array(length);
    rows.set(this.rows);
    this.rows = rows;
  }
}

/** Seven numbers of a plan, and whether there is one. */
const rowLength = 8;
