/**
 * libCacheSim's binary traces with the next access of each object, as its public data sets come: records of 24 bytes, little-endian, nothing before or
 * between them: time (uint32, seconds), object id (uint64), object size (uint32), next access (int64: the number of the request, counted from 1, that
 * next asks for this object; -1 or the largest int64: none). The next access is not used here: whoever needs it finds it from the ids.
 */
import { fileError } from '../../workloads/fields.ts';
import { ReferenceColumns } from '../reference-columns.ts';
import type { ReadingOptions } from '../reference-columns.ts';
import { secondUs } from './column-names.ts';

export const recordBytes = 24;

/** Throws KernelError INVALID_FILE when the last record is cut off. */
export async function readOracleGeneral(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadingOptions = {},
): Promise<ReferenceColumns> {
  const columns = new ReferenceColumns({ hasSizes: true, hasTimes: true, ...options });
  const cut = new Uint8Array(recordBytes); // a record that two chunks share
  let cutBytes = 0;
  let records = 0;
  for await (const chunk of chunks) {
    let start = 0;
    if (cutBytes > 0) {
      start = Math.min(recordBytes - cutBytes, chunk.length);
      cut.set(chunk.subarray(0, start), cutBytes);
      cutBytes += start;
      if (cutBytes < recordBytes) continue;
      records += addRecords(cut, columns);
    }
    const rest = chunk.subarray(start);
    const whole = addRecords(rest, columns);
    records += whole;
    cutBytes = rest.length - whole * recordBytes;
    cut.set(rest.subarray(rest.length - cutBytes));
  }
  if (cutBytes > 0) {
    const place = { file, at: `byte ${records * recordBytes}` };
    throw fileError(
      place,
      `record ${records + 1} is cut off after ${cutBytes} of ${recordBytes} bytes (read as oracleGeneral)`,
    );
  }
  return columns;
}

/** Returns how many whole records there were. */
function addRecords(bytes: Uint8Array, columns: ReferenceColumns): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.floor(bytes.length / recordBytes);
  for (let at = 0; at < count * recordBytes; at += recordBytes) {
    columns.add(
      view.getInt32(at + 4, true),
      view.getInt32(at + 8, true),
      view.getUint32(at + 12, true),
      view.getUint32(at, true) * secondUs,
    );
  }
  return count;
}

/**
 * Whether the beginning of a file can be one of this format, which has no mark of its own: in each of the first records the next access is none, or
 * later than the record itself and within reach, and times stay within 30 years.
 */
export function looksLikeOracleGeneral(head: Uint8Array): boolean {
  const count = Math.min(1_000, Math.floor(head.length / recordBytes));
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  for (let record = 0; record < count; record++) {
    const at = record * recordBytes;
    if (Math.abs(view.getUint32(at, true) - view.getUint32(0, true)) > 946_728_000) return false;
    const low = view.getUint32(at + 16, true);
    const high = view.getInt32(at + 20, true);
    const isNever = (low === 0xffffffff && high === -1) || (low === 0xffffffff && high === 0x7fffffff);
    if (!isNever && !(high >= 0 && high < 0x10000 && high * 0x100000000 + low > record)) return false;
  }
  return count > 0;
}
