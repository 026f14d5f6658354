/**
 * What the logs of running agents tell of a session, whatever their format: when it asked a model, tools and people, how long each took, and how many tokens. No log tells the
 * prompts themselves, so that a context is taken to be what it is in nearly every agent: the context of the call before and what came since. Nothing of what was said is kept.
 */
import type { AgentSpec, AgentStep } from '../../agents/steps.ts';

/** Tokens of a block of such a context. */
const loggedBlockTokens = 64;

/** Times are µs on one clock for all sessions. */
export interface SessionLog {
  /** Its own among all sessions of the log. */
  readonly name: string;
  /** In any order. */
  readonly calls: readonly LoggedCall[];
  readonly tools: readonly LoggedTool[];
  /** When a person said something. */
  readonly peopleUs: readonly number[];
  readonly children: readonly ChildLog[];
}
export interface LoggedCall {
  readonly startUs: number;
  readonly endUs: number;
  /** Its start is not in the log: how long it took is not known. */
  readonly isUntimed?: boolean;
  /** The whole prompt, cached or not. */
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
}
export interface LoggedTool {
  readonly tool: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly failed: boolean;
}
export interface ChildLog extends SessionLog {
  /** Its parent goes on only when it has ended. */
  readonly isAwaited: boolean;
}

/** In the order in which they begin, the first one at 0. Sessions without a model call are left out. */
export function agentsOfLogs(logs: readonly SessionLog[]): AgentSpec[] {
  const spans = logs
    .filter((log) => callsOf(log) > 0)
    .map((log) => ({ log, startUs: startOf(log) }))
    .toSorted((a, b) => a.startUs - b.startUs);
  const firstUs = spans[0]?.startUs ?? 0;
  return spans.map(({ log, startUs }) => ({ ...agentOf(log, startUs), arrivalUs: startUs - firstUs }));
}

const callsOf = ({ calls, children }: SessionLog): number =>
  children.reduce((sum, child) => sum + callsOf(child), calls.length);

/** What happens between two model calls. */
interface Happening {
  readonly atUs: number;
  readonly kind: 'spawn' | 'tool' | 'person' | 'wait';
  readonly tool?: LoggedTool;
  readonly child?: ChildLog;
}

function agentOf(log: SessionLog, startUs: number): AgentSpec {
  const { calls, overlapping } = inSequence(log.calls);
  const children = [...log.children, ...overlapping.map((call, index) => aside(log, call, index + 1))];
  const happenings = happeningsOf(log, children);
  const steps: AgentStep[] = [];
  const context = new GrowingContext(log.name);
  let nowUs = startUs;
  let next = 0;
  for (const call of calls) {
    let last = next;
    while (last < happenings.length && happenings[last]!.atUs <= call.startUs) last++;
    nowUs = pushGap(steps, happenings.slice(next, last), nowUs);
    pushSleep(steps, call.startUs - nowUs);
    // A child that begins during the call begins before it, and sleeps until then.
    while (happenings[last]?.kind === 'spawn' && happenings[last]!.atUs < call.endUs)
      steps.push(spawnOf(happenings[last++]!.child!, call.startUs));
    steps.push(context.stepOf(call), thinkOf(call));
    nowUs = Math.max(nowUs, call.endUs);
    next = last;
  }
  pushGap(steps, happenings.slice(next), nowUs);
  return { name: log.name, steps };
}

/** An agent makes one call after the other; what it asked meanwhile is asked by a child. */
function inSequence(all: readonly LoggedCall[]): {
  readonly calls: readonly LoggedCall[];
  readonly overlapping: readonly LoggedCall[];
} {
  const calls: LoggedCall[] = [];
  const overlapping: LoggedCall[] = [];
  for (const call of all.toSorted((a, b) => a.startUs - b.startUs || a.endUs - b.endUs)) {
    const before = calls.at(-1);
    (before !== undefined && call.startUs < before.endUs ? overlapping : calls).push(call);
  }
  return { calls, overlapping };
}

function aside({ name }: SessionLog, call: LoggedCall, place: number): ChildLog {
  return {
    name: `${name}/beside-${place}`,
    calls: [call],
    tools: [],
    peopleUs: [],
    children: [],
    isAwaited: true,
  };
}

function happeningsOf(log: SessionLog, children: readonly ChildLog[]): Happening[] {
  const happenings: Happening[] = [
    ...log.peopleUs.map((atUs): Happening => ({ atUs, kind: 'person' })),
    ...log.tools.map((tool): Happening => ({ atUs: tool.startUs, kind: 'tool', tool })),
  ];
  for (const child of children) {
    if (callsOf(child) === 0) continue;
    happenings.push({ atUs: startOf(child), kind: 'spawn', child });
    if (child.isAwaited) happenings.push({ atUs: endOf(child), kind: 'wait', child });
  }
  const rank = { spawn: 0, tool: 1, person: 2, wait: 3 };
  return happenings.toSorted((a, b) => a.atUs - b.atUs || rank[a.kind] - rank[b.kind]);
}

/** Returns what time it is behind them. */
function pushGap(steps: AgentStep[], happenings: readonly Happening[], fromUs: number): number {
  let nowUs = fromUs;
  let rest = happenings;
  while (rest.length > 0) {
    const { atUs, kind, child } = rest[0]!;
    if (kind === 'tool') {
      const { batch, spawns, others, endUs } = batchOf(rest);
      pushSleep(steps, atUs - nowUs);
      nowUs = Math.max(nowUs, atUs);
      for (const spawned of spawns) steps.push(spawnOf(spawned, nowUs));
      steps.push(toolsOf(batch, nowUs));
      nowUs = Math.max(nowUs, endUs);
      rest = others;
      continue;
    }
    rest = rest.slice(1);
    // While a child is waited for, the time passes by itself.
    if (kind === 'person' && atUs > nowUs) steps.push({ op: 'ask', durationUs: atUs - nowUs });
    else if (kind === 'spawn') {
      pushSleep(steps, atUs - nowUs);
      steps.push(spawnOf(child!, atUs));
    } else if (kind === 'wait') steps.push({ op: 'wait', key: child!.name });
    nowUs = Math.max(nowUs, atUs);
  }
  return nowUs;
}

/** The first tool call and those that ran beside it. Children that began meanwhile begin before: the batch ends as a whole. */
function batchOf(happenings: readonly Happening[]) {
  const batch: LoggedTool[] = [];
  const spawns: ChildLog[] = [];
  const others: Happening[] = [];
  let endUs = happenings[0]!.atUs;
  for (const happening of happenings) {
    const { atUs, kind, tool, child } = happening;
    const isFirst = batch.length === 0;
    if (tool !== undefined && (isFirst || atUs < endUs)) {
      batch.push(tool);
      endUs = Math.max(endUs, tool.endUs);
    } else if (kind === 'spawn' && atUs < endUs) spawns.push(child!);
    else others.push(happening);
  }
  return { batch, spawns, others, endUs };
}

/** It sleeps until it begins. */
function spawnOf(child: ChildLog, nowUs: number): AgentStep {
  const agent = agentOf(child, Math.min(nowUs, startOf(child)));
  return { op: 'spawn', key: child.name, agent };
}

/** Recorded tools of one run work one after the other, so that each takes as long as it was the last one left. */
function toolsOf(batch: readonly LoggedTool[], fromUs: number): AgentStep {
  let nowUs = fromUs;
  const calls = batch
    .toSorted((a, b) => a.endUs - b.endUs)
    .map(({ tool, endUs, failed }) => {
      const durationUs = Math.max(0, endUs - nowUs);
      nowUs += durationUs;
      return {
        tool: tool.replaceAll(/[^a-zA-Z0-9_.-]/g, '_').slice(0, 128) || 'tool',
        arguments: {},
        result: '',
        ...(failed ? { failed } : {}),
        durationUs,
      };
    });
  return { op: 'tools', calls, keep: false };
}

function pushSleep(steps: AgentStep[], us: number): void {
  if (us > 0) steps.push({ op: 'sleep', us });
}

function thinkOf({ startUs, endUs, isUntimed, tokensIn, tokensOut }: LoggedCall): AgentStep {
  return {
    op: 'think',
    tokensIn,
    tokensOut,
    ...(isUntimed === true ? {} : { durationUs: endUs - startUs }),
    keep: false,
  };
}

/** A prompt that is shorter than the one before was cut back to what its provider still had cached. */
class GrowingContext {
  private readonly space: string;
  private tokens = 0;
  private blocks = 0;
  private nextBlock = 0;

  constructor(space: string) {
    this.space = space;
  }

  stepOf({ tokensIn, tokensCached }: LoggedCall): AgentStep {
    const whole = Math.floor(tokensIn / loggedBlockTokens);
    const shared = tokensIn >= this.tokens ? this.tokens : Math.min(tokensCached, this.tokens);
    const keep = Math.min(Math.floor(shared / loggedBlockTokens), this.blocks, whole);
    const count = whole - keep;
    const first = this.nextBlock;
    this.nextBlock += count;
    this.tokens = tokensIn;
    this.blocks = whole;
    const runs: readonly (readonly [number, number])[] = count === 0 ? [] : [[first, count]];
    return { op: 'context', space: this.space, blockTokens: loggedBlockTokens, keep, runs };
  }
}

function startOf(log: SessionLog): number {
  return [...log.calls, ...log.tools]
    .map(({ startUs }) => startUs)
    .concat(log.peopleUs, log.children.map(startOf))
    .reduce((first, us) => Math.min(first, us), Infinity);
}

function endOf(log: SessionLog): number {
  return [...log.calls, ...log.tools]
    .map(({ endUs }) => endUs)
    .concat(log.children.map(endOf))
    .reduce((last, us) => Math.max(last, us), -Infinity);
}
