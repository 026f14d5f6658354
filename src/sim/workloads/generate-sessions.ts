/** Generated coding-agent sessions that look like recorded ones (session-facts.ts), at any size, from a seed. */
import { empirical, logNormal, weightedChoice } from '../../base/distributions.ts';
import { clampInteger } from '../../base/math.ts';
import { rngFor } from '../../base/rng.ts';
import type { Rng } from '../../base/rng.ts';
import type { AgentSpec, AgentStep } from '../../agents/steps.ts';
import { invalid } from '../../kernel/errors.ts';
import { withArrivals } from './arrivals.ts';
import type { Arrivals } from './arrivals.ts';
import * as facts from './session-facts.ts';
import { workloadOf } from './workload.ts';
import type { Workload } from './workload.ts';

export interface SessionOptions {
  /** Sessions, 1 to 1,000,000. */
  readonly count: number;
  readonly seed: number | string;
  readonly arrivals?: Exclude<Arrivals, { kind: 'recorded' }>;
  /** Factors on what was recorded, each > 0 and at most 1,000: calls of a session; context; answers; times of tools and people. */
  readonly calls?: number;
  readonly context?: number;
  readonly answers?: number;
  readonly waits?: number;
  /** `drawn`: a call takes a time like the recorded ones; `engine`: what the engine's rates say. */
  readonly callTimes?: 'drawn' | 'engine';
  /** The tools with their weights; at least one weight above 0. */
  readonly tools?: Readonly<Record<string, number>>;
}

/** Times are drawn; the mix of tools is a convention (the recordings don't name the tools). */
const sessionDefaults: Required<Omit<SessionOptions, 'count' | 'seed'>> = {
  arrivals: { kind: 'all' },
  calls: 1,
  context: 1,
  answers: 1,
  waits: 1,
  callTimes: 'drawn',
  tools: { shell: 5, read: 3, edit: 2, grep: 1 },
};

const blockTokens = 64;

/** One agent per session, each with a stream of its own. Throws KernelError INVALID_ARGUMENT. */
export function generateSessions(options: SessionOptions): Workload {
  const complete = { ...sessionDefaults, ...options };
  checkOptions(complete);
  const draw = samplers(complete);
  const agents = Array.from({ length: complete.count }, (_, index): AgentSpec => {
    const name = `session-${index + 1}`;
    return { name, steps: session(name, draw, rngFor(complete.seed, `sessions/${name}`)) };
  });
  const workload = workloadOf('sessions', 'generated', agents);
  return withArrivals(workload, complete.arrivals, complete.seed, 'arrivals');
}

/** One session's chance. Numbers come out whole, in tokens and µs. */
type Samplers = ReturnType<typeof samplers>;

function samplers(options: Required<SessionOptions>) {
  const { calls, context, answers, waits, callTimes } = options;
  const scaled = (points: Parameters<typeof empirical>[0], factor: number) => {
    const sample = empirical(points, 'logarithm');
    return (rng: Rng): number => clampInteger(sample(rng) * factor, 1, Number.MAX_SAFE_INTEGER);
  };
  const secondUs = 1_000_000;
  const tools = Object.keys(options.tools);
  const toolIndex = weightedChoice(Object.values(options.tools));
  const window = weightedChoice(facts.compactionAt.map(({ share }) => share));
  const shareLeft = empirical(facts.afterCompaction);
  const spread = logNormal({ median: 1, p90: facts.callSeconds.spreadP90 });
  return {
    callCount: scaled(facts.callsPerSession, calls),
    longSessionCalls: facts.longSessionCalls * calls,
    shortFirst: scaled(facts.firstContext.short, context),
    longFirst: scaled(facts.firstContext.long, context),
    answer: scaled(facts.answerTokens, answers),
    added: scaled(facts.addedTokens, context),
    toolUs: scaled(facts.toolSeconds, waits * secondUs),
    personUs: scaled(facts.personSeconds, waits * secondUs),
    tool: (rng: Rng): string => tools[toolIndex(rng)]!,
    endsInTool: (rng: Rng): boolean => rng.next() < facts.toolCallShare,
    /** Where this session's context is compacted, tokens. */
    limit: (rng: Rng): number => {
      const { from, to } = facts.compactionAt[window(rng)]!;
      return Math.round((from + (to - from) * rng.next()) * context);
    },
    largestLimit: facts.compactionAt.at(-1)!.to * context,
    compacted: (tokens: number, rng: Rng): number => Math.max(1, Math.round(tokens * shareLeft(rng))),
    keptTokens: facts.keptAtCompaction * context,
    callUs: (tokensIn: number, tokensOut: number, rng: Rng): { durationUs: number } | undefined => {
      const { fixed, perPromptToken, perAnswerToken } = facts.callSeconds;
      const seconds = fixed + perPromptToken * tokensIn + perAnswerToken * tokensOut;
      const durationUs = clampInteger(seconds * spread(rng) * secondUs, 1, Number.MAX_SAFE_INTEGER);
      return callTimes === 'drawn' ? { durationUs } : undefined;
    },
  };
}

function session(space: string, draw: Samplers, rng: Rng): AgentStep[] {
  const steps: AgentStep[] = [];
  const callCount = draw.callCount(rng);
  let tokensIn = callCount < draw.longSessionCalls ? draw.shortFirst(rng) : draw.longFirst(rng);
  // A session that begins longer than its window has the largest.
  const drawnLimit = draw.limit(rng);
  const limit = drawnLimit > tokensIn ? drawnLimit : draw.largestLimit;
  let keep = 0;
  let nextId = 1;
  for (let call = 1; ; call++) {
    const blockCount = Math.floor(tokensIn / blockTokens);
    steps.push({
      op: 'context',
      space,
      blockTokens,
      keep,
      runs: blockCount > keep ? [[nextId, blockCount - keep]] : [],
    });
    nextId += blockCount - keep;
    const tokensOut = draw.answer(rng);
    steps.push({ op: 'think', tokensIn, tokensOut, ...draw.callUs(tokensIn, tokensOut, rng) });
    if (call === callCount) return steps;
    steps.push(draw.endsInTool(rng) ? toolStep(draw, rng) : { op: 'ask', durationUs: draw.personUs(rng) });
    const before = tokensIn;
    tokensIn += tokensOut + draw.added(rng);
    keep = blockCount;
    if (tokensIn > limit) {
      tokensIn = draw.compacted(before, rng);
      keep = Math.floor(Math.min(draw.keptTokens, tokensIn) / blockTokens);
    }
  }
}

/** The result is part of the next call's blocks, so it makes no page of its own. */
function toolStep(draw: Samplers, rng: Rng): AgentStep {
  const call = { tool: draw.tool(rng), arguments: {}, result: '', durationUs: draw.toolUs(rng) };
  return { op: 'tools', calls: [call], keep: false };
}

function checkOptions(options: Required<SessionOptions>): void {
  const { count, calls, context, answers, waits, tools } = options;
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) {
    throw invalid('count', count, 'an integer from 1 to 1000000');
  }
  for (const [field, factor] of Object.entries({ calls, context, answers, waits })) {
    if (!(factor > 0 && factor <= 1000))
      throw invalid(field, factor, 'a number greater than 0, at most 1000');
  }
  const weights = Object.values(tools);
  const isAllowed =
    weights.every((weight) => weight >= 0 && weight <= 1_000_000) && weights.some((weight) => weight > 0);
  if (!isAllowed)
    throw invalid('tools', JSON.stringify(tools), 'weights from 0 to 1000000, one of them above 0');
}
