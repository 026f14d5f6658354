/**
 * Recorded coding sessions as agents. They run in a closed loop: a call starts its think time after the answer before it, whenever that was.
 */
import type { AgentSpec, AgentStep } from '../../agents/steps.ts';
import {
  readWekaSessions,
  wekaBlockTokens,
  type WekaCall,
  type WekaChild,
  type WekaSession,
} from './weka-session.ts';

/** One agent per session; its sub-agents are spawned by its steps. */
export async function* parseWeka(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<AgentSpec> {
  for await (const session of readWekaSessions(file, lines)) yield agentOf(session);
}

function agentOf({ name, entries }: WekaSession): AgentSpec {
  const steps: AgentStep[] = [];
  let before: WekaCall | undefined;
  let children: WekaChild[] = [];
  for (const { call, child } of entries) {
    if (child !== undefined) {
      children.push(child);
      continue;
    }
    pushGap(steps, { fromUs: endOf(before), children, gapUs: gapBefore(call, before) });
    pushCall(steps, name, call);
    before = call;
    children = [];
  }
  pushGap(steps, { fromUs: endOf(before), children, gapUs: 0 });
  return { name, steps };
}

function pushCall(
  steps: AgentStep[],
  space: string,
  { keep, runs, tokensIn, tokensOut, apiUs }: WekaCall,
): void {
  steps.push(
    { op: 'context', space, blockTokens: wekaBlockTokens, keep, runs },
    {
      op: 'think',
      tokensIn, // with the last, partial block, which has no id
      tokensOut,
      ...(apiUs === null ? {} : { durationUs: apiUs }),
    },
  );
}

/** From the answer before to this call; before the first, from the beginning. */
function gapBefore(call: WekaCall, before: WekaCall | undefined): number {
  if (before === undefined) return call.startUs;
  // `think` counts from the last call whose time is known: not from the one before when that one's isn't.
  if (before.apiUs === null || call.thinkUs === null) return call.startUs - before.startUs;
  return call.thinkUs;
}

/** On the clock of the recording; where the time of the call is unknown, its start. */
function endOf(call: WekaCall | undefined): number {
  return call === undefined ? 0 : call.startUs + (call.apiUs ?? 0);
}

/**
 * The gap between two calls: sleep, spawn and wait in their recorded order. While the parent waits for a child the time passes
 * by itself; only the rest of the gap is slept. What is recorded as earlier than the gap happens at its beginning.
 */
function pushGap(
  steps: AgentStep[],
  { fromUs, children, gapUs }: { fromUs: number; children: readonly WekaChild[]; gapUs: number },
): void {
  const happenings = children.flatMap(({ key, session, startUs, endUs }) => [
    { atUs: startUs, isWait: false, step: { op: 'spawn', key, agent: agentOf(session) } as const },
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
