/** Command lines with a seed, without ../shared: figures that the homework programs print. */
import { expect, test } from 'vitest';

import { solve } from '../../../src/lessons/ostep/index.ts';

const answerTo = (tool: string, args: string, seed?: number): unknown =>
  solve('seededProblems', seed === undefined ? { tool, args } : { tool, args, seed });

test('a drawn reference string, and what is drawn after it', () => {
  const args = '-s 0 -n 12 -m 7 -p RAND -C 3 -c';
  const { hits, misses, victims } = answerTo('paging-policy.py', args) as Record<string, unknown>;
  expect({ hits, misses }).toEqual({ hits: 4, misses: 8 });
  expect(victims).toEqual([null, null, null, null, 5, null, 3, null, 1, 2, 4, null]);
});

test('drawn jobs of a lottery, and its draws', () => {
  expect(answerTo('lottery.py', '-s 1 -j 3 -c')).toEqual({
    timeline: [2, 0, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1],
    finish: [
      [0, 2],
      [2, 6],
      [1, 12],
    ],
  });
});

test('drawn programs, and drawn jobs of a feedback queue', () => {
  expect(answerTo('process-run.py', '-s 0 -l 4:50,4:50,3:70 -c -p')).toEqual({
    totalTime: 18,
    cpuBusy: 16,
    cpuBusyPct: 88.89,
    ioBusy: 15,
    ioBusyPct: 83.33,
  });
  expect(answerTo('mlfq.py', '-s 0 -j 3 -m 30 -M 6 -q 5 -B 40 -c')).toMatchObject({
    perJob: [{ turnaround: 65 }, { turnaround: 51 }, { turnaround: 46 }],
    average: { response: 3.33, turnaround: 54 },
  });
});

test('the seed may stand beside the command line', () => {
  const args = '-n 12 -m 7 -p LRU -c';
  expect(answerTo('paging-policy.py', args, 1)).toEqual(answerTo('paging-policy.py', `-s 1 ${args}`));
  expect(answerTo('paging-policy.py', args, 1)).not.toEqual(answerTo('paging-policy.py', args));
});

test('what cannot be drawn is refused', () => {
  expect(() => answerTo('malloc.py', '-c')).toThrow(
    /^tool: "malloc.py" is not allowed; allowed: scheduler.py/,
  );
  expect(() => answerTo('mlfq.py', '-x')).toThrow(/^flag: "-x" is not allowed; allowed: -n, -q/);
  expect(() => answerTo('mlfq.py', '-n')).toThrow('-n: missing; allowed: queues');
  expect(() => answerTo('paging-policy.py', '-f x')).toThrow('-f: "x" is not allowed');
});
