/** What processes had reserved and used before a crash, by the ledger: a restored process counts on from there. */
import type { Process } from './process.ts';
import type { LedgerRecord } from './records.ts';

/** A reservation and what became of it. Without a known end it settled in full, at once: it may have used all of it. */
export interface Spending {
  readonly reserved: LedgerRecord;
  readonly settled: LedgerRecord;
}

/** One name for a reservation and its settlement. */
export function reservationKey({ run, pid, n, reservedUs, seq }: LedgerRecord): string {
  return `${run}/${pid}/${n}/${reservedUs}/${seq}`;
}

export class PastSpending {
  private readonly byProcess = new Map<string, Spending[]>();

  constructor(ledger: readonly LedgerRecord[]) {
    const settlements = new Map<string, LedgerRecord>();
    for (const record of ledger)
      if (record.what === 'settled') settlements.set(reservationKey(record), record);
    for (const reserved of ledger) {
      if (reserved.what !== 'reserved') continue;
      const spending = { reserved, settled: settlements.get(reservationKey(reserved)) ?? reserved };
      const known = this.byProcess.get(processKey(reserved));
      if (known === undefined) this.byProcess.set(processKey(reserved), [spending]);
      else known.push(spending);
    }
  }

  /** In the order of the reservations. */
  of(process: Pick<LedgerRecord, 'run' | 'pid'>): readonly Spending[] {
    return this.byProcess.get(processKey(process)) ?? [];
  }
}

/** Adds what `process` had spent to its usage. */
export function countUsage({ usage }: Pick<Process, 'usage'>, past: readonly Spending[]): void {
  for (const { settled } of past) {
    const { tokens, tokensCached, tokensOut, microDollars, coreUs } = settled;
    usage.tokensIn += tokens - tokensOut;
    usage.tokensCached += tokensCached;
    usage.tokensOut += tokensOut;
    usage.microDollars += microDollars;
    usage.coreUs += coreUs;
  }
}

const processKey = ({ run, pid }: Pick<LedgerRecord, 'run' | 'pid'>): string => `${run}/${pid}`;
