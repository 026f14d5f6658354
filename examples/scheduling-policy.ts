/**
 * Your own scheduling policy in 20 lines: the agent that has used the least core time runs next. Compared with the default on the same workload:
 * forty agents, of which every fifth makes long calls.
 */
import type { CreateSchedulingPolicy, Pid } from '../src/index.ts';
import { importanceLru, Metrics, priority, scripted, Simulation } from '../src/index.ts';

const leastService: CreateSchedulingPolicy = ({ processes }) => {
  const ready = new Set<Pid>();
  return {
    name: 'least-service',
    ready: (pid) => void ready.add(pid),
    pick() {
      let best: Pid | undefined;
      for (const pid of ready)
        if (best === undefined || processes.coreUs(pid) < processes.coreUs(best)) best = pid;
      if (best !== undefined) ready.delete(best);
      return best;
    },
    waiting: (pid) => void ready.delete(pid),
    exited: (pid) => void ready.delete(pid),
    slice: () => 5_000_000,
  };
};

for (const scheduling of [priority, leastService]) {
  const metrics = new Metrics({ engines: [{ name: 'engine', cores: 2, memoryTokens: 100_000 }] });
  const simulation = new Simulation({
    kernel: { scheduling, paging: importanceLru, programs: [scripted], engines: [{ cores: 2 }] },
    onEvent: (event) => metrics.onEvent(event),
  });
  for (let index = 0; index < 40; index++) {
    const think = { op: 'think', tokensOut: 100, durationUs: index % 5 === 0 ? 40_000_000 : 2_000_000 };
    const steps = [{ op: 'page', kind: 'user', tokens: 500 }, think, { op: 'sleep', us: 1_000_000 }, think];
    simulation.spawn(index * 500_000, {
      program: 'scripted',
      name: `agent-${index}`,
      run: `run-${index}`,
      arguments: { steps },
    });
  }
  simulation.run();
  const { turnaround, fairness } = metrics.result(simulation.nowUs);
  const seconds = (us: number): string => (us / 1_000_000).toFixed(1);
  console.log(
    `${scheduling === priority ? 'priority     ' : 'least-service'}  turnaround: mean ${seconds(turnaround.mean)} s, p95 ${seconds(turnaround.p95)} s; fairness of slowdown ${fairness.slowdown.toFixed(3)}`,
  );
}
