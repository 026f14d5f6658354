/**
 * Requests to a chat service with the identity of their prompts: each prompt is a list of 512-token blocks, and equal ids
 * are equal prefixes, over all requests.
 * Format: JSON lines {timestamp (ms), input_length, output_length, hash_ids}.
 * Source: kvcache-ai/Mooncake (Qin et al., "Mooncake", FAST 2025).
 */
import type { AgentSpec } from '../../agents/steps.ts';
import { arrayAt, fieldError, integerAt, jsonAt, numberedLines, objectAt, timeUsAt } from './fields.ts';
import type { Place } from './fields.ts';

const mooncakeBlockTokens = 512;

/** One agent per request, arriving when recorded. The last block may be partial: `tokensIn` is the exact length. */
export async function* parseMooncake(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<AgentSpec> {
  let requestCount = 0;
  for await (const [lineNumber, line] of numberedLines(lines)) {
    const place = { file, at: `line ${lineNumber}` };
    const request = objectAt(place, 'request', jsonAt(place, line));
    requestCount++;
    const tokensIn = integerAt(place, 'input_length', request['input_length'], 1);
    const runs = runsOf(place, arrayAt(place, 'hash_ids', request['hash_ids']));
    yield {
      name: `request-${requestCount}`,
      arrivalUs: timeUsAt(place, 'timestamp', request['timestamp'], 1000),
      steps: [
        { op: 'context', space: 'mooncake', blockTokens: mooncakeBlockTokens, keep: 0, runs },
        {
          op: 'think',
          tokensIn,
          tokensOut: integerAt(place, 'output_length', request['output_length']),
        },
      ],
    };
  }
}

/** Consecutive ids as [first, count]: ids are given in order of appearance, so new blocks come in long runs. */
function runsOf(place: Place, ids: readonly unknown[]): (readonly [first: number, count: number])[] {
  if (ids.length === 0) throw fieldError(place, 'hash_ids', ids, 'at least one block id');
  const runs: [first: number, count: number][] = [];
  let last: [first: number, count: number] | undefined;
  for (const value of ids) {
    const id = integerAt(place, 'hash_ids', value);
    if (last !== undefined && id === last[0] + last[1]) last[1]++;
    else runs.push((last = [id, 1]));
  }
  return runs;
}
