/** Which reservations of a run are stored and not settled yet, and the last that is stored: enough to know most ledger records for new ones without reading any. */
import type { LedgerRecord } from '../../kernel/records.ts';

export class CallBook {
  /** Few at a time. */
  private readonly open: LedgerRecord[] = [];
  private lastUs = -Infinity;
  private lastSeq = -Infinity;

  /** Sure when true; when false it may be stored already. */
  isNew(record: LedgerRecord): boolean {
    return record.what === 'settled' ? this.placeOf(record) !== -1 : this.isBehindAll(record);
  }

  /** What it returns takes the record out again, when all that was added behind it has been. */
  add(record: LedgerRecord): () => void {
    const { open, lastUs, lastSeq } = this;
    const isBehindAll = this.isBehindAll(record);
    const place = this.placeOf(record);
    const closed = record.what === 'settled' && place !== -1 ? open[place] : undefined;
    if (closed !== undefined) open.splice(place, 1);
    // One that comes late may be settled already.
    const isOpened = record.what === 'reserved' && isBehindAll;
    if (isOpened) open.push(record);
    if (isBehindAll) {
      this.lastUs = record.reservedUs;
      this.lastSeq = record.seq;
    }
    return () => {
      if (isOpened) open.pop();
      if (closed !== undefined) open.splice(place, 0, closed);
      this.lastUs = lastUs;
      this.lastSeq = lastSeq;
    };
  }

  private placeOf({ pid, n, reservedUs, seq, node }: LedgerRecord): number {
    return this.open.findIndex(
      (other) =>
        other.seq === seq &&
        other.reservedUs === reservedUs &&
        other.n === n &&
        other.pid === pid &&
        other.node === node,
    );
  }

  /** By the time and the number of its reservation: no stored one has the same. */
  private isBehindAll({ reservedUs, seq }: LedgerRecord): boolean {
    return reservedUs > this.lastUs || (reservedUs === this.lastUs && seq > this.lastSeq);
  }
}

/** A reservation is made once, and settled once. */
export function callKey({ what, pid, n, reservedUs, seq, node }: LedgerRecord): string {
  return `${what} ${pid} ${n} ${reservedUs} ${seq} ${node}`;
}
