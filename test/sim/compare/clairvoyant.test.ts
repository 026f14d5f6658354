/** The table of clairvoyant policies is right: others do the same whatever they are told of the future. */
import { expect, test } from 'vitest';

import type { AgentSpec, AgentStep } from '../../../src/agents/steps.ts';
import { rngFor } from '../../../src/base/rng.ts';
import type { CreateSchedulingPolicy, ProcessView } from '../../../src/kernel/contracts.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { clairvoyantPolicies, schedulingPolicies } from '../../../src/policies/index.ts';
import { compareRun } from '../../../src/sim/compare/compare-run.ts';
import { seededWorkload } from '../../../src/sim/compare/compared-workload.ts';
import { simulationDefaults } from '../../../src/sim/spec.ts';
import { workloadOf } from '../../../src/sim/workloads/workload.ts';

const rng = rngFor(1, 'test');
const agents = Array.from({ length: 12 }, (_, index): AgentSpec => ({
  name: `a${index}`,
  steps: Array.from({ length: 4 }, (): AgentStep => ({
    op: 'think',
    tokensOut: 10,
    durationUs: 1_000_000 + Math.floor(rng.next() * 9_000_000),
  })),
}));
const seeded = seededWorkload(
  {
    kind: 'recorded',
    workload: workloadOf('test', 'scenario', agents),
    arrivals: { kind: 'all' },
    latency: 'recorded',
    spec: { ...simulationDefaults, engines: [{ cores: 1 }] },
  },
  1,
);

/** Long is short and short is long; whether a call has begun is no secret. */
function misled(processes: ProcessView): ProcessView {
  const most = 1_000_000_000;
  const burstUs = (pid: Pid): number => most - processes.burstUs(pid);
  const lies: Partial<ProcessView> = {
    burstUs,
    burstLeftUs: (pid, nowUs) =>
      processes.burstLeftUs(pid, nowUs) < processes.burstUs(pid) ? burstUs(pid) - 1 : burstUs(pid),
    expectedCoreUs: (pid) => most - processes.expectedCoreUs(pid),
    expectedTokenSeconds: (pid) => most - processes.expectedTokenSeconds(pid),
  };
  return new Proxy(processes, {
    get(target, name: keyof ProcessView) {
      const told: unknown = lies[name] ?? target[name];
      return typeof told === 'function' ? (told.bind(target) as unknown) : told;
    },
  });
}

test.each(Object.entries<CreateSchedulingPolicy>(schedulingPolicies))('%s', (name, create) => {
  const own: CreateSchedulingPolicy = (context) =>
    create({ ...context, processes: misled(context.processes) });
  const honest = compareRun(seeded, name).completionUs;
  const told = compareRun(seeded, name, { own }).completionUs;
  if (clairvoyantPolicies.has(name)) expect(told).not.toEqual(honest);
  else expect(told).toEqual(honest);
});
