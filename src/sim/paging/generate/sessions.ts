/**
 * Agent sessions as page references: every model call references the blocks of its whole prompt, first to last, as an LLM server meets them. A prompt is a
 * chain: the blocks of the call before, then what the answer, the tool or the person added, until the context is compacted and only its first part stays.
 * Sessions arrive by chance and overlap; between the calls of one lie the model's, the tool's or the person's times, so that others come between. Sessions
 * of the same kind of agent begin with the same blocks (its system prompt and tools).
 *
 * Lengths and times are those of recorded coding agents (workloads/session-facts.ts).
 */
import type { AgentSpec, ContextStep } from '../../../agents/steps.ts';
import { rngFor } from '../../../base/rng.ts';
import { invalid } from '../../../kernel/errors.ts';
import { generateSessions } from '../../workloads/generate-sessions.ts';
import { ReferenceColumns } from '../reference-columns.ts';
import type { Allocate } from '../reference-columns.ts';
import type { ReferenceTrace } from '../reference-trace.ts';
import { checkCount } from './pattern.ts';

export interface SessionReferenceOptions {
  /** Sessions, 1 to 1,000,000. */
  readonly sessions: number;
  readonly seed: number | string;
  /** Sessions that begin in an hour, on average (a Poisson process), > 0. */
  readonly ratePerHour?: number;
  /** Tokens of a block, a multiple of 64. */
  readonly blockTokens?: number;
  /** Kinds of agents; each session is of one of them, evenly. */
  readonly kinds?: number;
  /** Tokens that all sessions of a kind begin with; whole blocks of them are shared. */
  readonly sharedTokens?: number;
  readonly allocate?: Allocate;
}

/** Mooncake's blocks; the shared part is about the shortest first context of the recordings. */
export const sessionReferenceDefaults = {
  ratePerHour: 30,
  blockTokens: 512,
  kinds: 4,
  sharedTokens: 6_144,
};

/** Throws KernelError INVALID_ARGUMENT. Times are kept; blocks have no sizes: all are equal. */
export function generateSessionReferences(options: SessionReferenceOptions): ReferenceTrace {
  const { sessions, seed, ratePerHour, blockTokens, kinds, sharedTokens, allocate } = {
    ...sessionReferenceDefaults,
    ...options,
  };
  if (!Number.isInteger(blockTokens / recordedTokens) || blockTokens < 1 || blockTokens > mostBlockTokens)
    throw invalid('blockTokens', blockTokens, `a multiple of ${recordedTokens} up to ${mostBlockTokens}`);
  checkCount('kinds', kinds);
  checkCount('sharedTokens', sharedTokens);
  const { agents } = generateSessions({ count: sessions, seed, arrivals: { kind: 'poisson', ratePerHour } });
  const kind = rngFor(seed, 'references/kinds');
  const prompts = agents.map(
    (_, session) =>
      new Prompt({
        session,
        // A kind is named like a session beyond the last one.
        kind: sessions + kind.integer(kinds),
        sharedBlocks: Math.floor(sharedTokens / blockTokens),
        partsPerBlock: blockTokens / recordedTokens,
      }),
  );
  const calls = agents.flatMap(callsOf);
  calls.sort((a, b) => a.atUs - b.atUs || a.session - b.session);
  const columns = new ReferenceColumns({ hasTimes: true, ...(allocate === undefined ? {} : { allocate }) });
  for (const call of calls) prompts[call.session]!.reference(call, columns);
  return columns.finish('sessions', 'generated');
}

/** Blocks of the session generator, of which ours are made. */
const recordedTokens = 64;
const mostBlockTokens = 65_536;

interface ModelCall {
  readonly atUs: number;
  readonly session: number;
  readonly context: ContextStep;
}

/** The model calls of a session, each at the time when all before it has ended. */
function callsOf(agent: AgentSpec, session: number): ModelCall[] {
  const calls: ModelCall[] = [];
  let nowUs = agent.arrivalUs ?? 0;
  for (const step of agent.steps) {
    if (step.op === 'context') calls.push({ atUs: nowUs, session, context: step });
    else if (step.op === 'think' || step.op === 'ask') nowUs += step.durationUs ?? 0;
    else if (step.op === 'tools') for (const { durationUs = 0 } of step.calls) nowUs += durationUs;
  }
  return calls;
}

interface PromptNaming {
  readonly session: number;
  readonly kind: number;
  readonly sharedBlocks: number;
  readonly partsPerBlock: number;
}

/** One session's prompt as it is now. */
class Prompt {
  private readonly naming: PromptNaming;
  /** [place] id of the recorded block; those of the first call are 1, 2, … */
  private readonly parts: number[] = [];
  private firstParts = 0;

  constructor(naming: PromptNaming) {
    this.naming = naming;
  }

  /** The prompt of this call, a reference to each whole block. A block is known by its last part, which only ever stands behind the same others. */
  reference({ atUs, context }: ModelCall, columns: ReferenceColumns): void {
    const { parts } = this;
    const { session, kind, sharedBlocks, partsPerBlock } = this.naming;
    parts.length = context.keep;
    for (const [first, count] of context.runs)
      for (let index = 0; index < count; index++) parts.push(first + index);
    if (this.firstParts === 0) this.firstParts = parts.length;
    for (let block = 0; (block + 1) * partsPerBlock <= parts.length; block++) {
      const place = (block + 1) * partsPerBlock;
      const id = parts[place - 1]!;
      const isShared = block < sharedBlocks && id === place && place <= this.firstParts;
      columns.add(id, isShared ? kind : session, 0, atUs);
    }
  }
}
