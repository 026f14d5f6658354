/** Property: a process that was picked and put back in the same instant stands where it stood, and whoever is picked later is picked as if nothing had been. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { schedulingPolicies } from '../../../src/policies/index.ts';
import { seedCount } from '../../support/seeds.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';

/** Whom they pick is drawn. */
const drawn: ReadonlySet<string> = new Set(['lottery', 'random']);

/** Who is picked, in a life drawn from `seed`: processes become ready, run a while, are preempted, wait, and come back. */
function picks(
  create: (typeof schedulingPolicies)[keyof typeof schedulingPolicies],
  seed: number,
  putsBack: boolean,
): number[] {
  const rng = rngFor(seed, 'life');
  const putBackRng = rngFor(seed, 'put back');
  const processes = new ArrayProcesses();
  const policy = create(processes.context());
  const readySince = new Map<Pid, number>();
  const count = 6;
  const away = Array.from({ length: count }, (_, index) => pid(index + 1));
  for (const one of away) {
    processes.runs[one] = rng.integer(3);
    // Powers of two: what is charged and paid back leaves no rounding.
    processes.weights[one] = 1 << rng.integer(3);
    processes.prompts[one] = rng.integer(4) * 1_000;
    processes.bursts[one] = 1_000_000 * (1 + rng.integer(3));
    processes.priorities[one] = 40 + rng.integer(3) * 10;
  }
  const order: number[] = [];
  let nowUs = 0;
  for (let step = 0; step < 120; step++) {
    nowUs += rng.integer(3) * 1_000_000;
    const comes = rng.integer(away.length + 1);
    for (const one of away.splice(0, comes)) {
      processes.lefts[one] = processes.bursts[one]!;
      readySince.set(one, nowUs);
      policy.ready(one, nowUs);
    }
    if (putsBack) {
      const aside: Pid[] = [];
      for (let left = putBackRng.integer(readySince.size + 1); left > 0; left--)
        aside.push(policy.pick(core(0), nowUs)!);
      for (const one of aside.reverse()) policy.ready(one, readySince.get(one)!);
    }
    if (readySince.size === 0) continue;
    const picked = policy.pick(core(0), nowUs)!;
    order.push(picked);
    readySince.delete(picked);
    const coreUs = 250_000 * (1 + rng.integer(3));
    nowUs += coreUs;
    policy.charge?.(
      picked,
      { coreUs, tokensIn: processes.prompts[picked]!, tokensOut: rng.integer(100) },
      nowUs,
    );
    processes.lefts[picked] = Math.max(1, processes.lefts[picked]! - coreUs);
    if (rng.integer(2) === 0) {
      readySince.set(picked, nowUs);
      policy.ready(picked, nowUs);
    } else {
      policy.waiting(picked, nowUs);
      away.push(picked);
    }
  }
  return order;
}

for (const [name, create] of Object.entries(schedulingPolicies))
  test.skipIf(drawn.has(name))(`${name}: who was picked and put back stands where it stood`, () => {
    for (let seed = 1; seed <= seedCount(40, 2_000); seed++)
      expect(picks(create, seed, true), `life ${seed}`).toEqual(picks(create, seed, false));
  });
