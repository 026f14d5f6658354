/** What every load-control policy must do, whatever its idea. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreateLoadControlPolicy } from '../../../src/kernel/contracts.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { loadControlPolicies } from '../../../src/policies/index.ts';
import { ArrayLoad } from '../../support/load-view.ts';
import { seedCount } from '../../support/seeds.ts';

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('ask', 'ask', 'end', 'grow', 'suspend'),
    pid: fc.integer({ min: 1, max: 6 }),
    tokens: fc.integer({ min: 1, max: 150 }),
  }),
  { minLength: 5, maxLength: 60 },
);

for (const [name, create] of Object.entries<CreateLoadControlPolicy>(loadControlPolicies)) {
  test(`${name}: is named as in the table, and asks to be asked again later, not at once`, () => {
    const policy = create(new ArrayLoad().context(100));
    expect(policy.name).toBe(name);
    expect(policy.recheckUs(0)).toBeGreaterThan(0);
  });

  test(`${name}: when nothing is active, any call may start and nothing is suspended`, () => {
    fc.assert(
      fc.property(steps, (happenings) => {
        const load = new ArrayLoad();
        const policy = create(load.context(100));
        for (const { pid, tokens } of happenings) {
          load.set(pid as Pid, { tokens, active: true });
          policy.mayStart(pid as Pid, 0);
        }
        for (let id = 1; id <= 6; id++) load.set(id as Pid, { tokens: 1000, active: false });
        expect(policy.toSuspend(1)).toBeUndefined();
        expect(policy.mayStart(3 as Pid, 1)).toBe(true);
      }),
      { seed: 6, numRuns: seedCount(50, 5000) },
    );
  });

  test(`${name}: suspends only active processes, and never the last`, () => {
    fc.assert(
      fc.property(steps, (happenings) => {
        const load = new ArrayLoad();
        const policy = create(load.context(100));
        const started = new Set<Pid>();
        for (const { what, pid: id, tokens } of happenings) {
          const pid = id as Pid;
          if (what === 'ask') {
            load.set(pid, { tokens, active: true });
            started.delete(pid);
            if (policy.mayStart(pid, 0)) started.add(pid);
          } else if (what === 'end') {
            load.set(pid, { tokens, active: false });
            started.delete(pid);
          } else if (what === 'grow') {
            load.set(pid, { tokens });
          } else {
            const victim = policy.toSuspend(0);
            if (victim === undefined) continue;
            expect([...started]).toContain(victim);
            expect(started.size).toBeGreaterThan(1);
            started.delete(victim);
            load.set(victim, { tokens, active: false });
          }
        }
      }),
      { seed: 7, numRuns: seedCount(200, 20_000) },
    );
  });

  test(`${name}: saved, and loaded into a new one, it goes on with the same answers`, () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const load = new ArrayLoad();
        const policy = create(load.context(100));
        const copy = create(load.context(100));
        for (const { pid, tokens } of before) {
          load.set(pid as Pid, { tokens });
          policy.mayStart(pid as Pid, 0);
        }
        copy.load!(JSON.parse(JSON.stringify(policy.save!())));
        for (const { pid, tokens } of after) {
          load.set(pid as Pid, { tokens });
          expect(copy.toSuspend(0)).toBe(policy.toSuspend(0));
          expect(copy.mayStart(pid as Pid, 0)).toBe(policy.mayStart(pid as Pid, 0));
        }
      }),
      { seed: 8, numRuns: seedCount(50, 5000) },
    );
  });
}
