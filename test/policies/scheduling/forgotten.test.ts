/** A kernel may live for ever: what policies keep of processes, runs and clients ends with them. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { CreateSchedulingPolicy } from '../../../src/kernel/contracts.ts';
import { importanceLru, scripted, Simulation } from '../../../src/index.ts';
import { schedulingPolicies } from '../../../src/policies/index.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';

const S = 1_000_000;

/** `runs` runs one after another, some at once, each a parent and a child that outlives it. How long what is saved is at the end, and at most. */
function savedAfter(create: CreateSchedulingPolicy, runs: number, hasCosts: boolean): number {
  const processes = new ArrayProcesses();
  const policy = create(processes.context());
  const rng = rngFor(1, 'lengths');
  let nowUs = 0;
  const serve = (): void => {
    const picked = policy.pick(core(0), nowUs)!;
    nowUs += 1 + rng.integer(3 * S);
    policy.charge?.(picked, { coreUs: S, tokensIn: 10, tokensOut: rng.integer(100) }, nowUs);
    policy.waiting(picked, nowUs);
  };
  for (let run = 0; run < runs; run++) {
    const [parent, child] = [pid(2 * run + 1), pid(2 * run + 2)];
    processes.parents[child] = parent;
    for (const one of [parent, child]) {
      processes.runs[one] = run;
      processes.prompts[one] = 10;
      if (hasCosts) processes.expectations[one] = 1_000;
      policy.ready(one, nowUs);
    }
    serve();
    serve();
    for (const one of [parent, child]) {
      processes.ended[one] = true;
      policy.exited(one, nowUs);
    }
    policy.runEnded?.(run, nowUs);
    nowUs += 10 * S;
  }
  return JSON.stringify(policy.save!()).length;
}

for (const [name, create] of Object.entries<CreateSchedulingPolicy>(schedulingPolicies))
  test.each([false, true])(
    `${name}: after a thousand runs it keeps no more than after ten, costs foretold: %s`,
    (hasCosts) => {
      // Figures get longer.
      expect(savedAfter(create, 1_000, hasCosts)).toBeLessThan(savedAfter(create, 10, hasCosts) + 100);
    },
  );

test('vtc: a client that was served more than the others is remembered until they have caught up, and counts as before', () => {
  const processes = new ArrayProcesses();
  processes.clients.push(-1, 0, 1, 0, 1, 1);
  processes.prompts.push(0, 100, 100, 100, 100, 100);
  const policy = schedulingPolicies.vtc(processes.context());
  for (const id of [1, 2]) policy.ready(pid(id), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  policy.charge!(pid(1), { coreUs: 1, tokensIn: 0, tokensOut: 500 }, 1);
  policy.exited(pid(1), 1);
  // It is back under another process, and still 1,100 ahead of nothing.
  policy.ready(pid(3), 2);
  policy.ready(pid(4), 3);
  expect(policy.pick(core(0), 3)).toBe(2);
  expect(policy.explain!(pid(3), 3)).toContain('counter 1100 weighted tokens');
});

test('the kernel tells the policies of every engine that the last process of a run has ended', () => {
  const told: string[] = [];
  let engines = 0;
  const simulation = new Simulation({
    kernel: {
      scheduling: (context) => {
        const policy = schedulingPolicies.plas(context);
        const engine = engines++;
        const end = policy.runEnded!.bind(policy);
        policy.runEnded = (run, nowUs) => {
          told.push(`${engine}: run ${run} at ${nowUs / S} s`);
          end(run, nowUs);
        };
        return policy;
      },
      paging: importanceLru,
      programs: [scripted],
      engines: [{ name: 'a' }, { name: 'b' }],
    },
  });
  const think = { op: 'think', tokensOut: 60, durationUs: 4 * S } as const;
  const child = { name: 'child', steps: [think, think] };
  const steps = [think, { op: 'spawn', agent: child }];
  for (const name of ['one', 'two'])
    simulation.spawn(0, {
      program: 'scripted',
      arguments: { name, steps: name === 'one' ? steps : [think] },
      name,
      run: name,
    });
  simulation.run(100 * S);
  expect(told).toEqual(['0: run 1 at 4 s', '1: run 1 at 4 s', '0: run 0 at 12 s', '1: run 0 at 12 s']);
});
