/** Jobs as scheduling textbooks state them: an arrival, bursts of core time with I/O between them, and what a policy may ask of a job. */
import type { AgentSpec, AgentStep } from '../../agents/steps.ts';
import type { SchedulingFacts } from '../../kernel/scheduling-facts.ts';

export interface Job {
  readonly name: string;
  /** µs, integer ≥ 0. */
  readonly arrivalUs: number;
  /** Core time and I/O in turn, µs, integers ≥ 0: first a burst on a core, then perhaps I/O and another burst, and so on. At least one. */
  readonly burstsUs: readonly number[];
  /** 0 to 100, smaller runs first; default 50. */
  readonly priority?: number;
  readonly scheduling?: SchedulingFacts;
}

/** The tool that stands for every I/O device of a job. */
export const ioTool = 'io';

/** A job as a scripted agent: a burst is a model call of that length without a prompt, I/O is a tool call. */
export function agentOf({ name, arrivalUs, burstsUs, priority, scheduling }: Job): AgentSpec {
  return {
    name,
    arrivalUs,
    ...(priority === undefined ? {} : { priority }),
    scheduling: { expectedCoreUs: coreTimeUs(burstsUs), ...scheduling },
    steps: burstsUs.map((durationUs, index) => (index % 2 === 0 ? burst(durationUs) : io(durationUs))),
  };
}

/** The core time that a job with these bursts needs, µs. */
export function coreTimeUs(burstsUs: readonly number[]): number {
  return burstsUs.reduce((sum, us, index) => (index % 2 === 0 ? sum + us : sum), 0);
}

const burst = (durationUs: number): AgentStep => ({ op: 'think', tokensOut: 1, durationUs, keep: false });

const io = (durationUs: number): AgentStep => ({
  op: 'tools',
  keep: false,
  calls: [{ tool: ioTool, arguments: {}, result: '', durationUs }],
});
