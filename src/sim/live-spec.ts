/**
 * The kernel of a live run as plain data: what the header of its recording holds. The same description builds the same kernel live and in a rerun, which needs no model, no tool,
 * no file and no network: what came of them are inputs, and so is the task, as the arguments of the process that was spawned.
 */
import { agentProgramOf } from '../agents/loop/agent-program.ts';
import { clientAgentOf } from '../agents/client-agent.ts';
import { feedbackProgram } from '../agents/memory/feedback-program.ts';
import { reflectionProgramOf } from '../agents/memory/reflection-program.ts';
import { stepPrograms } from '../agents/programs.ts';
import { singleCallOf } from '../agents/single-call.ts';
import { team } from '../agents/teams/team.ts';
import type { CreateSchedulingPolicy } from '../kernel/contracts.ts';
import type { EngineOptions } from '../kernel/engine-options.ts';
import { invalid } from '../kernel/errors.ts';
import type { KernelOptionsInput } from '../kernel/options.ts';
import type { LedgerRecord } from '../kernel/records.ts';
import type { Program } from '../kernel/syscalls.ts';
import { toolSpecOf } from '../kernel/tool-data.ts';
import { kernelOptionsOf, type SimulationSpec } from './spec.ts';

/** Counts the tokens of a text; depends on nothing else. */
export type CountTokens = (text: string) => number;

/** `endless`: nothing ever leaves its memory, as towards a hosted model whose cache nobody can see. JSON has no number for that. */
export type LiveEngine = Partial<Omit<EngineOptions, 'memoryTokens'>> & {
  readonly memoryTokens?: number | 'endless';
};

/** `tools` are all there are: none is built in. */
export interface LiveSpec extends Omit<SimulationSpec, 'engines'> {
  readonly kind: 'live';
  readonly engines: readonly LiveEngine[];
  /** Programs that processes may run; a kernel with another version of one is another kernel. */
  readonly programs: readonly { readonly name: string; readonly version: number }[];
  /** With which the programs count what they put into their prompts; absent: the estimate. */
  readonly tokenizer?: string;
  /** What the kernels before it booked, of a run that it goes on with; absent: nothing. */
  readonly ledger?: readonly LedgerRecord[];
}

export interface LiveParts {
  /** The policy of `schedulerFile`. */
  readonly own?: CreateSchedulingPolicy | undefined;
  /** The tokenizer of that name. */
  readonly countTokens?: CountTokens | undefined;
}

export function isLiveSpec(spec: SimulationSpec | LiveSpec): spec is LiveSpec {
  return (spec as Partial<LiveSpec>).kind === 'live';
}

/** The programs that a live kernel knows, all of them, for `LiveSpec.programs`. */
export const liveProgramNames: LiveSpec['programs'] = livePrograms({}).map(({ name, version }) => ({
  name,
  version,
}));

/** For one kernel. Throws KernelError INVALID_ARGUMENT as `kernelOptionsOf` does, for a program that is not known in that version, and for a tokenizer that is not given. */
export function liveKernelOptions(spec: LiveSpec, parts: LiveParts = {}): KernelOptionsInput {
  if (spec.tokenizer !== undefined && parts.countTokens === undefined)
    throw invalid('tokenizer', spec.tokenizer, 'one that is here');
  const known = livePrograms(parts);
  const programs = spec.programs.map((wanted) => {
    const program = known.find(({ name, version }) => name === wanted.name && version === wanted.version);
    if (program === undefined)
      throw invalid(
        'program',
        `${wanted.name} version ${wanted.version}`,
        known.map(({ name, version }) => `${name} version ${version}`).join(', '),
      );
    return program;
  });
  const engines = spec.engines.map(engineOf);
  const { plan: _nothingIsKnown, ...options } = kernelOptionsOf({ ...spec, engines }, parts.own);
  return {
    ...options,
    tools: spec.tools.map(toolSpecOf),
    programs,
    ...(spec.ledger === undefined ? {} : { ledger: spec.ledger }),
  };
}

function engineOf({ memoryTokens, ...rest }: LiveEngine): Partial<EngineOptions> {
  if (memoryTokens === undefined) return rest;
  return { ...rest, memoryTokens: memoryTokens === 'endless' ? Infinity : memoryTokens };
}

function livePrograms({ countTokens }: LiveParts): readonly Program[] {
  return [
    agentProgramOf(countTokens === undefined ? {} : { countTokens }),
    singleCallOf(countTokens),
    clientAgentOf(countTokens),
    feedbackProgram,
    reflectionProgramOf(countTokens),
    team,
    ...stepPrograms,
  ];
}
