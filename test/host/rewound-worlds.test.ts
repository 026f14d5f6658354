/** Property: whatever programs, signals and families do, a run can be rewound to any step, and goes on from there as its programs are. */
import { expect, test } from 'vitest';

import { rngFor } from '../../src/base/rng.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import { createCheckers } from '../../src/sim/checkers/checkers.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { Draw } from '../sim/random-draw.ts';
import { drawWorld, type WorldSetup } from '../sim/random-world.ts';
import { checkProcess } from '../sim/stored-promises.ts';
import { seedCount } from '../support/seeds.ts';
import { branchOf, make, toldBy } from './branch-lives.ts';

test('a run of any programs, rewound anywhere', () => {
  let cuts = 0;
  let ends = 0;
  let effects = 0;
  for (let seed = 1; seed <= seedCount(12, 5_000); seed++) {
    const chaos = new Draw(rngFor(seed, 'rewound worlds'));
    const setup = drawWorld(seed);
    const store = new MemoryStore();
    let atUs = life(setup, store, chaos, 0);
    for (let rewinds = chaos.between(1, 3); rewinds > 0; rewinds--) {
      const before = branchOf(store);
      const last = before.steps.findIndex(({ type, pid }) => type === 'conclusion' && pid === 1);
      const after = chaos.between(0, last < 0 ? before.steps.length : last);
      const told = toldBy(store, before.branch);
      const plan = make(store, { kind: 'rewind', after }, { atUs });
      const name = `seed ${seed}, rewound behind ${after} of ${before.steps.length}`;
      const own = toldBy(store, plan.name).filter(
        (record) => (record as { type: string }).type === 'history',
      );
      expect(
        told.filter((record) => (record as { type: string }).type === 'history').slice(0, own.length),
        name,
      ).toEqual(own);
      expect(branchOf(store).branch).toBe(plan.name);
      atUs = life(setup, store, chaos, atUs);
      for (const process of store.processes('run-1')) checkProcess(store, process);
      cuts++;
      ends += plan.ends.length;
      effects += plan.effects.length;
    }
    expect(store.verifyAudit('run-1')).toMatchObject({ ok: true });
  }
  expect(cuts).toBeGreaterThan(12);
  expect(ends).toBeGreaterThan(3);
  expect(effects).toBeGreaterThan(3);
});

/** Of one root process and its descendants, from its start or from what is stored, for a while. */
function life(
  { kernel, faults, flushUs, longestUs }: WorldSetup,
  store: MemoryStore,
  chaos: Draw,
  atUs: number,
): number {
  const simulation = new Simulation({
    kernel: { ...kernel, records: true, ledger: store.ledger() },
    faults,
    flushUs,
    store,
    onEvent(event) {
      if (event.type === 'process.terminated' && event.code === 'PROGRAM_DIVERGED')
        throw new Error(`process ${event.pid}: ${event.message}`);
      checkers.onEvent(event);
    },
  });
  const { engines, queues, budgets, tools } = simulation.kernel.options;
  const checkers = createCheckers({ engines, queues, budgets, tools });
  const isNew = store.runs().length === 0;
  if (isNew)
    simulation.spawn(0, {
      program: 'random',
      name: 'root',
      run: 'run-1',
      arguments: { left: chaos.between(20, 60), depth: 0, longestUs, weights },
      budget: chaos.of(kernel.budgets ?? []).name,
    });
  else {
    const input = recoveryInput(store, 'run-1');
    if (input !== undefined) simulation.send(atUs, input);
  }
  for (let steps = chaos.between(20, 400); steps > 0 && simulation.stepOnce(); steps--) {
    const living = store.processes('run-1').filter(({ end }) => end === undefined);
    if (living.length > 0 && chaos.chance(0.01))
      simulation.signal(simulation.nowUs, chaos.of(living).pid, chaos.signal());
    if (steps % 7 === 0) simulation.kernel.checkInvariants();
  }
  return simulation.nowUs;
}

const weights = {
  spawn: 12,
  wait: 10,
  send: 10,
  receive: 8,
  signal: 6,
  think: 30,
  callTools: 30,
  acquire: 8,
  release: 6,
  ask: 4,
  remember: 5,
};
