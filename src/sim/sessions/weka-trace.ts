/** Recorded coding sessions (WEKA) as a session trace. */
import { readWekaSessions, wekaBlockTokens, type WekaSession } from '../workloads/weka-session.ts';
import type { RecordedCall, RecordedChain, RecordedSession, SessionTrace } from './session-trace.ts';

/** Throws KernelError INVALID_FILE with file and line. */
export async function readWekaTrace(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<SessionTrace> {
  const sessions: RecordedSession[] = [];
  for await (const session of readWekaSessions(file, lines))
    sessions.push({ name: session.name, chains: chainsOf(session, 0) });
  return { name: file, blockTokens: wekaBlockTokens, sessions };
}

function chainsOf({ entries, systemTokens }: WekaSession, startUs: number): RecordedChain[] {
  const calls: RecordedCall[] = [];
  const children: RecordedChain[] = [];
  for (const { call, child } of entries) {
    if (call === undefined) children.push(...chainsOf(child.session, startUs + child.startUs));
    else {
      const { apiUs, keep, runs, blockCount, tokensIn, tokensOut, stop } = call;
      const pause = stop === 'tool_use' ? 'tool' : stop === 'end_turn' ? 'person' : 'unknown';
      calls.push({
        startUs: call.startUs,
        durationUs: apiUs,
        keep,
        runs,
        blocks: blockCount,
        tokensIn,
        tokensOut,
        pause,
      });
    }
  }
  return [{ startUs, systemBlocks: Math.floor(systemTokens / wekaBlockTokens), calls }, ...children];
}
