/**
 * One rule for ties, whatever the policy: equals go in the order in which they became ready, and who is told ready again since the same instant, without having had a core (it had to
 * wait for memory, or its place was kept), has the place that it had.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { CreateSchedulingPolicy, SchedulingPolicy } from '../../../src/kernel/contracts.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import {
  mlfqDefaults,
  mlfqWith,
  schedulingPolicies,
  staticPriorityDefaults,
  staticPriorityWith,
} from '../../../src/policies/index.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';
import { seedCount } from '../../support/seeds.ts';

const S = 1_000_000;
const count = 8;

const policies: Record<string, CreateSchedulingPolicy> = {
  ...schedulingPolicies,
  'mlfq, woken to the head': mlfqWith({ ...mlfqDefaults, wokenTo: 'head' }),
  'priority-preemptive, preempted to the head': staticPriorityWith({
    ...staticPriorityDefaults,
    sliceUs: 10 * S,
    preemptedTo: 'head',
  }),
};
/** Nobody has a place there. */
const drawn = new Set(['random', 'lottery']);
/** A place there is a virtual time, which goes on while somebody is away: who comes back later on stands elsewhere. */
const movedByTime = new Set(['stride', 'cfs', 'eevdf']);
/** There even the least virtual time moves when one of different weight or history leaves. */
const movedAtOnce = new Set(['cfs', 'eevdf']);

function drawnProcesses(seed: number): ArrayProcesses {
  const processes = new ArrayProcesses();
  const rng = rngFor(seed, 'facts');
  for (let id = 1; id <= count; id++) {
    // Few values: many equals.
    processes.priorities[id] = 10 * rng.integer(2);
    processes.runs[id] = rng.integer(3);
    processes.ticketsOf[id] = 1 + rng.integer(2);
    processes.weights[id] = 1 + rng.integer(2);
    processes.bursts[id] = (1 + rng.integer(2)) * 100 * S;
    processes.prompts[id] = 100 * rng.integer(2);
    if (rng.integer(2) === 0) processes.deadlines[id] = 1000 * S * (1 + rng.integer(2));
  }
  return processes;
}

/** Of both: the same told, and the same order when all have been picked. */
class Pair {
  readonly plain: SchedulingPolicy;
  /** Who is picked from this one comes back. */
  readonly detoured: SchedulingPolicy;

  constructor(create: CreateSchedulingPolicy, processes: ArrayProcesses) {
    this.plain = create(processes.context());
    this.detoured = create(processes.context());
  }

  both<T>(act: (policy: SchedulingPolicy) => T): T {
    const [one, other] = [act(this.plain), act(this.detoured)];
    if (other !== one) throw new Error(`${String(other)} after detours, ${String(one)} without`);
    return one;
  }
}

const step = fc.record({
  what: fc.constantFrom('ready', 'ready', 'ready', 'run', 'stop', 'block', 'detour', 'detour', 'reload'),
  id: fc.integer({ min: 1, max: count }),
  us: fc.constantFrom(0, 0, S, 3 * S),
  depth: fc.integer({ min: 1, max: 4 }),
  isReversed: fc.boolean(),
});

for (const [name, create] of Object.entries(policies)) {
  test.skipIf(drawn.has(name) || movedAtOnce.has(name))(
    `${name}: who is picked, gets no core and is ready again has the place that it had`,
    () => {
      let detours = 0;
      fc.assert(
        fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), fc.nat(), (steps, seed) => {
          const processes = drawnProcesses(seed);
          const pair = new Pair(create, processes);
          const since = new Map<Pid, number>();
          const running = new Map<Pid, number>();
          let nowUs = 0;
          for (const { what, id, us, depth, isReversed } of steps) {
            nowUs += us;
            const one = pid(id);
            const began = running.get(one);
            if (what === 'ready' && !since.has(one) && began === undefined) {
              pair.both((policy) => void policy.ready(one, nowUs));
              since.set(one, nowUs);
            } else if (what === 'run' && since.size > 0) {
              const picked = pair.both((policy) => policy.pick(core(0), nowUs))!;
              since.delete(picked);
              running.set(picked, nowUs);
            } else if ((what === 'stop' || what === 'block') && began !== undefined) {
              const charge = { coreUs: nowUs - began, tokensIn: 0, tokensOut: 5 };
              processes.underWay[one] = what === 'stop';
              running.delete(one);
              pair.both((policy) => {
                policy.charge?.(one, charge, nowUs);
                if (what === 'stop') policy.ready(one, nowUs);
                else policy.waiting(one, nowUs);
              });
              if (what === 'stop') since.set(one, nowUs);
            } else if (what === 'detour') {
              // Some of the first, one after the other, and then all of them back in any order.
              const aside: Pid[] = [];
              const { detoured } = pair;
              for (let at = 0; at < Math.min(depth, since.size); at++) {
                const picked = detoured.pick(core(0), nowUs)!;
                detoured.waiting(picked, nowUs);
                aside.push(picked);
              }
              for (const back of isReversed ? aside.toReversed() : aside)
                detoured.ready(back, since.get(back)!);
              detours += aside.length;
            } else if (what === 'reload') {
              const copy = create(processes.context());
              copy.load!(JSON.parse(JSON.stringify(pair.detoured.save!())));
              Object.assign(pair, { detoured: copy });
            }
          }
          while (since.size > 0) since.delete(pair.both((policy) => policy.pick(core(0), nowUs))!);
        }),
        { seed: 3, numRuns: seedCount(40, 10_000) },
      );
      expect(detours).toBeGreaterThan(100);
    },
  );

  const waits = movedByTime.has(name) ? 'of one instant' : 'however long';
  test.skipIf(drawn.has(name))(`${name}: equals keep their order through waits for memory, ${waits}`, () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (stream) => {
        const draw = (bound: number): number => (stream.next().value as number) % bound;
        // All alike, those of one run and one client too, and nobody has had anything.
        const processes = new ArrayProcesses();
        for (let id = 1; id <= count; id++) processes.runs[id] = 0;
        processes.expectations[1] = 1_000;
        const policy = create(processes.context());
        const told = Array.from({ length: count }, (_, index) => pid(index + 1));
        for (const one of told) policy.ready(one, 0);
        // A newcomer of cfs begins a slice behind, and slices get shorter the more there are: no order of arrival, but one that stays.
        const twin = create(processes.context());
        for (const one of told) twin.ready(one, 0);
        const order = name === 'cfs' ? told.map(() => twin.pick(core(0), 0)!) : told;
        const away = new Set<Pid>();
        for (let round = 1; round < 40; round++) {
          const nowUs = movedByTime.has(name) ? 0 : round;
          if (draw(2) === 0 && away.size < count) {
            const picked = policy.pick(core(0), nowUs)!;
            expect(picked).toBe(order.find((one) => !away.has(one)));
            policy.waiting(picked, nowUs);
            away.add(picked);
          } else if (away.size > 0) {
            const back = [...away][draw(away.size)]!;
            away.delete(back);
            policy.ready(back, 0);
          }
        }
        for (const back of away) policy.ready(back, 0);
        expect(told.map(() => policy.pick(core(0), movedByTime.has(name) ? 0 : 50))).toEqual(order);
      }),
      { seed: 4, numRuns: seedCount(40, 10_000) },
    );
  });
}
