/**
 * libCacheSim's binary records (../readers/oracle-general.ts), next accesses included. It has whole seconds only; a trace without times gets time 0
 * throughout, and one without sizes gets size 1.
 */
import { NEVER_USED } from '../../../kernel/contracts.ts';
import { nextUses } from '../next-use.ts';
import { secondUs } from '../readers/column-names.ts';
import { recordBytes } from '../readers/oracle-general.ts';
import type { ReferenceTrace } from '../reference-trace.ts';

const pieceRecords = 16_384;

export function* writeOracleGeneral({ ids, unique, sizes, timesUs }: ReferenceTrace): Generator<Uint8Array> {
  const next = nextUses(ids, unique);
  for (let start = 0; start < ids.length; start += pieceRecords) {
    const end = Math.min(ids.length, start + pieceRecords);
    const piece = new Uint8Array((end - start) * recordBytes);
    const view = new DataView(piece.buffer);
    for (let index = start, at = 0; index < end; index++, at += recordBytes) {
      const nextIndex = next[index]!;
      const isLast = nextIndex === NEVER_USED;
      view.setUint32(at, timesUs === undefined ? 0 : Math.floor(timesUs[index]! / secondUs), true);
      view.setUint32(at + 4, ids[index]!, true);
      view.setUint32(at + 12, sizes === undefined ? 1 : sizes[index]!, true);
      // Requests are counted from 1; -1 is never.
      view.setUint32(at + 16, isLast ? 0xffffffff : nextIndex + 1, true);
      view.setUint32(at + 20, isLast ? 0xffffffff : 0, true);
    }
    yield piece;
  }
}
