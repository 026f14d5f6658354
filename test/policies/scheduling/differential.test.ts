/** The priority policy against its naive twin: the same picks and instants, whatever happens in between. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Pid } from '../../../src/kernel/ids.ts';
import { priorityWith } from '../../../src/policies/index.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';
import { seedCount } from '../../support/seeds.ts';
import { NaivePriority } from './naive-priority.ts';

const options = { agingUsPerPoint: 6, gap: 10, sliceUs: 60, quotaShare: 0.3 };
const windowUs = 600;
const charge = { coreUs: 1, tokensIn: 1, tokensOut: 1 };
const pidCount = 7;

const steps = fc.array(
  fc.record({
    what: fc.constantFrom(
      ...([
        'pass',
        'ready',
        'ready',
        'pick',
        'pick',
        'preempt',
        'charge',
        'charge',
        'inherit',
        'wait',
        'exit',
        'reload',
      ] as const),
    ),
    of: fc.integer({ min: 1, max: pidCount }),
    us: fc.constantFrom(0, 0, 1, 3, 17, 60),
    tenths: fc.constantFrom(0, 2, 4),
  }),
  { minLength: 60, maxLength: 120 },
);
const priorities = fc.array(fc.constantFrom(0, 30, 40, 45, 50, 50, 60, 100), {
  minLength: pidCount + 1,
  maxLength: pidCount + 1,
});
// Two nodes of several processes, and processes without one.
const nodes = fc.array(fc.constantFrom(0, 0, 0, 1, -1), { minLength: pidCount + 1, maxLength: pidCount + 1 });

for (const limits of ['fixed', 'sliding'] as const) {
  test(`priority: picks and preempts as its naive twin, ${limits} windows`, () => {
    let picks = 0;
    let atOnce = 0;
    let later = 0;
    fc.assert(
      fc.property(steps, priorities, nodes, (happenings, priorityOf, nodeOf) => {
        const processes = new ArrayProcesses();
        processes.priorities.push(...priorityOf);
        processes.nodes.push(...nodeOf);
        const create = priorityWith(options);
        let policy = create(processes.context());
        const naive = new NaivePriority(options, processes);
        const state: ('gone' | 'idle' | 'ready' | 'running')[] = Array.from(
          { length: pidCount + 1 },
          () => 'idle',
        );
        let nowUs = 0;
        // Fixed: the windows of node 1 roll half a window after those of node 0. Sliding: each process at its own time.
        const roll = (): void => {
          for (let id = 1; id <= pidCount; id++) {
            const shiftUs = limits === 'fixed' ? (nodeOf[id]! * windowUs) / 2 : id * 31;
            const rollsUs = Math.floor((nowUs + shiftUs) / windowUs + 1) * windowUs - shiftUs;
            if (rollsUs === processes.ownRolls[id]) continue;
            processes.ownRolls[id] = rollsUs;
            processes.shares[id] = 0;
          }
        };
        const ready = (one: Pid): void => {
          policy.ready(one, nowUs);
          naive.ready(one, nowUs);
          state[one] = 'ready';
        };
        roll();
        for (const { what, of, us, tenths } of happenings) {
          const one = pid(of);
          nowUs += us;
          roll();
          if (what === 'ready' && state[of] === 'idle') ready(one);
          else if (what === 'pick') {
            const picked = policy.pick(core(0), nowUs);
            expect(picked).toBe(naive.pick(nowUs));
            if (picked !== undefined) state[picked] = 'running';
            if (picked !== undefined) picks++;
          } else if (what === 'charge' && (state[of] === 'running' || state[of] === 'ready')) {
            processes.shares[of] = (processes.shares[of] ?? 0) + tenths / 10;
            policy.charge!(one, charge, nowUs);
            naive.charge(one, nowUs);
          } else if (what === 'inherit' && (state[of] === 'running' || state[of] === 'ready')) {
            // Now more urgent, now its own again.
            processes.priorities[of] = tenths === 0 ? priorityOf[of]! : priorityOf[of]! - tenths;
            policy.reprioritized!(one, nowUs);
            naive.reprioritized(one);
          } else if (what === 'wait' && state[of] !== 'gone') {
            policy.waiting(one, nowUs);
            naive.waiting(one);
            state[of] = 'idle';
          } else if (what === 'exit' && tenths === 0 && state[of] !== 'gone') {
            policy.exited(one, nowUs);
            naive.waiting(one);
            state[of] = 'gone';
          } else if (what === 'reload') {
            const saved = JSON.stringify(policy.save!());
            policy = create(processes.context());
            policy.load!(JSON.parse(saved));
            expect(JSON.stringify(policy.save!())).toBe(saved);
          } else if (what === 'preempt') {
            for (let id = 1; id <= pidCount; id++) {
              if (state[id] !== 'running') continue;
              const atUs = policy.shouldPreempt!(pid(id), nowUs);
              const expectedUs = naive.shouldPreempt(pid(id), nowUs);
              // The twin only looks from now on: what is overdue is due now.
              if (limits === 'fixed' || expectedUs === nowUs) expect(Math.max(atUs, nowUs)).toBe(expectedUs);
              else {
                // Asked then, it may find one that rolled in the way of the one that would preempt: later, but not now.
                expect(atUs).toBeGreaterThan(nowUs);
                expect(atUs).toBeLessThanOrEqual(expectedUs);
              }
              if (atUs > nowUs) later += atUs < Infinity ? 1 : 0;
              else {
                atOnce++;
                ready(pid(id));
              }
            }
          }
        }
      }),
      { seed: 11, numRuns: seedCount(1000, 100_000) },
    );
    // It was about something.
    expect(Math.min(picks, atOnce, later)).toBeGreaterThan(500);
  });
}
