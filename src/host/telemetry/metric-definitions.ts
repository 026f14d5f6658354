/** All metrics that are exported. Part of the mapping: see conventions.ts. */

export interface MetricDefinition {
  readonly name: string;
  /** `counter` never falls; `gauge` is what is so now. */
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** UCUM; what stands in braces is only said. */
  readonly unit: string;
  readonly description: string;
  /** Attributes of its points; one that is empty at a point is absent there. */
  readonly attributes: readonly string[];
  /** Of a histogram: upper bounds of its buckets but for the last, which has none. */
  readonly bounds?: readonly number[];
}

/** As the conventions have them. */
const durations: readonly number[] = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const agentDurations: readonly number[] = [
  0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6,
];
const tokenCounts: readonly number[] = [
  1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
];

const ofCall = ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model'] as const;

export const metricDefinitions = {
  tokenUsage: {
    name: 'gen_ai.client.token.usage',
    type: 'histogram',
    unit: '{token}',
    description: 'Number of input and output tokens used.',
    attributes: [...ofCall, 'gen_ai.token.type'],
    bounds: tokenCounts,
  },
  callDuration: {
    name: 'gen_ai.client.operation.duration',
    type: 'histogram',
    unit: 's',
    description: 'GenAI operation duration.',
    attributes: [...ofCall, 'error.type'],
    bounds: durations,
  },
  firstChunk: {
    name: 'gen_ai.client.operation.time_to_first_chunk',
    type: 'histogram',
    unit: 's',
    description: 'Time to receive the first chunk.',
    attributes: ofCall,
    bounds: durations,
  },
  agentDuration: {
    name: 'gen_ai.invoke_agent.duration',
    type: 'histogram',
    unit: 's',
    description: 'The end-to-end duration of a single agent invocation.',
    attributes: ['gen_ai.agent.name', 'error.type'],
    bounds: agentDurations,
  },
  toolDuration: {
    name: 'gen_ai.execute_tool.duration',
    type: 'histogram',
    unit: 's',
    description: 'The duration of a single tool execution.',
    attributes: ['gen_ai.tool.name', 'error.type'],
    bounds: durations,
  },
  processes: {
    name: 'ringzero.processes',
    type: 'gauge',
    unit: '{process}',
    description: 'Processes that live, by state.',
    attributes: ['ringzero.process.state'],
  },
  processesStarted: {
    name: 'ringzero.processes.started',
    type: 'counter',
    unit: '{process}',
    description: 'Processes that were started or restored.',
    attributes: [],
  },
  processesEnded: {
    name: 'ringzero.processes.ended',
    type: 'counter',
    unit: '{process}',
    description: 'Processes that ended.',
    attributes: ['ringzero.process.outcome'],
  },
  runsEnded: {
    name: 'ringzero.runs.ended',
    type: 'counter',
    unit: '{run}',
    description: 'Runs whose root process ended.',
    attributes: ['ringzero.process.outcome'],
  },
  processTime: {
    name: 'ringzero.process.time',
    type: 'counter',
    unit: 's',
    description:
      'What the time of processes went into: running, ready, suspended, and waiting by its reason.',
    attributes: ['ringzero.process.state', 'ringzero.reason'],
  },
  queueLength: {
    name: 'ringzero.queue.length',
    type: 'gauge',
    unit: '{process}',
    description: 'Processes that stand ready for a core.',
    attributes: ['ringzero.engine'],
  },
  cores: {
    name: 'ringzero.cores',
    type: 'gauge',
    unit: '{core}',
    description: 'Cores of an engine.',
    attributes: ['ringzero.engine'],
  },
  coresBusy: {
    name: 'ringzero.cores.busy',
    type: 'gauge',
    unit: '{core}',
    description: 'Cores that run a call.',
    attributes: ['ringzero.engine'],
  },
  coreTime: {
    name: 'ringzero.core.time',
    type: 'counter',
    unit: 's',
    description: 'Time that calls were on cores; stretches that have not ended are not in it.',
    attributes: ['ringzero.engine'],
  },
  preemptions: {
    name: 'ringzero.preemptions',
    type: 'counter',
    unit: '{stretch}',
    description: 'Stretches on cores that ended early.',
    attributes: ['ringzero.reason'],
  },
  memoryUsed: {
    name: 'ringzero.memory.used',
    type: 'gauge',
    unit: '{token}',
    description: 'Tokens in context memory.',
    attributes: ['ringzero.engine'],
  },
  memoryCapacity: {
    name: 'ringzero.memory.capacity',
    type: 'gauge',
    unit: '{token}',
    description: 'Tokens that context memory holds; absent where there is no limit.',
    attributes: ['ringzero.engine'],
  },
  faults: {
    name: 'ringzero.memory.faults',
    type: 'counter',
    unit: '{token}',
    description: 'Tokens of pages that were needed and not in context memory.',
    attributes: ['ringzero.engine', 'ringzero.reason'],
  },
  evictions: {
    name: 'ringzero.memory.evictions',
    type: 'counter',
    unit: '{token}',
    description: 'Tokens that were evicted from context memory.',
    attributes: ['ringzero.engine'],
  },
  callsRefused: {
    name: 'ringzero.calls.refused',
    type: 'counter',
    unit: '{call}',
    description: 'Model calls that never started.',
    attributes: ['error.type'],
  },
  toolsRefused: {
    name: 'ringzero.tools.refused',
    type: 'counter',
    unit: '{call}',
    description: 'Tool calls that never started.',
    attributes: ['error.type'],
  },
  cost: {
    name: 'ringzero.cost.micro_dollars',
    type: 'counter',
    unit: '{microdollar}',
    description: 'What model calls cost, in millionths of a dollar.',
    attributes: ['gen_ai.request.model'],
  },
  budgetUsed: {
    name: 'ringzero.budget.used',
    type: 'gauge',
    unit: '1',
    description: 'Used and reserved of a limit in its present window, in the unit of the resource.',
    attributes: ['ringzero.budget.node', 'ringzero.resource', 'ringzero.window'],
  },
  budgetLimit: {
    name: 'ringzero.budget.limit',
    type: 'gauge',
    unit: '1',
    description: 'The limit.',
    attributes: ['ringzero.budget.node', 'ringzero.resource', 'ringzero.window'],
  },
  deadlocks: {
    name: 'ringzero.deadlocks',
    type: 'counter',
    unit: '{deadlock}',
    description: 'Deadlocks that were found.',
    attributes: [],
  },
  storageWaits: {
    name: 'ringzero.storage.outages',
    type: 'counter',
    unit: '{outage}',
    description: 'Times at which storage became unavailable, and everything waited for it.',
    attributes: [],
  },
  storageUnavailable: {
    name: 'ringzero.storage.unavailable',
    type: 'gauge',
    unit: '1',
    description: '1 while storage is unavailable, else 0.',
    attributes: [],
  },
  events: {
    name: 'ringzero.events',
    type: 'counter',
    unit: '{event}',
    description: 'Events of the kernel.',
    attributes: [],
  },
  spansDropped: {
    name: 'ringzero.telemetry.spans.dropped',
    type: 'counter',
    unit: '{span}',
    description: 'Spans that could not be exported.',
    attributes: [],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof metricDefinitions;
export type MetricOf<Type extends MetricDefinition['type']> = {
  [Name in MetricName]: (typeof metricDefinitions)[Name]['type'] extends Type ? Name : never;
}[MetricName];
