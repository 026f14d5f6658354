/** What users may say of their processes, at its extremes, through every policy: no assertion fails, every answer is one that the kernel takes, and everybody gets the core. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreateSchedulingPolicy, SchedulingPolicy } from '../../../src/kernel/contracts.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import {
  leastWeight,
  malformedFacts,
  mostShares,
  mostTokenSeconds,
} from '../../../src/kernel/scheduling-facts.ts';
import { schedulingPolicies } from '../../../src/policies/index.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';
import { seedCount } from '../../support/seeds.ts';

const count = 6;
const longUs = 1_000_000_000_000;
const facts = fc.record({
  tickets: fc.constantFrom(1, 100, mostShares),
  weight: fc.constantFrom(leastWeight, 0.0105, 1, 1 / 3, mostShares),
  deadlineUs: fc.constantFrom(1, longUs, Number.MAX_SAFE_INTEGER),
  expectedTokenSeconds: fc.constantFrom(0, 1e-300, 1, mostTokenSeconds),
  burst: fc.constantFrom(0, 1, 7_654_321, longUs),
  priority: fc.constantFrom(0, 50, 100),
  isDeadline: fc.boolean(),
  isExpected: fc.boolean(),
});
const step = fc.record({
  what: fc.constantFrom('ready', 'ready', 'pick', 'pick', 'stop', 'end', 'wait', 'exit', 'reload'),
  id: fc.integer({ min: 1, max: count }),
  us: fc.constantFrom(0, 1, 7_654_321, longUs),
});

const isTime = (us: number): boolean => us === Infinity || Number.isSafeInteger(us);

function settle(processes: ArrayProcesses, all: readonly { readonly burst: number }[]): void {
  for (const [index, { burst }] of all.entries()) {
    processes.bursts[index + 1] = burst;
    processes.lefts[index + 1] = burst;
    processes.prompts[index + 1] = 1_000_000;
    processes.outputs[index + 1] = 1_000_000;
    processes.runs[index + 1] = index % 3;
  }
}

for (const [name, create] of Object.entries<CreateSchedulingPolicy>(schedulingPolicies)) {
  test(`${name}: the least and the most that a process may say, and calls of a million seconds`, () => {
    let picks = 0;
    fc.assert(
      fc.property(
        fc.array(facts, { minLength: count, maxLength: count }),
        fc.array(step, { minLength: 100, maxLength: 200, size: 'max' }),
        fc.constantFrom(1, 8),
        (all, steps, cores) => {
          const processes = new ArrayProcesses();
          settle(processes, all);
          for (const [index, one] of all.entries()) {
            const { tickets, weight, deadlineUs, expectedTokenSeconds } = one;
            const said = { tickets, weight, deadlineUs, expectedTokenSeconds };
            expect(malformedFacts('scheduling', said)).toBeUndefined();
            processes.priorities[index + 1] = one.priority;
            processes.ticketsOf[index + 1] = tickets;
            processes.weights[index + 1] = weight;
            if (one.isDeadline) processes.deadlines[index + 1] = deadlineUs;
            if (one.isExpected) processes.expectations[index + 1] = expectedTokenSeconds;
          }
          const context = { ...processes.context(), capacity: cores };
          let policy: SchedulingPolicy = create(context);
          const ready = new Set<Pid>();
          const running = new Map<Pid, number>();
          let nowUs = 0;
          const check = (which: Pid): void => {
            for (const one of running.keys()) {
              const sliceUs = policy.slice(one);
              expect(sliceUs >= 1 && isTime(sliceUs)).toBe(true);
              const dueUs = policy.shouldPreempt?.(one, nowUs) ?? Infinity;
              expect(dueUs <= nowUs || isTime(dueUs)).toBe(true);
            }
            expect(policy.explain!(which, nowUs)).not.toMatch(/NaN|undefined|\n/);
          };
          for (const { what, id, us } of steps) {
            nowUs += us;
            const among = what === 'wait' ? [...ready] : what === 'ready' ? [] : [...running.keys()];
            const one = among[id % among.length] ?? pid(id);
            const began = running.get(one);
            if (what === 'ready' && began === undefined && !ready.has(one)) {
              processes.underWay[one] = false;
              policy.ready(one, nowUs);
              ready.add(one);
            } else if (what === 'pick' && ready.size > 0 && running.size < cores) {
              const picked = policy.pick(core(0), nowUs)!;
              expect(ready.delete(picked)).toBe(true);
              running.set(picked, nowUs);
              picks++;
            } else if ((what === 'stop' || what === 'end' || what === 'exit') && began !== undefined) {
              running.delete(one);
              const charge = { coreUs: nowUs - began, tokensIn: 1_000_000, tokensOut: 1_000_000 };
              policy.charge?.(one, charge, nowUs);
              processes.underWay[one] = what === 'stop';
              if (what === 'stop') {
                policy.ready(one, nowUs);
                ready.add(one);
              } else if (what === 'end') policy.waiting(one, nowUs);
              else policy.exited(one, nowUs);
            } else if (what === 'wait' && ready.delete(one)) policy.waiting(one, nowUs);
            else if (what === 'reload') {
              const saved = JSON.stringify(policy.save!());
              policy = create(context);
              policy.load!(JSON.parse(saved));
              expect(JSON.stringify(policy.save!())).toBe(saved);
            }
            check(one);
          }
          while (ready.size > 0) expect(ready.delete(policy.pick(core(0), nowUs)!)).toBe(true);
          for (let id = 1; id <= count; id++) policy.exited(pid(id), nowUs);
        },
      ),
      { seed: 7, numRuns: seedCount(12, 10_000) },
    );
    expect(picks).toBeGreaterThan(100);
  });
}
