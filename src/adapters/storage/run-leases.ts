/**
 * Leases of runs, with fencing: whoever takes a lease over raises its number, and writes of the one before, however late they come, are refused by theirs.
 *
 * Source of the construction: C. G. Gray and D. R. Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency", SOSP 1989; the rising number is that
 * of "sequencers" in M. Burrows, "The Chubby Lock Service for Loosely-Coupled Distributed Systems", OSDI 2006, section 2.4.
 */
import { emptyAuditHead } from '../../kernel/audit-log.ts';
import { leaseLost, type LeaseClaim, type LeaseVerdict } from '../../kernel/storage.ts';
import type { SqlSession } from './sql.ts';
import { runsTable } from './tables.ts';

const leaseColumns = ['version', 'fence', 'holder', 'leased_until_us'];

/** `own`: the number that this holder's lease had; undefined: it takes one for the first time. Throws LEASE_LOST when another has had it since. */
export async function takeLease(
  session: SqlSession,
  { run, holder, atUs, untilUs }: LeaseClaim,
  own: number | undefined,
): Promise<{ readonly verdict: LeaseVerdict; readonly fence: number }> {
  const [row] = await session.find(runsTable, ['name'], [{ name: run }], { lock: true });
  if (row === undefined) {
    await session.insert(runsTable, [
      {
        name: run,
        version: 1,
        places: 0,
        audit_count: emptyAuditHead.count,
        audit_hash: emptyAuditHead.hash,
        fence: 1,
        holder,
        leased_until_us: untilUs,
        pruned_us: null,
      },
    ]);
    return { verdict: { ok: true, holder, untilUs }, fence: 1 };
  }
  const { holder: heldBy, leased_until_us: heldUntilUs } = row;
  const fence = row['fence'] as number;
  // One that this holder has taken, and was not told of, is its own all the same.
  if (own !== undefined && own !== fence && heldBy !== holder) throw leaseLost(run);
  if (heldBy !== null && heldBy !== holder && (heldUntilUs as number) > atUs)
    return { verdict: { ok: false, holder: heldBy as string, untilUs: heldUntilUs as number }, fence };
  const next = heldBy === holder ? fence : fence + 1;
  const version = (row['version'] as number) + 1;
  await session.update(runsTable, leaseColumns, [
    { id: row['id']!, version, fence: next, holder, leased_until_us: untilUs },
  ]);
  return { verdict: { ok: true, holder, untilUs }, fence: next };
}

/** False: somebody else has it, or nobody. */
export async function giveLeaseBack(
  session: SqlSession,
  { run, holder }: Pick<LeaseClaim, 'run' | 'holder'>,
): Promise<boolean> {
  const [row] = await session.find(runsTable, ['name'], [{ name: run }], { lock: true });
  if (row?.['holder'] !== holder) return false;
  const { id, fence } = row;
  const version = (row['version'] as number) + 1;
  await session.update(runsTable, leaseColumns, [
    { id: id!, version, fence: fence!, holder: null, leased_until_us: null },
  ]);
  return true;
}
