/**
 * Your own paging policy in 20 lines: the largest page leaves first. Compared with the default on the same workload: thirty agents whose
 * documents don't fit into context memory together.
 */
import type { CreatePagingPolicy, PageId } from '../src/index.ts';
import { importanceLru, Metrics, priority, scripted, Simulation } from '../src/index.ts';

const largestFirst: CreatePagingPolicy = ({ pages }) => {
  const resident = new Set<PageId>();
  return {
    name: 'largest-first',
    admit: (page) => resident.add(page) !== undefined,
    touch: () => {},
    evict(_need, eligible) {
      let victim: PageId | undefined;
      for (const page of resident)
        if (eligible(page) && (victim === undefined || pages.size(page) > pages.size(victim))) victim = page;
      if (victim !== undefined) resident.delete(victim);
      return victim;
    },
    remove: (page) => void resident.delete(page),
  };
};

for (const paging of [importanceLru, largestFirst]) {
  const metrics = new Metrics({ engines: [{ name: 'engine', cores: 2, memoryTokens: 30_000 }] });
  const simulation = new Simulation({
    kernel: {
      scheduling: priority,
      paging,
      programs: [scripted],
      residency: 'prefix',
      engines: [{ cores: 2, memoryTokens: 30_000 }],
    },
    onEvent: (event) => metrics.onEvent(event),
  });
  for (let index = 0; index < 30; index++) {
    const steps: object[] = [
      { op: 'page', kind: 'system', text: 'You answer questions about documents.', tokens: 1_000 },
    ];
    steps.push({ op: 'page', kind: 'user', tokens: 500 + 137 * ((index * 7) % 30) });
    for (let turn = 0; turn < 6; turn++)
      steps.push({ op: 'think', tokensOut: 150 }, { op: 'sleep', us: 20_000_000 });
    simulation.spawn(index * 1_000_000, {
      program: 'scripted',
      name: `agent-${index}`,
      run: `run-${index}`,
      arguments: { steps } as never,
    });
  }
  simulation.run();
  const { faults, prefillTokensSaved, turnaround } = metrics.result(simulation.nowUs);
  console.log(
    `${paging === importanceLru ? 'importance-lru' : 'largest-first '}  capacity faults: ${faults.capacity.tokens} tokens; prefill saved: ${prefillTokensSaved} tokens; mean turnaround ${(turnaround.mean / 1_000_000).toFixed(1)} s`,
  );
}
