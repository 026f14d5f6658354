/**
 * Requests to an LLM service as references to the blocks of their prompts: JSON lines {timestamp (ms), hash_ids}, each hash id one reference, in order.
 * What the blocks mean, and where the format comes from: ../../workloads/mooncake.ts.
 */
import { arrayAt, integerAt, jsonAt, numberedLines, objectAt, timeUsAt } from '../../workloads/fields.ts';
import { ReferenceColumns } from '../reference-columns.ts';
import type { ReadingOptions } from '../reference-columns.ts';

const TWO_32 = 0x100000000;

/** Throws KernelError INVALID_FILE with the file and the line. */
export async function readMooncake(
  file: string,
  lines: AsyncIterable<string>,
  options: ReadingOptions = {},
): Promise<ReferenceColumns> {
  const columns = new ReferenceColumns({ hasTimes: true, ...options });
  for await (const [lineNumber, line] of numberedLines(lines)) {
    const place = { file, at: `line ${lineNumber}` };
    const request = objectAt(place, 'request', jsonAt(place, line));
    const timeUs = timeUsAt(place, 'timestamp', request['timestamp'], 1_000);
    for (const value of arrayAt(place, 'hash_ids', request['hash_ids'])) {
      const id = integerAt(place, 'hash_ids', value);
      columns.add(id | 0, Math.floor(id / TWO_32), 0, timeUs);
    }
  }
  return columns;
}
