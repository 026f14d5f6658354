/**
 * Requests to a chat service with the identity of their prompts: each prompt is a list of 512-token blocks, and equal ids
 * are equal prefixes, over all requests.
 * Format: JSON lines {timestamp (ms), input_length, output_length, hash_ids}.
 * Source: kvcache-ai/Mooncake (Qin et al., "Mooncake", FAST 2025).
 */
import { arrayAt, fieldError, integerAt, jsonAt, numberedLines, objectAt, timeUsAt } from './fields.ts';
import type { Place } from './fields.ts';

/** Consecutive ids, as the first one and how many. */
export type IdRun = readonly [first: number, count: number];

export const mooncakeBlockTokens = 512;

export interface MooncakeRequest {
  readonly place: Place;
  readonly atUs: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** At least one. The last block may be partial: `tokensIn` is the exact length. */
  readonly ids: readonly number[];
}

/** Throws KernelError INVALID_FILE with file and line. */
export async function* readMooncakeRequests(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<MooncakeRequest> {
  for await (const [lineNumber, line] of numberedLines(lines)) {
    const place = { file, at: `line ${lineNumber}` };
    const request = objectAt(place, 'request', jsonAt(place, line));
    yield {
      place,
      tokensIn: integerAt(place, 'input_length', request['input_length'], 1),
      ids: idsOf(place, arrayAt(place, 'hash_ids', request['hash_ids'])),
      atUs: timeUsAt(place, 'timestamp', request['timestamp'], 1000),
      tokensOut: integerAt(place, 'output_length', request['output_length']),
    };
  }
}

function idsOf(place: Place, ids: readonly unknown[]): number[] {
  if (ids.length === 0) throw fieldError(place, 'hash_ids', ids, 'at least one block id');
  return ids.map((id) => integerAt(place, 'hash_ids', id));
}

/** Ids are given in order of appearance, so new blocks come in long runs. */
export function runsOf(ids: readonly number[]): IdRun[] {
  const runs: [first: number, count: number][] = [];
  let last: [first: number, count: number] | undefined;
  for (const id of ids) {
    if (last !== undefined && id === last[0] + last[1]) last[1]++;
    else runs.push((last = [id, 1]));
  }
  return runs;
}
