/** A cell of scheduling: one policy on recorded agents with a kernel of the cell, or on a scenario with what the cell says otherwise. */
import { engineDefaults } from '../../kernel/engine-options.ts';
import { invalid } from '../../kernel/errors.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { compareRun } from '../compare/compare-run.ts';
import { seededWorkload, type ComparedWorkload, type SeededWorkload } from '../compare/compared-workload.ts';
import type { RunFigures } from '../compare/run-figures.ts';
import { kernelOptionsOf, noSlice, simulationDefaults } from '../spec.ts';
import { parseArrivals } from '../workloads/arrivals.ts';
import { documentOf } from '../workloads/checked-json.ts';
import { recordedTools } from '../workloads/recorded-tools.ts';
import { firstAgents, type Workload } from '../workloads/workload.ts';
import type { CompareCell } from './cells.ts';

/** Of each engine, where neither the cell nor a scenario says it: as of `ringzero compare`. */
const defaultCores = 8;

export type ComparedFile =
  | { readonly kind: 'recorded'; readonly workload: Workload }
  | { readonly kind: 'scenario'; readonly name: string; readonly text: string };

/** Throws KernelError for a workload that cannot be what the cell asks for. */
export function runCompareCell(
  cell: CompareCell,
  file: ComparedFile,
  onProgress?: (share: number) => void,
): RunFigures {
  return compareRun(seeded(cell, file), cell.policy, onProgress === undefined ? {} : { onProgress });
}

/** Throws KernelError for a workload that cannot be what the cell asks for. */
export function checkCompareCell(cell: CompareCell, file: ComparedFile): void {
  // Which policy has a slice is told by the policy.
  const { sliceUs: _, ...spec } = seeded(cell, file).spec;
  void new Kernel({ ...kernelOptionsOf(spec), records: false });
}

function seeded(cell: CompareCell, file: ComparedFile): SeededWorkload {
  const compared =
    file.kind === 'scenario' ? scenarioCell(file.name, file.text, cell) : recordedCell(file.workload, cell);
  return seededWorkload(compared, cell.seed);
}

/** Recorded agents. Throws KernelError INVALID_ARGUMENT: more agents than there are, or arrivals that nobody recorded. */
function recordedCell(whole: Workload, cell: CompareCell): ComparedWorkload {
  const { agents, arrivals, latency = 'recorded', capacity, cores = defaultCores } = cell;
  const workload = agents === undefined ? whole : firstAgents(whole, agents, 'agents');
  return {
    kind: 'recorded',
    workload,
    arrivals: parseArrivals(arrivals ?? (whole.hasArrivals ? 'recorded' : 'all'), 'arrivals'),
    latency,
    spec: {
      ...simulationDefaults,
      engines: [{ cores, memoryTokens: capacity ?? engineDefaults.memoryTokens }],
      ...kernelOf(cell),
      tools: recordedTools(workload.facts.tools),
    },
  };
}

/** A scenario says itself who its agents are and when they come. Throws KernelError INVALID_ARGUMENT for a cell that says it, too. */
function scenarioCell(name: string, text: string, cell: CompareCell): ComparedWorkload {
  for (const field of ['agents', 'arrivals', 'latency'] as const)
    if (cell[field] !== undefined)
      throw invalid(
        field,
        cell[field],
        `nothing with ${name}, a scenario, which has agents and arrivals of its own; allowed with recorded agents`,
      );
  const { value } = documentOf(name, text);
  // What is no object, and what is no list of engines, is for its reader to tell.
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'scenario', name, text };
  const { slice: ownSlice, engines = [{}], ...document } = value as Readonly<Record<string, unknown>>;
  const { sliceUs, ...kernel } = kernelOf(cell);
  const slice = sliceUs ?? ownSlice;
  const hasSlice = slice !== undefined && noSlice(cell.policy) === undefined;
  const changed = {
    ...document,
    ...kernel,
    scheduler: cell.policy,
    engines: Array.isArray(engines) ? engines.map((engine: unknown) => engineOf(engine, cell)) : engines,
    ...(hasSlice ? { slice } : {}),
  };
  return { kind: 'scenario', name, text: JSON.stringify(changed) };
}

function kernelOf({ paging, loadControl, residency, victims, oversize, sliceUs }: CompareCell) {
  return {
    ...(paging === undefined ? {} : { paging }),
    ...(loadControl === undefined ? {} : { loadControl }),
    ...(residency === undefined ? {} : { residency }),
    ...(victims === undefined ? {} : { victims }),
    ...(oversize === undefined ? {} : { oversize }),
    ...(sliceUs === undefined ? {} : { sliceUs }),
  };
}

function engineOf(engine: unknown, { capacity, cores }: CompareCell): unknown {
  if (typeof engine !== 'object' || engine === null || Array.isArray(engine)) return engine;
  const memory = capacity === undefined ? {} : { memoryTokens: capacity };
  return { ...engine, ...memory, ...(cores === undefined ? {} : { cores }) };
}
