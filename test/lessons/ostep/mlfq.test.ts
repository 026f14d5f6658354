import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { type MlfqJob, type MlfqOptions, solveMlfq } from '../../../src/lessons/ostep/mlfq.ts';
import { seedCount } from '../../support/seeds.ts';

const plain: MlfqOptions = {
  numQueues: 3,
  quantum: [2, 2, 2],
  allotment: [1, 1, 1],
  boost: 0,
  ioTime: 2,
  stay: false,
  iobump: false,
};

function job(job: number, [arrival, length, ioFreq]: readonly [number, number, number]): MlfqJob {
  return { job, arrival, length, ioFreq };
}

test('two jobs walk down the queues by hand; a later one preempts and the preempted keeps the rest of its slice', () => {
  const jobs = [job(0, [0, 7, 0]), job(1, [0, 3, 0]), job(2, [5, 1, 0])];
  const { timeline, priority, perJob, averageExact } = solveMlfq({ options: plain, jobs });
  expect(timeline.join('')).toBe('00110201000');
  expect(priority.join('')).toBe('22221211000');
  expect(perJob[2]).toEqual({ job: 2, startTime: 5, response: 0, turnaround: 1, wait: 0 });
  expect(averageExact.turnaround).toBeCloseTo((11 + 8 + 1) / 3, 12);
});

test('an I/O at the very end of a slice costs a slice even where I/O refills it', () => {
  const options = { ...plain, stay: true };
  const { priority } = solveMlfq({ options, jobs: [job(0, [0, 4, 2])] });
  expect(priority).toEqual([2, 2, -1, -1, 1, 1]);
  const kept = solveMlfq({ options: { ...options, allotment: [2, 2, 2] }, jobs: [job(0, [0, 4, 2])] });
  expect(kept.priority).toEqual([2, 2, -1, -1, 2, 2]);
});

test('an allotment below 1 never drops a job, a slice of 0 never ends', () => {
  const jobs = [job(0, [0, 4, 0]), job(1, [0, 4, 0])];
  const high = solveMlfq({ options: { ...plain, allotment: [0, 0, 0] }, jobs });
  expect(new Set(high.priority)).toEqual(new Set([2]));
  expect(high.timeline.join('')).toBe('00110011');
  const endless = solveMlfq({ options: { ...plain, quantum: [0, 0, 0] }, jobs });
  expect(endless.timeline.join('')).toBe('00001111');
});

test('a boost takes the lowest queue first', () => {
  // Job 0 is in queue 0 and job 1 in queue 1 when the boost comes: job 0 goes first.
  const jobs = [job(0, [0, 9, 0]), job(1, [4, 9, 0])];
  const { timeline, events } = solveMlfq({ options: { ...plain, boost: 7 }, jobs });
  expect(events).toContainEqual({ time: 7, type: 'BOOST' });
  expect(timeline.slice(7, 11).join('')).toBe('0011');
});

test('work is conserved: each job runs for its time, none too many, and the core idles only when none is ready', () => {
  const jobs = fc.array(
    fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 15 }), fc.nat(4)).map((figures) => figures),
    { minLength: 1, maxLength: 5 },
  );
  const options = fc.integer({ min: 1, max: 4 }).chain((numQueues) =>
    fc.record({
      numQueues: fc.constant(numQueues),
      quantum: fc.array(fc.nat(4), { minLength: numQueues, maxLength: numQueues }),
      allotment: fc.array(fc.integer({ min: -1, max: 3 }), { minLength: numQueues, maxLength: numQueues }),
      boost: fc.nat(15),
      ioTime: fc.nat(6),
      stay: fc.boolean(),
      iobump: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(jobs, options, (figures, options) => {
      const given = figures.map((one, index) => job(index, one));
      const { timeline, priority, perJob, events, totalTime } = solveMlfq({ options, jobs: given });
      expect(timeline.length).toBe(totalTime);
      const awake = new Set<number>();
      for (const [tick, running] of timeline.entries()) {
        for (const event of events) {
          if (event.time !== tick || event.type === 'BOOST') continue;
          if (event.type === 'FINISHED' || event.type === 'IO_START') awake.delete(event.job);
          else awake.add(event.job);
        }
        expect(running === -1 ? awake.size === 0 : awake.has(running), `tick ${tick}`).toBe(true);
        expect(priority[tick]! < options.numQueues).toBe(true);
      }
      for (const { job, length, arrival } of given) {
        expect(timeline.filter((running) => running === job).length).toBe(length);
        const { response, turnaround, wait } = perJob[job]!;
        expect(arrival + turnaround).toBe(timeline.lastIndexOf(job) + 1);
        expect(arrival + response).toBe(timeline.indexOf(job));
        expect(wait).toBeGreaterThanOrEqual(0);
      }
    }),
    { seed: 5, numRuns: seedCount(150, 5_000) },
  );
});

test('what the homework aborts on or never ends with is refused', () => {
  const jobs = [job(0, [0, 4, 0])];
  expect(() => solveMlfq({ options: plain, jobs: [] })).toThrow('jobs: ');
  expect(() => solveMlfq({ options: plain, jobs: [job(0, [0, 0, 0])] })).toThrow(
    'run time of job 0: 0 is not allowed; allowed: an integer from 1 up',
  );
  expect(() => solveMlfq({ options: plain, jobs: [job(0, [-1, 1, 0])] })).toThrow('arrival of job 0: -1');
  expect(() => solveMlfq({ options: { ...plain, quantum: [1] }, jobs })).toThrow('slices: 1 is not allowed');
});
