/**
 * How long recorded tools and people take where a file doesn't say, or where other times than the recorded ones are wanted.
 * Each agent draws from a stream of its own, so that its times stay when others are added or left out.
 */
import { rngFor } from '../../base/rng.ts';
import type { Rng } from '../../base/rng.ts';
import { invalid } from '../../kernel/errors.ts';
import type { AgentSpec, AgentStep } from '../../agents/steps.ts';
import { workloadOf } from './workload.ts';
import type { Workload } from './workload.ts';
import { latencyDefaults, latencySampler, type LatencyQuantiles } from '../latency-defaults.ts';

/**
 * `recorded`: what the file has, drawn where it has none. `drawn`: all tool and person times are drawn, and model calls take
 * what the engine's rates say. Sleeps are part of what the agent does and stay in both.
 */
type LatencyMode = 'recorded' | 'drawn';

export interface LatencyOptions {
  readonly mode: LatencyMode;
  readonly seed: number | string;
  readonly tool?: LatencyQuantiles;
  readonly person?: LatencyQuantiles;
}

/** The workload with a time for every recorded tool call and every wait for a person. */
export function withLatencies(workload: Workload, options: LatencyOptions): Workload {
  const timesSeen = new Map<string, number>();
  const agents = workload.agents.map((agent) => {
    // Agents of one name must not take their times in lockstep.
    const count = (timesSeen.get(agent.name) ?? 0) + 1;
    timesSeen.set(agent.name, count);
    return agentWithLatencies(agent, options, count === 1 ? agent.name : `${agent.name}#${count}`);
  });
  return workloadOf(workload.name, workload.format, agents);
}

/** Draws from the stream `latency/NAME`; sub-agents from `latency/NAME/KEY`. */
export function agentWithLatencies(
  agent: AgentSpec,
  options: LatencyOptions,
  streamName = agent.name,
): AgentSpec {
  const rng = rngFor(options.seed, `latency/${streamName}`);
  const drawUs = {
    tool: sampler('tool', options.tool ?? latencyDefaults.tool),
    person: sampler('person', options.person ?? latencyDefaults.person),
  };
  const isDrawn = options.mode === 'drawn';
  const steps = agent.steps.map((step): AgentStep => {
    switch (step.op) {
      case 'think': {
        if (!isDrawn || step.durationUs === undefined) return step;
        const { durationUs: _recorded, ...rest } = step;
        return rest;
      }
      case 'tools': {
        // A call without a recorded result is really run, by a tool that has a time of its own.
        const calls = step.calls.map((call) =>
          call.result === undefined || (call.durationUs !== undefined && !isDrawn)
            ? call
            : { ...call, durationUs: drawUs.tool(rng) },
        );
        return { ...step, calls };
      }
      case 'ask':
        return step.durationUs !== undefined && !isDrawn ? step : { ...step, durationUs: drawUs.person(rng) };
      case 'spawn':
        return { ...step, agent: agentWithLatencies(step.agent, options, `${streamName}/${step.key}`) };
      default:
        return step;
    }
  });
  return { ...agent, steps };
}

/** Whole µs, at least 1. */
function sampler(field: string, { medianUs, p90Us }: LatencyQuantiles): (rng: Rng) => number {
  if (!(medianUs > 0 && medianUs <= longestUs)) {
    throw invalid(`${field}.medianUs`, medianUs, `a number of µs greater than 0, at most ${longestUs}`);
  }
  if (!(p90Us >= medianUs && p90Us <= longestUs)) {
    throw invalid(`${field}.p90Us`, p90Us, `a number of µs from the median (${medianUs}) to ${longestUs}`);
  }
  const draw = latencySampler({ medianUs, p90Us });
  return (rng) => Math.min(longestUs, draw(rng));
}
const longestUs = 2_592_000_000_000; // 30 days
