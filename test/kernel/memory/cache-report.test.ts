/** What a hosted model's server reports of its cache corrects the estimate of it. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { ContextMemory } from '../../../src/kernel/memory/context-memory.ts';
import type { Residency } from '../../../src/kernel/memory/memory-options.ts';
import { PageTable } from '../../../src/kernel/memory/page-table.ts';
import type { Syscall } from '../../../src/kernel/syscalls.ts';
import { importanceLru } from '../../../src/policies/paging/importance-lru.ts';
import { seedCount } from '../../support/seeds.ts';
import { SteppedKernel } from '../../support/step-kernel.ts';

const page = (hash: string, tokens = 1_000, pinned = false): Syscall => ({
  kind: 'allocate',
  hash,
  tokens,
  ...(pinned ? { pinned } : {}),
});
const think: Syscall = { kind: 'think', maxOutput: 10, keepAnswer: false };

/** Agents whose calls the test ends, on an engine with this memory; each syscall is yielded, whatever comes of it. */
function kernelWith(memoryTokens: number, ...agents: readonly (readonly Syscall[])[]) {
  const kernel = new SteppedKernel({
    kernel: { residency: 'prefix', engines: [{ cores: 4, memoryTokens, preemption: 'none' }] },
    agents: agents.map((syscalls) => ({
      atUs: 0,
      body: function* () {
        for (const syscall of syscalls) yield syscall;
      },
    })),
  });
  let nowUs = 0;
  return {
    kernel,
    spawn: (index: number) => kernel.spawn(++nowUs, index),
    end: (pid: number, told: { readonly tokensIn?: number; readonly tokensCached?: number } = {}) =>
      kernel.endCall(++nowUs, pid, { tokensOut: 1, ...told }),
    /** What each call of `pid` was estimated to find. */
    estimates: (pid: number): number[] =>
      kernel.events.flatMap((event) =>
        event.type === 'process.dispatched' && event.pid === pid ? [event.cachedTokens] : [],
      ),
  };
}

test.each([100_000, Infinity])(
  'memory of %s tokens: a server that keeps nothing is estimated to have nothing, once it has said so',
  (memoryTokens) => {
    const { kernel, spawn, end, estimates } = kernelWith(memoryTokens, [
      page('system', 1_000, true),
      think,
      page('a'),
      think,
      page('b'),
      think,
      page('c'),
      think,
    ]);
    spawn(1);
    for (let call = 0; call < 4; call++) end(1, { tokensCached: 0 });
    // The first call was of a prompt that the server had never seen: it says nothing.
    expect(estimates(1)).toEqual([0, 1_000, 0, 0]);
    expect(kernel.kernel.snapshot().engines[0]?.residentTokens).toBe(0);
  },
);

test.each([100_000, Infinity])(
  'memory of %s tokens: a server that lost a prompt and keeps it again is believed both times',
  (memoryTokens) => {
    const { spawn, end, estimates } = kernelWith(memoryTokens, [
      page('a'),
      think,
      page('b'),
      think,
      page('c'),
      think,
      page('d'),
      think,
    ]);
    spawn(1);
    end(1, { tokensCached: 0 });
    end(1, { tokensCached: 0 });
    // Above the estimate, which was nothing.
    end(1, { tokensCached: 2_000 });
    end(1);
    expect(estimates(1)).toEqual([0, 1_000, 0, 3_000]);
  },
);

test('a server that has less of a prompt has nothing behind that of others either, but of this prompt all', () => {
  const [system, task] = [page('system'), page('task')];
  const { spawn, end, estimates } = kernelWith(
    100_000,
    [system, task, page('mine'), think, think, think],
    [system, task, page('yours'), think],
    [system, task, page('theirs'), think, think],
    [system, task, page('yours'), think],
    [system, page('other'), think],
    [system, page('other'), think],
  );
  for (const pid of [1, 2, 5]) spawn(pid);
  for (const pid of [1, 2, 3]) end(pid);
  spawn(3);
  // As the server counts: half of what the kernel does.
  end(1, { tokensIn: 1_500, tokensCached: 500 });
  end(1);
  expect(estimates(1)).toEqual([0, 3_000, 3_000]);
  spawn(4);
  expect(estimates(5)).toEqual([2_000]);
  spawn(6);
  expect(estimates(6)).toEqual([2_000]);
  // What a running call uses has just been sent.
  end(4);
  expect(estimates(4)).toEqual([2_000, 3_000]);
});

test('a report that differs by less than a block, and one of a refused call, correct nothing', () => {
  const yours = [page('system'), page('yours'), think];
  const { spawn, end, estimates } = kernelWith(
    100_000,
    [page('system'), think, think, think, think],
    yours,
    yours,
  );
  spawn(1);
  spawn(2);
  end(1);
  end(2);
  end(1, { tokensCached: 896 });
  end(1, { tokensIn: 0, tokensCached: 0 });
  expect(estimates(1)).toEqual([0, 1_000, 1_000, 1_000]);
  spawn(3);
  expect(estimates(3)).toEqual([2_000]);
});

test.each(['bypass', 'estimate'] as const)(
  'oversize %s: whether a call waits for what others pin',
  (oversize) => {
    const own = [0, 1, 2].map((agent) => [
      page(`system ${agent}`, 900, true),
      think,
      page(`more ${agent}`, 1),
      think,
    ]);
    const kernel = new SteppedKernel({
      kernel: {
        residency: 'prefix',
        oversize,
        engines: [{ cores: 3, memoryTokens: 2_000, preemption: 'none' }],
      },
      agents: own.map((syscalls) => ({
        body: function* () {
          for (const syscall of syscalls) yield syscall;
        },
      })),
    });
    for (const pid of [1, 2, 3]) kernel.spawn(pid, pid);
    const isEstimate = oversize === 'estimate';
    expect(kernel.process(3).state).toBe(isEstimate ? 'running' : 'waiting');
    if (!isEstimate) return;
    // It finds nothing and keeps nothing, and its server's report says nothing of the others.
    for (const [turn, pid] of [3, 1, 2, 3].entries()) kernel.endCall(10 + turn, pid, { tokensCached: 0 });
    const found = kernel.events.flatMap((event) =>
      event.type === 'process.dispatched' ? [[event.pid, event.cachedTokens]] : [],
    );
    expect(found).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [3, 0],
      [1, 900],
      [2, 900],
    ]);
  },
);

const tables = 3;
const operation = fc.record({
  type: fc.constantFrom('append' as const, 'begin' as const, 'end' as const, 'pin' as const, 'drop' as const),
  table: fc.nat({ max: tables - 1 }),
  number: fc.nat({ max: 3_000 }),
});

test.each([
  ['prefix', 4_000],
  ['prefix', Infinity],
  ['independent', 4_000],
  ['independent', Infinity],
] as const)('in %s residency with %s tokens any reports leave the books right', (residency, capacity) => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 30, maxLength: 80, size: 'max' }), (operations) => {
      const memory = memoryOf(residency, capacity);
      const prompts = Array.from({ length: tables }, () => new PageTable());
      const estimates = prompts.map(() => 0);
      let nowUs = 0;
      for (const { type, table, number } of operations) {
        nowUs++;
        const prompt = prompts[table]!;
        const isRunning = prompt.room >= 0;
        const entry = prompt.entries[number % Math.max(1, prompt.entries.length)];
        if (type === 'end' && isRunning) {
          memory.end(prompt, nowUs);
          const estimatedTokens = estimates[table]!;
          const cachedTokens = number % 3 === 0 ? 0 : number;
          memory.heedReport({ cachedTokens, estimatedTokens, sentTokens: number % 2 }, prompt);
        } else if (isRunning) continue;
        else if (type === 'append')
          // Few contents: prompts share beginnings, and part.
          memory.append(prompt, { space: 2, first: number % 3, count: 1, tokensEach: 200 }, 0.5, false);
        else if (type === 'begin') {
          const { outcome, cachedTokens } = memory.begin(prompt, (table + 1) as Pid, 10, nowUs);
          if (outcome === 'begun') estimates[table] = cachedTokens;
        } else if (entry !== undefined)
          if (type === 'pin') memory.setPinned(prompt, entry.number, number % 2 === 0);
          else memory.takeOut(prompt, [entry.number], false);
        memory.checkInvariants();
      }
    }),
    { seed: 7, numRuns: seedCount(60, 5_000) },
  );
});

function memoryOf(residency: Residency, capacity: number): ContextMemory {
  const victims = residency === 'prefix' ? 'leaf' : 'any';
  return new ContextMemory(
    { capacity, residency, victims, paging: importanceLru, rng: rngFor(1, 'test') },
    { faulted: () => {}, loaded: () => {}, prefetched: () => {}, evicted: () => {}, freed: () => {} },
  );
}
