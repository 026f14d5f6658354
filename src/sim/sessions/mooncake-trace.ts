/**
 * Requests to a chat service (Mooncake's) as a session trace. Which conversation a request belongs to is not recorded, but an id names its block and all before it:
 *
 * a request continues the session whose last request it extends, when it has all whole blocks of that, and the last of these was first seen in that session.
 *
 * The second condition keeps apart sessions that begin alike (a system prompt, a document). What extends nothing, or an older request (an answer that
 * is written anew, or somebody else with the same beginning), begins a session; nothing of others is shared. Not recorded are durations, pauses and where the system prompt ends.
 */
import { fieldError } from '../workloads/fields.ts';
import {
  mooncakeBlockTokens,
  readMooncakeRequests,
  runsOf,
  type MooncakeRequest,
} from '../workloads/mooncake-requests.ts';
import type { RecordedCall, SessionTrace } from './session-trace.ts';

interface Conversation {
  readonly name: string;
  readonly beganUs: number;
  readonly calls: RecordedCall[];
  /** Whole blocks of its last request. */
  last: readonly number[];
}

/** Throws KernelError INVALID_FILE with file and line; times must not go back. */
export async function readMooncakeTrace(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<SessionTrace> {
  const conversations: Conversation[] = [];
  /** [block] the conversation in which it was first seen. */
  const seenIn = new Map<number, Conversation>();
  let lastUs = 0;
  for await (const request of readMooncakeRequests(file, lines)) {
    const { atUs, tokensIn, tokensOut, place } = request;
    if (atUs < lastUs)
      throw fieldError(place, 'timestamp', atUs / 1000, `a number from ${lastUs / 1000}, the one before, up`);
    lastUs = atUs;
    const blocks = wholeBlocks(request);
    let own = continuedBy(blocks, seenIn);
    if (own === undefined) {
      own = { name: `session-${conversations.length + 1}`, beganUs: atUs, calls: [], last: [] };
      conversations.push(own);
    }
    const keep = own.last.length;
    own.calls.push({
      startUs: atUs - own.beganUs,
      durationUs: null,
      keep,
      runs: runsOf(blocks.slice(keep)),
      blocks: blocks.length,
      tokensIn,
      tokensOut,
      pause: 'unknown',
    });
    own.last = blocks;
    for (const block of blocks) if (!seenIn.has(block)) seenIn.set(block, own);
  }
  return {
    name: file,
    blockTokens: mooncakeBlockTokens,
    sessions: conversations.map(({ name, calls }) => ({
      name,
      chains: [{ startUs: 0, systemBlocks: 0, calls }],
    })),
  };
}

function wholeBlocks({ place, ids, tokensIn }: MooncakeRequest): readonly number[] {
  const whole = Math.floor(tokensIn / mooncakeBlockTokens);
  if (ids.length < whole)
    throw fieldError(place, 'hash_ids', ids, `an id for each of the ${whole} whole blocks of input_length`);
  return ids.slice(0, whole);
}

function continuedBy(
  blocks: readonly number[],
  seenIn: ReadonlyMap<number, Conversation>,
): Conversation | undefined {
  // What nobody has asked before stands at the end.
  const known = blocks.findLast((block) => seenIn.has(block));
  const candidate = known === undefined ? undefined : seenIn.get(known)!;
  const tip = candidate?.last.at(-1);
  if (candidate === undefined || tip === undefined || seenIn.get(tip) !== candidate) return undefined;
  return candidate.last.every((block, at) => blocks[at] === block) ? candidate : undefined;
}
