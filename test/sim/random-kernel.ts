/** Kernel options and fault rates drawn at random: small memories, short budgets, every policy. */
import type { BudgetLimit, BudgetNodeSpec, BudgetResource } from '../../src/kernel/budget-limits.ts';
import { exhaustionRules } from '../../src/kernel/budget-rules.ts';
import type { EngineOptions, Prices } from '../../src/kernel/engine-options.ts';
import type { Effects } from '../../src/kernel/lock-table.ts';
import type { VictimRule } from '../../src/kernel/memory/memory-options.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { workingSetWith } from '../../src/policies/load-control/working-set.ts';
import { loadControlPolicies } from '../../src/policies/index.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { priorityDefaults, priorityWith } from '../../src/policies/scheduling/priority.ts';
import { roundRobinWith } from '../../src/policies/scheduling/round-robin.ts';
import type { FaultRates } from '../../src/sim/faults.ts';
import { kernelPagingPolicies } from '../support/kernel-paging.ts';
import type { Draw } from './random-draw.ts';

/** A budget node without limits, which every world has. */
export const unlimitedBudget = 'unlimited';

/** The slice of a world, µs, and the longest burst that its programs script: some fifty slices, so that a world ends in time. */
export function drawTimes(draw: Draw): { readonly sliceUs: number; readonly longestUs: number } {
  const sliceUs = draw.of([1, 50, 100_000, 2_000_000, 60_000_000]);
  return { sliceUs, longestUs: Math.min(120_000_000, sliceUs * 50) };
}

export function drawKernel(draw: Draw, seed: number, sliceUs: number): Omit<KernelOptionsInput, 'programs'> {
  const residency = draw.of(['independent', 'prefix'] as const);
  const engines = Array.from(
    { length: draw.weighted({ 1: 6, 2: 3, 3: 1 }) === '1' ? 1 : draw.between(2, 3) },
    (_, index) => drawEngine(draw, `engine-${index}`, sliceUs),
  );
  return {
    seed,
    engines,
    scheduling: drawScheduling(draw, sliceUs),
    paging: draw.of(Object.values(kernelPagingPolicies)),
    loadControl: draw.chance(0.5) ? undefined : drawLoadControl(draw),
    residency,
    ...(draw.chance(0.6) ? {} : { victims: victimsIn(residency, draw.of(['any', 'leaf'] as const)) }),
    oversize: draw.of(['fail', 'bypass'] as const),
    budgets: drawBudgets(draw, engines),
    tools: drawTools(draw),
    mailboxLimit: draw.chance(0.5) ? 1_000 : draw.between(1, 3),
    lockProtocol: draw.chance(0.8) ? 'inheritance' : 'none',
    deadlocks: draw.of(['report', 'resolve'] as const),
    records: draw.chance(0.9),
  };
}

/** Only a prefix has leaves. */
export const victimsIn = (residency: 'independent' | 'prefix', drawn: VictimRule): VictimRule =>
  residency === 'prefix' ? drawn : 'any';

function drawEngine(draw: Draw, name: string, sliceUs: number): EngineOptions {
  const hasTier = draw.chance(0.3);
  return {
    name,
    cores: draw.magnitude(1, 4),
    memoryTokens: draw.between(50, draw.of([300, 1_000, 5_000])),
    windowTokens: draw.chance(0.8) ? Infinity : draw.between(50, 2_000),
    prefillTokensPerSecond: draw.of(
      sliceUs < 1_000 ? [1_000_000, 8_000_000] : sliceUs < 1_000_000 ? [777, 8_000] : [50, 333, 8_000],
    ),
    decodeTokensPerSecond: draw.of(
      sliceUs < 1_000 ? [1_000_000] : sliceUs < 1_000_000 ? [300, 1_000] : [7, 60, 1_000],
    ),
    loadTokensPerSecond: hasTier ? draw.of([100, 77_777]) : 0,
    loadLatencyUs: hasTier ? draw.of([0, 1_500, 2_000_000]) : 0,
    throughput: draw.of([[1], [1, 0.9, 0.7], [0.5], [1, 0.333]]),
    switchUs: 0,
    preemption: draw.of(['resume', 'continue', 'none'] as const),
    prices: draw.of([
      { input: 3_000_000, cachedInput: 300_000, output: 15_000_000 },
      { input: 0, cachedInput: 0, output: 0 },
      { input: 1, cachedInput: 7, output: 999_999 },
    ]),
  };
}

export function drawScheduling(draw: Draw, sliceUs: number): KernelOptionsInput['scheduling'] {
  const kind = draw.weighted({ priority: 3, roundRobin: 2, fifo: 1 });
  if (kind === 'fifo') return fifo;
  return kind === 'roundRobin' ? roundRobinWith({ sliceUs }) : priorityWith({ ...priorityDefaults, sliceUs });
}

export function drawLoadControl(draw: Draw): KernelOptionsInput['loadControl'] {
  if (draw.chance(0.2)) return loadControlPolicies.none;
  return workingSetWith({ windowUs: draw.of([1_000_000, 5_000_000, 60_000_000]) });
}

/** A forest of up to six nodes whose limits some calls meet and some exceed. */
export function drawBudgets(draw: Draw, engines: readonly EngineOptions[]): BudgetNodeSpec[] {
  const nodes: BudgetNodeSpec[] = [{ name: unlimitedBudget }];
  const count = draw.between(0, 5);
  for (let index = 0; index < count; index++) {
    const drawn = Array.from({ length: draw.between(0, 2) }, () => drawLimit(draw));
    const limits = [
      ...new Map(drawn.map((limit) => [`${limit.resource} ${JSON.stringify(limit.window)}`, limit])).values(),
    ];
    const parent = index > 0 && draw.chance(0.8) ? `node-${draw.between(0, index - 1)}` : undefined;
    nodes.push({
      name: `node-${index}`,
      limits,
      ...(parent === undefined ? {} : { parent }),
      ...drawRule(draw, engines, limits),
    });
  }
  return nodes;
}

/** One that has an effect on these limits. */
function drawRule(
  draw: Draw,
  engines: readonly EngineOptions[],
  limits: readonly BudgetLimit[],
): Pick<BudgetNodeSpec, 'whenExhausted' | 'degradeTo'> {
  if (limits.length === 0 || draw.chance(0.4)) return {};
  const degradeTo = {
    model: 'small',
    prices: cheaperPrices(draw.of([0, 0.1, 0.5]), engines),
    ...(draw.chance(0.5) ? {} : { prefillTokensPerSecond: draw.of([10_000, 9_000_000]) }),
  };
  const rules = exhaustionRules.filter(
    (rule) =>
      (rule !== 'throttle' || limits.some(({ window }) => window.kind !== 'total')) &&
      (rule !== 'degrade' || limits.some(({ resource }) => resource === 'microDollars')),
  );
  // Few limits are on money.
  const whenExhausted = rules.includes('degrade') && draw.chance(0.7) ? 'degrade' : draw.of(rules);
  return { whenExhausted, ...(whenExhausted === 'degrade' ? { degradeTo } : {}) };
}

/** A share of the lowest prices. */
function cheaperPrices(share: number, engines: readonly EngineOptions[]): Prices {
  const least = (field: keyof Prices) => share * Math.min(...engines.map(({ prices }) => prices[field]));
  return { input: least('input'), cachedInput: least('cachedInput'), output: least('output') };
}

const amounts: Readonly<Record<BudgetResource, readonly [number, number]>> = {
  tokens: [0, 20_000],
  calls: [0, 20],
  microDollars: [0, 100_000],
  coreUs: [0, 60_000_000],
};

function drawLimit(draw: Draw): BudgetLimit {
  const resource = draw.of(['tokens', 'calls', 'microDollars', 'coreUs'] as const);
  const [low, high] = amounts[resource];
  const lengthUs = draw.of([1_000_000, 7_777_777, 60_000_000, 3_600_000_000]);
  const kind = draw.of(['fixed', 'sliding', 'total'] as const);
  const amount = draw.chance(0.05) ? 0 : draw.between(low + Math.ceil(high / 20), high);
  return { resource, amount, window: kind === 'total' ? { kind } : { kind, lengthUs } };
}

const keys = { type: 'array', items: { type: 'string', minLength: 1 } };
const parameters = {
  type: 'object',
  properties: { reads: keys, writes: keys },
  required: ['reads', 'writes'],
};

function drawTools(draw: Draw): ToolSpec[] {
  const effects = (args: unknown): Effects => {
    const { reads, writes } = args as Effects;
    return { reads, writes };
  };
  const none = (): Effects => ({ reads: [], writes: [] });
  const timeoutUs = () => draw.of([1, 300_000, 2_000_000, 15_000_000]);
  const spec = (name: string, fields: Partial<ToolSpec>): ToolSpec => ({
    name,
    description: name,
    parameters,
    ...fields,
  });
  return [
    spec('plain', { effects: none }),
    spec('files', { effects, timeoutUs: timeoutUs() }),
    spec('unknown', { ...(draw.chance(0.5) ? { server: 'server' } : {}), timeoutUs: timeoutUs() }),
    spec('other', { server: 'server' }),
    spec('stubborn', {
      effects,
      retries: draw.between(1, 3),
      retryWaitUs: draw.of([0, 1, 1_000_000]),
      timeoutUs: timeoutUs(),
    }),
    spec('narrow', {
      effects: draw.chance(0.5) ? none : effects,
      concurrency: draw.between(1, 2),
      retries: draw.between(0, 1),
      timeoutUs: timeoutUs(),
    }),
    spec('asking', { asksPerson: true }),
    spec('guarded', { effects, approval: true, ...(draw.chance(0.5) ? { concurrency: 1 } : {}) }),
  ];
}

export function drawFaults(draw: Draw): Partial<FaultRates> {
  const rate = () => (draw.chance(0.5) ? 0 : draw.of([0.05, 0.3, 1]));
  return {
    modelFailure: rate(),
    toolFailure: rate(),
    toolRepeat: rate(),
    toolLate: rate(),
    personAbsent: rate(),
    personLate: rate(),
    storageFailure: rate(),
  };
}
