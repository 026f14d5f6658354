/**
 * Scenario files: a kernel and its agents, written by a person (docs/scenario.md documents every field and has an example).
 * All of it is checked before anything runs; the first mistake becomes one line with the file, the path to the field, its value and what is allowed.
 */
import { rngFor } from '../../base/rng.ts';
import type { BudgetLimit, BudgetNodeSpec, BudgetWindow } from '../../kernel/budget-limits.ts';
import { budgetResources } from '../../kernel/budget-limits.ts';
import { exhaustionRules, type CheaperModel } from '../../kernel/budget-rules.ts';
import { engineDefaults, type Prices } from '../../kernel/engine-options.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { deadlockRules, lockProtocols } from '../../kernel/options.ts';
import { kernelPagingNames, loadControlPolicies, schedulingPolicies } from '../../policies/index.ts';
import type { ToolData } from '../../kernel/tool-data.ts';
import { builtInNames, recordedTools } from './recorded-tools.ts';
import { kernelOptionsOf, namedEngines, noSlice, simulationDefaults, type SimulationSpec } from '../spec.ts';
import { burstyDefaults, parseArrivals, withArrivals, type Arrivals } from './arrivals.ts';
import {
  anyJson,
  below,
  documentOf,
  integer,
  list,
  name,
  number,
  numberAbove,
  object,
  oneOf,
  refused,
  text,
  timeUs,
  yesOrNo,
} from './checked-json.ts';
import type { Field, Reader } from './checked-json.ts';
import { agentGroup, type AgentGroup } from './scenario-agents.ts';
import { workloadOf, type Workload } from './workload.ts';

export interface Scenario {
  readonly spec: SimulationSpec;
  readonly workload: Workload;
  /** Of each agent of the workload: the group that results are broken down by. */
  readonly groups: readonly string[];
  /** Where the scenario ends, µs; absent: when nothing is left to happen. */
  readonly untilUs?: number;
}

/** `seed`: instead of the scenario's own. Throws KernelError INVALID_FILE. */
export function parseScenario(
  file: string,
  content: string,
  { seed }: { readonly seed?: number } = {},
): Scenario {
  const document = documentOf(file, content);
  const read = scenario(document);
  const spec = specOf(document, read, seed ?? read.seed ?? simulationDefaults.seed);
  const groups = groupsOf(document, spec);
  const generated = workloadOf(
    '',
    'generated',
    groups.filter(({ isGenerated }) => isGenerated).flatMap(({ agents }) => agents),
  );
  const complete = { ...spec, tools: [...spec.tools, ...recordedTools(generated.facts.tools, spec.tools)] };
  checkKernel(file, complete);
  return {
    spec: complete,
    workload: workloadFrom(document, { name: read.name, spec: complete, groups, arrivals: read.arrivals }),
    groups: groups.flatMap(({ group, agents }) => agents.map(() => group)),
    ...(read.until === undefined ? {} : { untilUs: read.until }),
  };
}

// ---- What a document may say ---------------------------------------------------------------------------------------------

const prices: Reader<Prices> = object({ input: number(0), cachedInput: number(0), output: number(0) }, {});
const engine = object(
  {},
  {
    name,
    cores: integer(1, 65_536),
    memoryTokens: integer(1),
    windowTokens: integer(1),
    prefillTokensPerSecond: numberAbove(0),
    decodeTokensPerSecond: numberAbove(0),
    loadTokensPerSecond: number(0),
    loadLatencyUs: timeUs(0),
    switchUs: timeUs(0),
    throughput: list(numberAbove(0, 1), 1),
    preemption: oneOf(['resume', 'continue', 'none']),
    prices,
  },
);

const windowed = object({}, { fixed: timeUs(1), sliding: timeUs(1) });
const window: Reader<BudgetWindow> = (field) => {
  const allowed = '"total", {"fixed": TIME} or {"sliding": TIME}, TIME such as "1h"';
  if (field.value === 'total') return { kind: 'total' };
  if (typeof field.value !== 'object') throw refused(field, allowed);
  const { fixed, sliding } = windowed(field);
  if (fixed !== undefined && sliding === undefined) return { kind: 'fixed', lengthUs: fixed };
  if (sliding !== undefined && fixed === undefined) return { kind: 'sliding', lengthUs: sliding };
  throw refused(field, allowed);
};
const limit: Reader<BudgetLimit> = object(
  { resource: oneOf(budgetResources), amount: integer(0), window },
  {},
);
const cheaperModel: Reader<CheaperModel> = object(
  { model: name, prices },
  { prefillTokensPerSecond: numberAbove(0), decodeTokensPerSecond: numberAbove(0) },
);
const budget: Reader<BudgetNodeSpec> = object(
  { name },
  { parent: name, limits: list(limit), whenExhausted: oneOf(exhaustionRules), degradeTo: cheaperModel },
);

const tool: Reader<ToolData> = object(
  {
    name: text('1 to 128 letters, digits, "_", "." and "-"', (value) =>
      /^[a-zA-Z0-9_.-]{1,128}$/.test(value),
    ),
  },
  {
    description: text(),
    parameters: anyJson as Reader<Json>,
    reads: list(name),
    writes: list(name),
    server: name,
    timeoutUs: timeUs(1),
    retries: integer(0, 10),
    retryWaitUs: timeUs(0),
    idempotent: yesOrNo,
    concurrency: integer(1, 1_000_000),
    approval: yesOrNo,
    asksPerson: yesOrNo,
  },
);

const bursty = object(
  { ratePerHour: numberAbove(0, 3_600_000_000) },
  { burstFactor: number(1, 1_000_000), burstUs: timeUs(1), calmUs: timeUs(1) },
);
const burstyField = object({ bursty }, {});
const arrivals: Reader<Exclude<Arrivals, { kind: 'recorded' }>> = (field) => {
  const allowed =
    'all, poisson:RATE with RATE in agents an hour above 0, or {"bursty": {"ratePerHour": RATE, …}}';
  if (typeof field.value === 'object' && field.value !== null)
    return { kind: 'bursty', ...burstyDefaults, ...burstyField(field).bursty };
  try {
    const parsed = parseArrivals(String(field.value));
    if (parsed.kind !== 'recorded') return parsed;
  } catch {
    // Told below, with the place in the file.
  }
  throw refused(field, allowed);
};

const scenario = object(
  { name, agents: list(anyJson, 1) },
  {
    seed: integer(0),
    engines: list(engine, 1),
    queues: oneOf(['per-engine', 'one']),
    steal: yesOrNo,
    affinity: number(0),
    scheduler: oneOf(Object.keys(schedulingPolicies)),
    slice: timeUs(1),
    paging: oneOf(kernelPagingNames),
    loadControl: oneOf(Object.keys(loadControlPolicies)),
    residency: oneOf(['independent', 'prefix']),
    victims: oneOf(['any', 'leaf']),
    oversize: oneOf(['fail', 'bypass']),
    lockProtocol: oneOf(lockProtocols),
    deadlocks: oneOf(deadlockRules),
    budgets: list(budget),
    tools: list(tool),
    arrivals,
    until: timeUs(1),
  },
);
type Read = ReturnType<typeof scenario>;

// ---- What follows from it ------------------------------------------------------------------------------------------------

function specOf(document: Field, read: Read, seed: number): SimulationSpec {
  const {
    name: _name,
    agents: _agents,
    arrivals: _arrivals,
    until: _until,
    slice,
    engines = [{}],
    tools = [],
    ...rest
  } = read;
  checkToolNames(below(document, 'tools'), tools);
  const withoutSlice = noSlice(read.scheduler ?? simulationDefaults.scheduler);
  if (slice !== undefined && withoutSlice !== undefined)
    throw refused(below(document, 'slice'), withoutSlice);
  return {
    ...simulationDefaults,
    ...rest,
    seed,
    engines: namedEngines(engines),
    tools,
    ...(slice === undefined ? {} : { sliceUs: slice }),
  };
}

function checkToolNames(field: Field, tools: readonly ToolData[]): void {
  const taken = new Set(builtInNames);
  for (const [index, { name: toolName }] of tools.entries()) {
    if (taken.has(toolName))
      throw refused(
        below(below(field, index), 'name'),
        `a name that is not registered yet (${[...taken].join(', ')} are)`,
      );
    taken.add(toolName);
  }
}

function groupsOf(document: Field, spec: SimulationSpec): readonly AgentGroup[] {
  const smallest = Math.min(
    ...spec.engines.map(({ memoryTokens }) => memoryTokens ?? engineDefaults.memoryTokens),
  );
  const read = agentGroup({
    seed: spec.seed,
    budgets: spec.budgets.map((node) => node.name),
    tools: [...builtInNames, ...spec.tools.map((one) => one.name)],
    runnable: builtInNames,
    largestPage: spec.oversize === 'fail' ? smallest : Infinity,
  });
  const groups = list(read, 1)(below(document, 'agents'));
  const taken = new Set<string>();
  for (const [index, group] of groups.entries()) {
    if (!group.isGenerated) continue;
    const field = below(below(below(document, 'agents'), index), 'name');
    if (taken.has(group.name))
      throw refused({ ...field, value: group.name }, 'a name that no other generated group has');
    taken.add(group.name);
  }
  return groups;
}

interface Population {
  readonly name: string;
  readonly spec: SimulationSpec;
  readonly groups: readonly AgentGroup[];
  readonly arrivals: Arrivals | undefined;
}

/** An agent that names no budget is metered at the first one. */
function workloadFrom(document: Field, { name: title, spec, groups, arrivals: how }: Population): Workload {
  const first = spec.budgets[0]?.name;
  const agents = groups
    .flatMap((group) => group.agents)
    .map((agent) => (first === undefined ? agent : { budget: first, ...agent }));
  const workload = workloadOf(title, 'scenario', agents);
  if (how === undefined) return workload;
  for (const index of groups.keys()) {
    const own = below(below(below(document, 'agents'), index), 'arrivalUs');
    if (own.value !== undefined)
      throw refused(own, 'no arrival of its own, because the scenario has arrivals for all');
  }
  const arriving = withArrivals(workload, how, spec.seed);
  return groups.length > 1 && how.kind !== 'all' ? mixed(arriving, spec.seed) : arriving;
}

/** The groups arrive side by side, not one behind the other: the drawn times are dealt to the agents in an order that is drawn, too. */
function mixed(workload: Workload, seed: number): Workload {
  const rng = rngFor(seed, 'arrivals/order');
  const times = workload.agents.map(({ arrivalUs }) => arrivalUs!);
  for (let last = times.length - 1; last > 0; last--) {
    const other = rng.integer(last + 1);
    [times[last], times[other]] = [times[other]!, times[last]!];
  }
  const agents = workload.agents.map((agent, index) => ({ ...agent, arrivalUs: times[index]! }));
  return { ...workload, agents };
}

/** What only the kernel knows: the budget tree, the schemas of tools, which policy has a slice. */
function checkKernel(file: string, spec: SimulationSpec): void {
  try {
    void new Kernel({ ...kernelOptionsOf(spec), records: false });
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new KernelError('INVALID_FILE', `${file}: ${error.message}`, {
      detail: error.detail,
      cause: error,
    });
  }
}
