/** Runs a scenario for its figures alone: the experiments on agents are scenario files, so that `ringzero simulate` repeats them. */
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json } from '../../kernel/ids.ts';
import type { RunMetrics } from '../../sim/metrics/run-metrics.ts';
import { runWorkload } from '../../sim/run-workload.ts';
import { parseScenario } from '../../sim/workloads/scenario.ts';

/** A document as docs/scenario.md tells it. */
export function runScenario(document: Json, onEvent?: (event: KernelEvent) => void): RunMetrics {
  const { spec, workload, untilUs } = parseScenario('scenario', JSON.stringify(document));
  const { metrics } = runWorkload({
    spec,
    agents: workload.agents,
    program: 'scripted',
    ...figuresOnly,
    ...(untilUs === undefined ? {} : { untilUs }),
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  return metrics;
}

/** What an experiment does without. */
export const figuresOnly = { check: false, keepRecords: false, hashEvents: false } as const;
