/**
 * Real event streams with one event changed or left out: of what a stream can judge, every such change must be noticed. The streams are those of
 * random worlds, with every kind of engine, budget, signal and fault.
 */
import { expect, test } from 'vitest';

import { AssertionError } from '../../../src/base/assert.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import type { EventOf, EventType } from '../../../src/sim/checkers/checker.ts';
import { createCheckers, type CheckersOptions } from '../../../src/sim/checkers/checkers.ts';
import { seedCount } from '../../support/seeds.ts';
import { migrating } from '../migrating-worlds.ts';
import { drawWorld, runWorld, type WorldWatch } from '../random-world.ts';

interface World {
  readonly seed: number;
  readonly events: readonly KernelEvent[];
  readonly facts: CheckersOptions;
}

/** Longer ones only take longer. */
const longestStream = 2_000;
const isShort = ({ events }: World): boolean => events.length <= longestStream;
const seeds = Array.from({ length: 300 }, (_, index) => index + 1);
const isEntangled = (seed: number): boolean => drawWorld(seed).weights !== undefined;
/** Those of the usual kind, and some whose processes wait for each other above all. */
const worlds = [
  ...seeds.filter((seed) => !isEntangled(seed)).slice(0, 120),
  ...seeds.filter(isEntangled).slice(0, 30),
]
  .map((seed) => worldOf(seed))
  .filter(isShort);
/** In which processes change their engines, and switches cost something. */
const changingEngines = Array.from({ length: 40 }, (_, index) =>
  worldOf(index + 1, migrating(index + 1)),
).filter(isShort);
/** Of each type, in each world. */
const mostChanges = seedCount(3, 20);

function worldOf(seed: number, alter?: WorldWatch['alter']): World {
  const events: KernelEvent[] = [];
  let facts: CheckersOptions = { engines: [] };
  const watch = alter === undefined ? {} : { alter };
  runWorld(seed, {
    ...watch,
    onEvent: (event) => void events.push(event),
    onFacts: (told) => void (facts = told),
  });
  return { seed, events, facts };
}

function isNoticed({ facts }: World, events: readonly KernelEvent[]): boolean {
  const checkers = createCheckers(facts);
  try {
    for (const [index, event] of events.entries())
      checkers.onEvent(event.seq === index + 1 ? event : { ...event, seq: index + 1 });
    checkers.finish(true);
    return false;
  } catch (error) {
    if (error instanceof AssertionError) return true;
    throw error;
  }
}

type Field<Type extends EventType> = Exclude<keyof EventOf<Type>, 'type' | 'seq' | 'atUs'>;

/** Changes one field of every event of a type to each of `others`. */
function changing<Type extends EventType, Name extends Field<Type>>(
  type: Type,
  field: Name,
  others: (value: EventOf<Type>[Name]) => readonly unknown[],
  inWorlds = worlds,
): void {
  test(`a changed ${type}.${String(field)} is noticed${inWorlds === worlds ? '' : ' where engines are changed'}`, () => {
    const changesOf = (event: EventOf<Type>) =>
      others(event[field])
        .filter((other) => other !== event[field])
        .map((other) => [{ ...event, [field]: other }]);
    expectNoticed(type, 1, changesOf, inWorlds);
  });
}

/** Leaves out every event of a type. `share`: how much of that must be noticed. */
function leavingOut(type: EventType, share = 1, inWorlds = worlds): void {
  test(`a missing ${type} is noticed${share < 1 ? ` (${share * 100} % of them)` : ''}`, () => {
    expectNoticed(type, share, () => [[]], inWorlds);
  });
}

function expectNoticed<Type extends EventType>(
  type: Type,
  share: number,
  changesOf: (event: EventOf<Type>) => readonly (readonly KernelEvent[])[],
  inWorlds: readonly World[],
): void {
  const missed: string[] = [];
  let changes = 0;
  for (const world of inWorlds) {
    const { seed, events } = world;
    const places = events.flatMap((event, index) => (event.type === type ? [index] : []));
    for (const place of places.slice(0, mostChanges)) {
      for (const instead of changesOf(events[place] as EventOf<Type>)) {
        changes++;
        if (!isNoticed(world, events.toSpliced(place, 1, ...instead)))
          missed.push(`event ${place + 1} of world ${seed}: ${JSON.stringify(instead)}`);
      }
    }
  }
  expect(changes).toBeGreaterThan(5);
  if (missed.length > changes * (1 - share))
    expect.fail(`${missed.length} of ${changes} pass, such as ${missed[0]}`);
}

/** One more, and nothing at all. */
const numbers = (value: number): readonly number[] => [value + 1, 0];

test('unchanged, they are right', () => {
  for (const world of [...worlds, ...changingEngines])
    expect(isNoticed(world, world.events), `world ${world.seed}`).toBe(false);
});

changing('call.ended', 'tokensIn', numbers);
changing('call.ended', 'tokensOut', numbers);
changing('call.ended', 'microDollars', numbers);
changing('call.bypassed', 'tokens', numbers);
changing('call.stopped', 'by', (by) => [by === 'signal' ? 'slice' : 'signal']);
changing('budget.reserved', 'tokens', numbers);
changing('budget.reserved', 'microDollars', numbers);
changing('budget.reserved', 'node', () => ['elsewhere']);
changing('budget.settled', 'tokens', numbers);
changing('budget.settled', 'microDollars', numbers);
changing('budget.settled', 'coreUs', numbers);
changing('budget.queued', 'node', () => ['elsewhere']);
changing('budget.overrun', 'amount', numbers);
changing('budget.overrun', 'node', () => ['elsewhere']);
changing('budget.exhausted', 'node', () => ['elsewhere']);
changing('budget.exhausted', 'rule', (rule) =>
  (['degrade', 'suspend', 'stop'] as const).filter((other) => other !== rule),
);
changing('process.suspended', 'by', (by) => [by === 'signal' ? 'load-control' : 'signal']);
changing('process.terminated', 'outcome', () => ['completed', 'failed', 'cancelled', 'killed']);
changing('process.migrated', 'from', numbers, changingEngines);
changing('process.migrated', 'to', (to) => [to + 1, 0], changingEngines);
// A little more may be what a slower core takes.
changing('call.ended', 'switchUs', (us) => (us === undefined ? [] : [us + 1_000_000]), changingEngines);
changing('tool.ended', 'ok', (ok) => [!ok]);
// The next number may be another question that is open in the same process.
changing('person.answered', 'request', (value) => [value + 1_000, 0]);
changing('person.answered', 'pid', numbers);
changing('person.answered', 'decision', () => ['perhaps']);
changing('message.sent', 'number', numbers);
changing('message.received', 'number', numbers);
changing('message.received', 'from', numbers);

changing('lock.acquired', 'token', () => [0]);
changing('lock.acquired', 'ownerEnded', (ended) => [!ended]);
changing('lock.acquired', 'lock', () => ['elsewhere']);
changing('lock.released', 'pid', () => [1_000]);
changing('lock.released', 'token', numbers);
changing('lock.queued', 'owner', numbers);
changing('semaphore.opened', 'count', () => [-1]);
changing('semaphore.taken', 'count', (count) => [count + 1, count - 1]);
changing('semaphore.posted', 'count', (count) => [count + 1, count - 1]);
changing('process.unboosted', 'priority', numbers);
changing('deadlock.detected', 'victim', (victim) => (victim === 0 ? [] : [1_000]));
changing('deadlock.detected', 'members', (members) => [
  [],
  members.map((one) => ({ ...one, pid: 1_000 as Pid })),
]);

// Who is stopped, or continued, and ended in the same instant shows it by nothing else.
leavingOut('process.suspended', 0.9);
leavingOut('process.continued', 0.8);
leavingOut('budget.reserved');
leavingOut('budget.settled');
leavingOut('budget.overrun');
leavingOut('budget.exhausted');
leavingOut('tool.started');
leavingOut('process.migrated', 1, changingEngines);
leavingOut('tool.ended');
// Who waited for a lock, for memory or for others, and wakes to end by itself, is told of by nothing else.
leavingOut('process.terminated', 0.95);
leavingOut('lock.acquired', 0.5);
leavingOut('lock.released');
leavingOut('budget.queued', 0.85);
leavingOut('person.asked', 0.97);
leavingOut('person.answered', 0.85);
