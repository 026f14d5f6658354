/** A workload: agents to run, recorded or generated, and the counts that a report can be checked against. */
import type { AgentSpec } from '../../agents/steps.ts';
import { invalid } from '../../kernel/errors.ts';

/** The recorded formats, found by content. */
export type TraceFormat =
  | 'tau-bench'
  | 'swe-agent'
  | 'weka'
  | 'mooncake'
  | 'azure'
  | 'otel'
  | 'claude-code'
  | 'workload';

export interface Workload {
  /** The file's name, or what the generator is called. */
  readonly name: string;
  readonly format: TraceFormat | 'generated' | 'scenario';
  /** Whether every agent has its `arrivalUs`. */
  readonly hasArrivals: boolean;
  readonly agents: readonly AgentSpec[];
  readonly facts: WorkloadFacts;
}

/** Counted from the steps; all but `agents` include sub-agents at every depth. */
interface WorkloadFacts {
  readonly agents: number;
  readonly subAgents: number;
  readonly modelCalls: number;
  /** Of `modelCalls`, those of sub-agents. */
  readonly subAgentCalls: number;
  readonly toolCalls: number;
  /** Waits for a person. */
  readonly asks: number;
  /** Recorded messages (system, user, assistant, tool); 0 where the format records none. */
  readonly messages: number;
  /** Names of the tools that are called, in alphabetical order. */
  readonly tools: readonly string[];
}

export function workloadOf(name: string, format: Workload['format'], agents: readonly AgentSpec[]): Workload {
  const hasArrivals = agents.every(({ arrivalUs }) => arrivalUs !== undefined);
  return { name, format, hasArrivals, agents, facts: countFacts(agents) };
}

/** The first `count` agents, with their counts. Throws KernelError INVALID_ARGUMENT unless there are that many. */
export function firstAgents(workload: Workload, count: number, field = '--agents'): Workload {
  const { name, format, agents } = workload;
  if (!Number.isInteger(count) || count < 1 || count > agents.length) {
    throw invalid(field, count, `an integer from 1 to ${agents.length} (the agents of ${name})`);
  }
  return workloadOf(name, format, agents.slice(0, count));
}

function countFacts(agents: readonly AgentSpec[]): WorkloadFacts {
  const tools = new Set<string>();
  const counts = { subAgents: 0, modelCalls: 0, subAgentCalls: 0, toolCalls: 0, asks: 0, messages: 0 };
  const count = (agent: AgentSpec, isSubAgent: boolean): void => {
    counts.messages += agent.messages ?? 0;
    for (const step of agent.steps) {
      if (step.op === 'think') {
        counts.modelCalls++;
        if (isSubAgent) counts.subAgentCalls++;
      } else if (step.op === 'tools') {
        counts.toolCalls += step.calls.length;
        for (const { tool } of step.calls) tools.add(tool);
      } else if (step.op === 'ask') {
        counts.asks++;
      } else if (step.op === 'spawn') {
        counts.subAgents++;
        count(step.agent, true);
      }
    }
  };
  for (const agent of agents) count(agent, false);
  return { agents: agents.length, ...counts, tools: [...tools].toSorted() };
}

/** Of all model calls, sub-agents' included, as recorded; a call whose prompt is given by its pages alone counts none in. */
export function tokensOfWorkload({ agents }: Pick<Workload, 'agents'>): {
  readonly tokensIn: number;
  readonly tokensOut: number;
} {
  let [tokensIn, tokensOut] = [0, 0];
  for (const { steps } of agents)
    for (const step of steps) {
      const more =
        step.op === 'think'
          ? { tokensIn: step.tokensIn ?? 0, tokensOut: step.tokensOut }
          : step.op === 'spawn'
            ? tokensOfWorkload({ agents: [step.agent] })
            : { tokensIn: 0, tokensOut: 0 };
      tokensIn += more.tokensIn;
      tokensOut += more.tokensOut;
    }
  return { tokensIn, tokensOut };
}
