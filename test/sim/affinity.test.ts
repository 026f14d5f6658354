/** What the preference for the engine that has a process's context is worth, on agents of many turns with long contexts. */
import { expect, test } from 'vitest';

import { rngFor } from '../../src/base/rng.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import type { Syscall } from '../../src/kernel/syscalls.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { Metrics } from '../../src/sim/metrics/metrics.ts';
import { runAgents, type Agent } from '../support/run-agents.ts';
import { burst, SECOND, sleep } from '../support/syscalls.ts';
import { Draw } from './random-draw.ts';
import { page } from '../kernel/memory/scenario.ts';

/** 12 agents of 20 turns, on 4 engines of one core: contexts of 20,000 to 40,000 tokens (2.5 to 5 s of prefill), calls of 0.5 to 2 s, tools of 1 to 8 s between them. */
function agentsOf(seed: number): Agent[] {
  const draw = new Draw(rngFor(seed, 'agents'));
  return Array.from({ length: 12 }, (_, index) => {
    const turns = Array.from({ length: 20 }, (): Syscall[] => [
      burst(draw.between(SECOND / 2, 2 * SECOND)),
      sleep(draw.between(SECOND, 8 * SECOND)),
    ]);
    return { body: [page(`context ${index}`, draw.between(20_000, 40_000)), ...turns.flat()] };
  });
}

function measured(kernel: Partial<KernelOptionsInput>) {
  const engines = ['a', 'b', 'c', 'd'].map((name) => ({ name, cores: 1, memoryTokens: 1_000_000 }));
  let lostTokens = 0;
  let repeatedUs = 0;
  let turnaroundUs = 0;
  for (let seed = 1; seed <= 3; seed++) {
    const { events } = runAgents({
      agents: agentsOf(seed),
      kernel: { residency: 'prefix', scheduling: fifo, engines, ...kernel },
    });
    const metrics = new Metrics({ engines });
    for (const event of events) metrics.onEvent(event);
    const { migrations, split, turnaround } = metrics.result(events.at(-1)!.atUs);
    lostTokens += migrations.lostTokens;
    repeatedUs += split.running.repeatedPrefillUs;
    turnaroundUs += turnaround.mean / 3;
  }
  return { lostTokens, repeatedUs, turnaroundUs };
}

test.each(['queues', 'steal'] as const)(
  '%s: waiting for the own engine saves most of the prefill, and time',
  (how) => {
    const kernel = how === 'queues' ? ({ queues: 'one' } as const) : { steal: true };
    const hasty = measured({ ...kernel, affinity: 0 });
    const patient = measured(kernel);
    expect(patient.lostTokens).toBeLessThan(hasty.lostTokens / 3);
    expect(patient.repeatedUs).toBeLessThan(hasty.repeatedUs / 3);
    expect(patient.turnaroundUs).toBeLessThan(hasty.turnaroundUs);
  },
);
