/**
 * libCacheSim's binary records (../readers/oracle-general.ts), next accesses included. It has whole seconds only; a trace without times gets time 0
 * throughout, and one without sizes gets size 1.
 */
import { recordBytes } from '../readers/oracle-general.ts';
import { nextUses } from '../next-use.ts';
import type { ReferenceTrace } from '../reference-trace.ts';

const TWO_32 = 0x100000000;
const pieceRecords = 16_384;

export function* writeOracleGeneral(trace: ReferenceTrace): Generator<Uint8Array> {
  const { ids, sizes, timesUs } = trace;
  const next = nextUses(trace);
  for (let start = 0; start < ids.length; start += pieceRecords) {
    const end = Math.min(ids.length, start + pieceRecords);
    const piece = new Uint8Array((end - start) * recordBytes);
    const view = new DataView(piece.buffer);
    for (let index = start, at = 0; index < end; index++, at += recordBytes) {
      view.setUint32(at, timesUs === undefined ? 0 : Math.floor(timesUs[index]! / 1_000_000), true);
      view.setUint32(at + 4, ids[index]!, true);
      view.setUint32(at + 12, sizes === undefined ? 1 : sizes[index]!, true);
    }
    yield piece;
  }
}
