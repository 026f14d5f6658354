/** What an agent asks for, from its steps alone: what no scheduler can make shorter. */
import type { AgentSpec, AgentStep, ToolsStep } from '../../agents/steps.ts';
import type { SchedulingFacts } from '../../kernel/scheduling-facts.ts';
import { toolDefaults } from '../../kernel/tools.ts';
import type { Machine } from './machine.ts';

/** Times are µs. */
export interface Demand {
  /** From its start to its end if it were alone, on engines that find all of its context and have a core for each of its processes. */
  readonly criticalPathUs: number;
  /** Core time of its calls and those of its descendants. */
  readonly coreUs: number;
  /** Prompt and half of the answer of each call times its time, descendants included. */
  readonly tokenSeconds: number;
}

/**
 * A lower bound. The whole prompt of a call may be found in memory, so that one without a recorded duration is its decoding alone; waits of unknown length (a message, a lock) count nothing;
 * a tool may be given up at its time-out; and a child that nobody waits for may run after the end.
 */
export function leastDemand(agent: AgentSpec, machine: Machine): Demand {
  return demandOf(agent, { machine, isLeast: true });
}

/** What is expected if it runs alone: a call pays for what its prompt gained since the agent's last one, and all children count. */
function expectedDemand(agent: AgentSpec, machine: Machine): Demand {
  return demandOf(agent, { machine, isLeast: false });
}

/** The agents with what schedulers may want to know of them, as recorded: a scheduler that reads it is clairvoyant. What an agent says of itself goes before. */
export function withExpectations(agents: readonly AgentSpec[], machine: Machine): readonly AgentSpec[] {
  return agents.map((agent) => {
    const { coreUs, tokenSeconds } = expectedDemand(agent, machine);
    const expected: SchedulingFacts = { expectedCoreUs: coreUs, expectedTokenSeconds: tokenSeconds };
    return { ...agent, scheduling: { ...expected, ...agent.scheduling } };
  });
}

interface How {
  readonly machine: Machine;
  readonly isLeast: boolean;
}

function demandOf(agent: AgentSpec, { machine, isLeast }: How): Demand {
  let [atUs, coreUs, tokenSeconds] = [0, 0, 0];
  let prompt = 0;
  let found = 0;
  const children = new Map<string, { readonly endUs: number; readonly demand: Demand }>();
  const add = (demand: Demand): void => {
    coreUs += demand.coreUs;
    tokenSeconds += demand.tokenSeconds;
  };
  for (const step of agent.steps) {
    switch (step.op) {
      case 'think': {
        const tokens = Math.max(prompt, step.tokensIn ?? 0);
        const fresh = isLeast ? 0 : Math.max(0, tokens - found);
        const us = callUs(step, fresh, { machine, isLeast });
        coreUs += us;
        tokenSeconds += ((tokens + step.tokensOut / 2) * us) / 1_000_000;
        atUs += us;
        if (step.keep ?? step.text !== undefined) prompt += step.tokensOut;
        found = prompt;
        break;
      }
      case 'spawn': {
        const demand = demandOf(step.agent, { machine, isLeast });
        children.set(step.key, { endUs: atUs + demand.criticalPathUs, demand });
        if (!isLeast) add(demand);
        break;
      }
      case 'wait': {
        const child = children.get(step.key);
        if (child === undefined) break;
        atUs = Math.max(atUs, child.endUs);
        children.delete(step.key);
        if (isLeast) add(child.demand);
        break;
      }
      case 'context':
        prompt = contextTokens(prompt, step);
        break;
      case 'page':
        prompt += step.tokens ?? Math.ceil((step.text ?? '').length / 4);
        break;
      case 'tools':
        atUs += batchUs(step, { machine, isLeast });
        break;
      case 'sleep':
        atUs += step.us;
        break;
      case 'ask':
        atUs += step.durationUs ?? 0;
        break;
      case 'checkpoint':
      case 'send':
      case 'receive':
      case 'acquire':
      case 'release':
      case 'semOpen':
      case 'semWait':
      case 'semPost':
    }
  }
  return { criticalPathUs: atUs, coreUs, tokenSeconds };
}

function callUs(
  { durationUs, tokensOut }: Extract<AgentStep, { op: 'think' }>,
  fresh: number,
  { machine, isLeast }: How,
): number {
  if (durationUs !== undefined)
    return isLeast ? Math.floor(durationUs * machine.leastShareOfRecorded) : durationUs;
  const seconds = fresh / machine.prefillTokensPerSecond + tokensOut / machine.decodeTokensPerSecond;
  return isLeast ? Math.floor(seconds * 1_000_000) : Math.ceil(seconds * 1_000_000);
}

/** The prompt keeps its first blocks, which are alike, and takes in others. */
function contextTokens(prompt: number, step: Extract<AgentStep, { op: 'context' }>): number {
  const kept = Math.min(prompt, step.keep * step.blockTokens);
  return kept + step.runs.reduce((sum, [, count]) => sum + count * step.blockTokens, 0);
}

/** A batch of tool calls takes at least as long as its longest. */
function batchUs({ calls }: ToolsStep, { machine, isLeast }: How): number {
  return calls.reduce((longest, { tool, durationUs = 0 }) => {
    const timeoutUs = machine.toolTimeoutsUs.get(tool) ?? toolDefaults.timeoutUs;
    return Math.max(longest, isLeast ? Math.min(durationUs, timeoutUs) : durationUs);
  }, 0);
}
