/** WORKLOAD of `ringzero compare`: recorded agents on a kernel of flags, or a scenario file, which has a kernel of its own. Found by content. */
import { openInputFile } from '../../adapters/files/input-file.ts';
import { engineDefaults } from '../../kernel/engine-options.ts';
import { KernelError } from '../../kernel/errors.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { formatCount } from '../../report/format.ts';
import { machineOf } from '../../sim/compare/machine.ts';
import type { ComparedWorkload } from '../../sim/compare/compared-workload.ts';
import { kernelOptionsOf, type SimulationSpec } from '../../sim/spec.ts';
import { withArrivals } from '../../sim/workloads/arrivals.ts';
import { isScenario } from '../../sim/workloads/detect.ts';
import { readWorkload } from '../../sim/workloads/read-workload.ts';
import { parseScenario } from '../../sim/workloads/scenario.ts';
import type { Workload } from '../../sim/workloads/workload.ts';
import { chosenAgents, kernelFlagNames, kernelSpec, type KernelFlags } from '../kernel-flags.ts';
import { isGiven } from '../run-flags.ts';

export interface CompareInput {
  readonly compared: ComparedWorkload;
  /** Those of the first seed. */
  readonly workload: Workload;
  readonly spec: SimulationSpec;
  /** Of the command line, else of the scenario. */
  readonly seed: number;
  /** How agents arrive, in a few words. */
  readonly arrivals: string;
}

/** Throws KernelError INVALID_FILE, or INVALID_ARGUMENT for flags that don't go together. */
export async function readCompared(path: string, flags: KernelFlags): Promise<CompareInput> {
  const file = await openInputFile(path);
  return isScenario(await file.head())
    ? scenarioInput(file.name, await file.text(), flags)
    : recordedInput(await readWorkload(file, '; or a scenario (JSON object with agents)'), flags);
}

function scenarioInput(name: string, text: string, flags: KernelFlags): CompareInput {
  const stray = kernelFlagNames().find((flag) => isGiven(flags, flag));
  if (stray !== undefined)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `${stray}: means nothing with ${name}, a scenario, which has a kernel and arrivals of its own; allowed with recorded agents`,
    );
  const given = isGiven(flags, '--seed') ? { seed: flags.seed } : {};
  const { spec, workload } = parseScenario(name, text, given);
  return {
    compared: { kind: 'scenario', name, text },
    workload,
    spec,
    seed: spec.seed,
    arrivals: 'as the scenario says',
  };
}

function recordedInput(whole: Workload, flags: KernelFlags): CompareInput {
  const { workload, arrivals } = chosenAgents(whole, flags);
  const spec = kernelSpec(flags, workload);
  // What only the kernel knows is told before anything runs.
  const { sliceUs: _, ...unsliced } = spec;
  void new Kernel({ ...kernelOptionsOf(unsliced), records: false });
  withArrivals(workload, arrivals, flags.seed);
  return {
    compared: { kind: 'recorded', workload, arrivals, latency: flags.latency, spec },
    workload,
    spec,
    seed: flags.seed,
    arrivals:
      arrivals.kind === 'poisson'
        ? `Poisson, ${arrivals.ratePerHour} an hour`
        : arrivals.kind === 'recorded'
          ? 'as recorded'
          : 'all at once',
  };
}

/** `weka, 100 agents with 6,644 calls on 8 cores, 100,000 tokens of memory`. */
export function inputSummary({ workload, spec }: CompareInput): string {
  const { format, facts } = workload;
  const { cores } = machineOf(spec);
  const memory = spec.engines.reduce(
    (sum, one) => sum + (one.memoryTokens ?? engineDefaults.memoryTokens),
    0,
  );
  const agents = `${formatCount(facts.agents)} agents with ${formatCount(facts.modelCalls)} calls`;
  return `${format}, ${agents} on ${formatCount(cores)} core${cores === 1 ? '' : 's'}, ${formatCount(memory)} tokens of memory`;
}

export function inputFacts(input: CompareInput): (readonly [name: string, value: string])[] {
  const { workload, spec, arrivals } = input;
  const { facts, format } = workload;
  return [
    ['format', format],
    ['agents', `${formatCount(facts.agents)}, and ${formatCount(facts.subAgents)} sub-agents`],
    ['model calls', formatCount(facts.modelCalls)],
    ['tool calls', formatCount(facts.toolCalls)],
    ['arrivals', arrivals],
    ['engines', spec.engines.map(engineWords).join('; ')],
    ['paging', `${spec.paging}, ${spec.residency} residency`],
    ['load control', spec.loadControl],
    ['budget nodes', formatCount(spec.budgets.length)],
    ['slice', spec.sliceUs === undefined ? 'each policy’s own' : `${spec.sliceUs / 1_000_000} s`],
  ];
}

function engineWords(engine: SimulationSpec['engines'][number]): string {
  const { cores, memoryTokens } = { ...engineDefaults, ...engine };
  return `${formatCount(cores)} core${cores === 1 ? '' : 's'}, ${formatCount(memoryTokens)} tokens`;
}
