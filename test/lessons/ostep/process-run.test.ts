import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  type Instruction,
  type ProcessRunProblem,
  solveProcessRun,
} from '../../../src/lessons/ostep/process-run.ts';
import { seedCount } from '../../support/seeds.ts';

const io: Instruction[] = ['io', 'io_done'];
const cpu = (count: number): Instruction[] => Array.from({ length: count }, () => 'cpu');

const problem: ProcessRunProblem = {
  switch: 'SWITCH_ON_IO',
  ioDone: 'IO_RUN_LATER',
  ioLength: 2,
  instructions: [[...io, ...cpu(1)], cpu(2)],
};

/** A row of letters a process: R runs, r ready, B, d done, and i for the tick that issues an I/O. */
function rows(given: ProcessRunProblem): string[] {
  const { trace } = solveProcessRun(given);
  return given.instructions.map((_, pid) =>
    trace
      .map(({ states }) => {
        const state = states[pid]!;
        if (state === 'RUN:io') return 'i';
        if (state.startsWith('RUN')) return 'R';
        return { READY: 'r', BLOCKED: 'B', DONE: 'd' }[state as 'READY'];
      })
      .join(''),
  );
}

test('an I/O overlaps with the other process, or the core waits for it', () => {
  expect(rows(problem)).toEqual(['iBBRR', 'rRRdd']);
  expect(rows({ ...problem, switch: 'SWITCH_ON_END' })).toEqual(['iBBRRdd', 'rrrrrRR']);
});

test('whoever’s I/O ended runs later or at once', () => {
  const longer = { ...problem, instructions: [[...io, ...cpu(1)], cpu(4)] };
  expect(rows(longer)).toEqual(['iBBrrRR', 'rRRRRdd']);
  expect(rows({ ...longer, ioDone: 'IO_RUN_IMMEDIATE' })).toEqual(['iBBRRdd', 'rRRrrRR']);
});

test('an I/O counts from the tick after it was issued; an empty program holds the core for a tick', () => {
  const { ioBusy, cpuBusyPct, trace } = solveProcessRun(problem);
  expect({ ioBusy, cpuBusyPct, ended: trace.map(({ ioDone }) => ioDone) }).toEqual({
    ioBusy: 2,
    cpuBusyPct: 100,
    ended: [false, false, false, true, false],
  });
  expect(solveProcessRun({ ...problem, instructions: [[], cpu(1)] })).toMatchObject({
    totalTime: 2,
    cpuBusy: 1,
  });
});

test('every instruction is executed, by one process a tick', () => {
  const program = fc
    .array(fc.constantFrom(io, cpu(1), cpu(3)), { maxLength: 4 })
    .map((steps): Instruction[] => steps.flat());
  fc.assert(
    fc.property(
      fc.record({
        switch: fc.constantFrom('SWITCH_ON_IO' as const, 'SWITCH_ON_END' as const),
        ioDone: fc.constantFrom('IO_RUN_LATER' as const, 'IO_RUN_IMMEDIATE' as const),
        ioLength: fc.nat(5),
        instructions: fc.array(program, { minLength: 1, maxLength: 4 }),
      }),
      (given) => {
        const { cpuBusy, trace, totalTime } = solveProcessRun(given);
        expect(cpuBusy).toBe(given.instructions.flat().length);
        expect(trace.length).toBe(totalTime);
        for (const { states } of trace)
          expect(states.filter((state) => state.startsWith('RUN')).length).toBeLessThanOrEqual(1);
        for (const [pid, instructions] of given.instructions.entries()) {
          const executed = trace.flatMap(({ states }) => {
            const [, name] = /^RUN:(\w+)$/.exec(states[pid]!) ?? [];
            return name === undefined ? [] : [name];
          });
          expect(executed).toEqual(instructions);
        }
      },
    ),
    { seed: 9, numRuns: seedCount(150, 5_000) },
  );
});

test('what cannot be a problem is refused', () => {
  expect(() => solveProcessRun({ ...problem, instructions: [] })).toThrow('instructions: ');
  expect(() => solveProcessRun({ ...problem, ioLength: -1 })).toThrow('ioLength: -1');
});
