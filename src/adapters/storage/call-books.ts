/** Which reservations of a run are stored and not settled yet, and the last that is stored: enough to know most ledger records for new ones without reading any. */
import type { LedgerRecord } from '../../kernel/records.ts';

export class CallBook {
  private readonly open = new Set<string>();
  private lastUs = -Infinity;
  private lastSeq = -Infinity;

  /** Sure when true; when false it may be stored already. */
  isNew(record: LedgerRecord): boolean {
    return record.what === 'settled' ? this.open.has(reservationKey(record)) : this.isBehindAll(record);
  }

  /** What it returns takes the record out again, when all that was added behind it has been. */
  add(record: LedgerRecord): () => void {
    const { lastUs, lastSeq } = this;
    const key = reservationKey(record);
    const wasOpen = this.open.has(key);
    const isBehindAll = this.isBehindAll(record);
    // One that comes late may be settled already.
    if (record.what === 'settled') this.open.delete(key);
    else if (isBehindAll) this.open.add(key);
    if (isBehindAll) {
      this.lastUs = record.reservedUs;
      this.lastSeq = record.seq;
    }
    return () => {
      if (wasOpen) this.open.add(key);
      else this.open.delete(key);
      this.lastUs = lastUs;
      this.lastSeq = lastSeq;
    };
  }

  /** By the time and the number of its reservation: no stored one has the same. */
  private isBehindAll({ reservedUs, seq }: LedgerRecord): boolean {
    return reservedUs > this.lastUs || (reservedUs === this.lastUs && seq > this.lastSeq);
  }
}

/** A reservation is made once, and settled once. */
export function callKey(record: LedgerRecord): string {
  return `${record.what} ${reservationKey(record)}`;
}

function reservationKey({ pid, n, reservedUs, seq, node }: LedgerRecord): string {
  return `${pid} ${n} ${reservedUs} ${seq} ${node}`;
}
