import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { MersenneTwister } from '../../../src/lessons/ostep/mersenne-twister.ts';
import { type MultiOptions, type MultiProblem, solveMulti } from '../../../src/lessons/ostep/multi.ts';
import { seedCount } from '../../support/seeds.ts';

const plain: MultiOptions = {
  numCpus: 2,
  quantum: 2,
  perCpuQueues: false,
  peekInterval: 0,
  warmupTime: 2,
  warmRate: 2,
  cacheSize: 100,
  randomOrder: false,
  affinity: {},
};

function jobs(text: string): MultiProblem['jobs'] {
  return text.split(',').map((job) => {
    const [name = '', length, workingSet] = job.split(':');
    return { name, length: Number(length), workingSet: Number(workingSet) };
  });
}

const answerTo = (options: Partial<MultiOptions>, list: string, more: Partial<MultiProblem> = {}) =>
  solveMulti({ options: { ...plain, ...options }, jobs: jobs(list), ...more }, new MersenneTwister(0));

const rows = (timeline: readonly (readonly (string | null)[])[]): string[] =>
  timeline.map((row) => row.map((job) => job ?? '-').join(''));

test('one queue: slices end for all CPUs at once, and a job runs warm after its warm-up', () => {
  const { timeline, timeLeftAfter, perCpu, warmAfterChanges } = answerTo({}, 'a:7:10,b:3:10,c:2:10');
  // At time 2 the queue is c, a, b: CPU 1 takes a, which is cold there; from time 4 on a is warm.
  expect(rows(timeline)).toEqual(['aaccb-', 'bbaaaa']);
  expect(timeLeftAfter[1]).toEqual([2, 1, 4, 3, 1, 0]);
  expect(perCpu[1]).toEqual({ cpu: 1, utilization: 100, warm: 33.33 });
  expect(warmAfterChanges[1]).toEqual([
    [0, []],
    [1, ['b']],
    [3, ['a', 'b']],
  ]);
});

test('an idle CPU takes its next job at the next tick', () => {
  const { timeline, finishedTime } = answerTo({ numCpus: 1, quantum: 10 }, 'a:1:1,b:2:1');
  expect(rows(timeline)).toEqual(['abb']);
  expect(finishedTime).toBe(3);
});

test('the cache forgets whoever became warm first, and a job larger than it flushes all', () => {
  const one = { numCpus: 1, warmupTime: 1, cacheSize: 50 };
  const { warmAfterChanges } = answerTo({ ...one, quantum: 1 }, 'a:9:30,b:9:30');
  expect(warmAfterChanges[0]!.slice(0, 3)).toEqual([
    [0, ['a']],
    [1, ['b']],
    [2, ['a']],
  ]);
  expect(answerTo(one, 'a:4:60').utilizationExact).toEqual([{ cpu: 0, ran: 4, ranWarm: 0 }]);
});

test('a CPU steals the first job without affinity; a pinned one only when its figures equal the CPU’s number', () => {
  const options = { perCpuQueues: true, peekInterval: 1, quantum: 20 };
  const free = answerTo(options, 'a:9:10,b:1:10,c:9:10');
  expect(rows(free.timeline)[1]).toMatch(/^bc/);
  const pinned = { ...options, affinity: { a: [0], c: [0] } };
  expect(rows(answerTo(pinned, 'a:9:10,b:1:10,c:9:10').timeline)[1]).toMatch(/^b-+$/);
  // Its working set is 1: CPU 1 takes c, may not run it, and CPU 0 can't take it back.
  expect(() => answerTo(pinned, 'a:9:10,b:1:10,c:9:1')).toThrow(
    /^affinity \(-A\): job c is in a queue whose CPUs may not run it/,
  );
});

test('choices that the problem lists are taken, and looked at', () => {
  const options = { numCpus: 3, perCpuQueues: true, peekInterval: 2, quantum: 20, warmupTime: 9 };
  const list = 'a:3:10,b:3:10,c:1:10,d:1:10,e:1:10';
  expect(rows(answerTo(options, list, { stealChoices: [1] }).timeline)).toEqual(['aaad', 'bbb-', 'c-e-']);
  expect(rows(answerTo(options, list, { stealChoices: [0] }).timeline)).toEqual(['aaa-', 'bbbe', 'c-d-']);
  expect(() => answerTo(options, list, { stealChoices: [2] })).toThrow('stealChoices: 2 is not allowed');
  expect(() => answerTo(options, list, { stealChoices: [] })).toThrow('stealChoices: 0 is not allowed');
  const ordered = { randomOrder: true, quantum: 20 };
  const cpuOrders = Array.from({ length: 20 }, () => [1, 0]);
  expect(rows(answerTo(ordered, 'a:3:1,b:3:1', { cpuOrders }).timeline)).toEqual(['bbb', 'aaa']);
  expect(() => answerTo(ordered, 'a:3:1', { cpuOrders: [[0, 0]] })).toThrow('cpuOrders: "0,0"');
  expect(() => answerTo(ordered, 'a:3:1', { cpuOrders: [] })).toThrow('cpuOrders: 0');
});

test('each job runs once at a time, and no longer than its time: exactly it where nothing is ever warm', () => {
  const list = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.nat(60)), {
    minLength: 1,
    maxLength: 6,
  });
  const options = fc.record({
    numCpus: fc.integer({ min: 1, max: 4 }),
    quantum: fc.integer({ min: 1, max: 6 }),
    perCpuQueues: fc.boolean(),
    peekInterval: fc.nat(5),
    warmupTime: fc.nat(4),
    warmRate: fc.integer({ min: 1, max: 3 }),
    cacheSize: fc.nat(100),
    randomOrder: fc.boolean(),
  });
  fc.assert(
    fc.property(list, options, (figures, options) => {
      const given = figures.map(
        ([length, workingSet], index) => `${'abcdef'[index]}:${length}:${workingSet}`,
      );
      const { timeline, finishedTime, utilizationExact, perJob } = answerTo(options, given.join());
      for (let tick = 0; tick < finishedTime; tick++) {
        const running = timeline.map((row) => row[tick]).filter((job) => job !== null);
        expect(new Set(running).size).toBe(running.length);
      }
      for (const [index, [length]] of figures.entries()) {
        const ticks = timeline.flat().filter((job) => job === 'abcdef'[index]).length;
        if (options.warmRate === 1) expect(ticks).toBe(length);
        else expect(ticks <= length && ticks >= length / options.warmRate).toBe(true);
        expect(perJob[index]!.turnaround).toBeLessThanOrEqual(finishedTime);
      }
      const ran = utilizationExact.reduce((sum, cpu) => sum + cpu.ran, 0);
      expect(ran).toBe(timeline.flat().filter((job) => job !== null).length);
    }),
    { seed: 3, numRuns: seedCount(150, 5_000) },
  );
});

test('what cannot be a problem is refused', () => {
  expect(() => answerTo({ quantum: 0 }, 'a:1:1')).toThrow('slice: 0');
  expect(() => answerTo({ warmRate: 0 }, 'a:1:1')).toThrow('warm rate: 0');
  expect(() => answerTo({}, 'a:1:1,a:2:2')).toThrow('job: "a"');
  expect(() => answerTo({ affinity: { b: [0] } }, 'a:1:1')).toThrow('affinity: "b"');
  expect(() => answerTo({ affinity: { a: [7] } }, 'a:1:1')).toThrow('affinity of job a: 7');
});
