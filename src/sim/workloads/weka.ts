/**
 * Recorded coding sessions: for each model call its time, tokens, the blocks of its context, and how long the agent took
 * before it. They run in a closed loop: a call starts its think time after the answer before it, whenever that was.
 *
 * Format: JSON lines {id, tool, sys, r}; an entry of `r` is a call [t, in, out, keep, runs, think, api, stop] or a
 * sub-agent {agent_id, t, duration_ms, status, sub}. Seconds, but for duration_ms.
 * Source: callanjfox/kv-cache-tester (WEKA), run-length coded.
 */
import type { AgentSpec, AgentStep, ContextStep } from '../../agents/steps.ts';
import {
  arrayAt,
  fieldError,
  integerAt,
  jsonAt,
  numberedLines,
  objectAt,
  stringAt,
  timeUsAt,
} from './fields.ts';
import type { JsonObject, Place } from './fields.ts';

const wekaBlockTokens = 64;

/** One agent per session; its sub-agents are spawned by its steps. */
export async function* parseWeka(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<AgentSpec> {
  for await (const [lineNumber, line] of numberedLines(lines)) {
    const place = { file, at: `line ${lineNumber}` };
    const session = objectAt(place, 'session', jsonAt(place, line));
    const name = stringAt(place, 'id', session['id']);
    yield { name, steps: stepsOf(place, name, arrayAt(place, 'r', session['r'])) };
  }
}

interface Call {
  readonly startUs: number;
  /** Null when the time of the call is not known. */
  readonly apiUs: number | null;
  /** Null when there is no call before with a known time. */
  readonly thinkUs: number | null;
  readonly blockCount: number;
  readonly steps: readonly [ContextStep, AgentStep];
}

/** A sub-agent; `endUs` is undefined when nobody waits for it. */
interface Child {
  readonly key: string;
  readonly agent: AgentSpec;
  readonly startUs: number;
  readonly endUs: number | undefined;
}

function stepsOf(place: Place, space: string, entries: readonly unknown[]): AgentStep[] {
  if (entries.length === 0) throw fieldError(place, 'r', entries, 'at least one call');
  const steps: AgentStep[] = [];
  let before: Call | undefined;
  let children: Child[] = [];
  for (const [index, entry] of entries.entries()) {
    const entryPlace = { file: place.file, at: `${place.at}, entry ${index + 1}` };
    if (!Array.isArray(entry)) {
      children.push(childOf(entryPlace, space, objectAt(entryPlace, 'sub-agent', entry)));
      continue;
    }
    const call = callOf(entryPlace, space, entry, before);
    pushGap(steps, { fromUs: endOf(before), children, gapUs: gapBefore(call, before) });
    steps.push(...call.steps);
    before = call;
    children = [];
  }
  pushGap(steps, { fromUs: endOf(before), children, gapUs: 0 });
  return steps;
}

function callOf(place: Place, space: string, entry: readonly unknown[], before: Call | undefined): Call {
  if (entry.length !== 8)
    throw fieldError(place, 'call', entry, '[t, in, out, keep, runs, think, api, stop]');
  const [t, tokensInValue, out, keepValue, runsValue, think, api] = entry;
  const startUs = timeUsAt(place, 't', t, 1_000_000);
  if (before !== undefined && startUs < before.startUs) {
    throw fieldError(place, 't', t, `at least ${before.startUs / 1_000_000} (the call before)`);
  }
  const tokensIn = integerAt(place, 'in', tokensInValue);
  const keep = integerAt(place, 'keep', keepValue);
  const blocksBefore = before?.blockCount ?? 0;
  if (keep > blocksBefore)
    throw fieldError(place, 'keep', keep, `at most ${blocksBefore} (the blocks before)`);
  const runs = arrayAt(place, 'runs', runsValue).map((run) => runOf(place, run));
  const blockCount = runs.reduce((sum, [, count]) => sum + count, keep);
  if (blockCount * wekaBlockTokens > tokensIn) {
    throw fieldError(
      place,
      'in',
      tokensIn,
      `at least the ${blockCount * wekaBlockTokens} tokens of its blocks`,
    );
  }
  const apiUs = api === null ? null : timeUsAt(place, 'api', api, 1_000_000);
  return {
    startUs,
    apiUs,
    thinkUs: think === null ? null : timeUsAt(place, 'think', think, 1_000_000),
    blockCount,
    steps: [
      { op: 'context', space, blockTokens: wekaBlockTokens, keep, runs },
      {
        op: 'think',
        tokensIn, // with the last, partial block, which has no id
        tokensOut: integerAt(place, 'out', out),
        ...(apiUs === null ? {} : { durationUs: apiUs }),
      },
    ],
  };
}

function runOf(place: Place, run: unknown): readonly [first: number, count: number] {
  if (!Array.isArray(run) || run.length !== 2) throw fieldError(place, 'runs', run, '[first id, count] each');
  return [integerAt(place, 'first id of a run', run[0]), integerAt(place, 'count of a run', run[1], 1)];
}

/** From the answer before to this call; before the first, from the beginning. */
function gapBefore(call: Call, before: Call | undefined): number {
  if (before === undefined) return call.startUs;
  // `think` counts from the last call whose time is known: not from the one before when that one's isn't.
  if (before.apiUs === null || call.thinkUs === null) return call.startUs - before.startUs;
  return call.thinkUs;
}

/** On the clock of the recording; where the time of the call is unknown, its start. */
function endOf(call: Call | undefined): number {
  return call === undefined ? 0 : call.startUs + (call.apiUs ?? 0);
}

function childOf(place: Place, parent: string, entry: JsonObject): Child {
  const key = stringAt(place, 'agent_id', entry['agent_id']);
  const name = `${parent}/${key}`;
  const agent = { name, steps: stepsOf(place, name, arrayAt(place, 'sub', entry['sub'])) };
  const timeUs = timeUsAt(place, 't', entry['t'], 1_000_000);
  const { status } = entry;
  // `t` is the end of a completed one and the launch of the other kind.
  if (status === 'async_launched') return { key, agent, startUs: timeUs, endUs: undefined };
  if (status !== 'completed') throw fieldError(place, 'status', status, 'completed, async_launched');
  const durationUs = timeUsAt(place, 'duration_ms', entry['duration_ms'], 1000);
  return { key, agent, startUs: timeUs - durationUs, endUs: timeUs };
}

/**
 * The gap between two calls: sleep, spawn and wait in their recorded order. While the parent waits for a child the time passes
 * by itself; only the rest of the gap is slept. What is recorded as earlier than the gap happens at its beginning.
 */
function pushGap(
  steps: AgentStep[],
  { fromUs, children, gapUs }: { fromUs: number; children: readonly Child[]; gapUs: number },
): void {
  const happenings = children.flatMap(({ key, agent, startUs, endUs }) => [
    { atUs: startUs, isWait: false, step: { op: 'spawn', key, agent } as const },
    ...(endUs === undefined ? [] : [{ atUs: endUs, isWait: true, step: { op: 'wait', key } as const }]),
  ]);
  happenings.sort((a, b) => a.atUs - b.atUs); // stable: of one instant as in the file
  let nowUs = fromUs;
  for (const { atUs, isWait, step } of happenings) {
    if (!isWait) pushSleep(steps, atUs - nowUs);
    steps.push(step);
    nowUs = Math.max(nowUs, atUs);
  }
  pushSleep(steps, gapUs - (nowUs - fromUs));
}

function pushSleep(steps: AgentStep[], us: number): void {
  if (us > 0) steps.push({ op: 'sleep', us });
}
