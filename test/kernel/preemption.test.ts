/** What stopping a call means: the handshake with the world, and the three capabilities of engines. */
import { expect, test } from 'vitest';

import type { EngineOptions, PreemptionCapability } from '../../src/kernel/engine-options.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { schedulingPolicies } from '../../src/policies/index.ts';
import { roundRobinWith } from '../../src/policies/scheduling/round-robin.ts';
import { gantt } from '../support/gantt.ts';
import { runAgents } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { allocate, burst, MINUTE, SECOND, think } from '../support/syscalls.ts';

const S = SECOND;
const rates = { prefillTokensPerSecond: 1_000, decodeTokensPerSecond: 100 };

/** Agent 1: 2 s of prefill, 3 s of decode. Agent 2 arrives at 3 s, preempts, and runs for 1 s. */
function preempted(preemption: PreemptionCapability, engine: Partial<EngineOptions> = {}) {
  return runAgents({
    agents: [
      { priority: 50, body: [allocate(2_000), think(300)] },
      { priority: 10, atUs: 3 * S, body: [burst(S)] },
    ],
    kernel: { engines: [{ ...rates, preemption, ...engine }] },
  });
}

test('resume: a preempted call goes on where it stopped', () => {
  const { events, all, kernel } = preempted('resume');
  expect(gantt(events)).toEqual([
    [1, 0, 3 * S, 'priority'],
    [2, 3 * S, 4 * S, 'ended'],
    [1, 4 * S, 6 * S, 'ended'],
  ]);
  expect(all('call.stopped')[0]).toMatchObject({ tokensOut: 100, newPrefillUs: 2 * S });
  // One reservation, settled once.
  expect(all('budget.reserved', 1)).toHaveLength(1);
  expect(all('budget.settled', 1)).toMatchObject([{ tokens: 2_300, coreUs: 5 * S, atUs: 6 * S }]);
  expect(kernel.snapshot().processes[0]!.usage).toMatchObject({
    tokensIn: 2_000,
    tokensOut: 300,
    calls: 1,
    coreUs: 5 * S,
  });
});

test('continue: the partial answer is prefilled again, the prompt too where it left memory, and each stretch is settled', () => {
  const { events, all, kernel } = preempted('continue');
  // 100 tokens of partial answer: 0.1 s of prefill more.
  expect(gantt(events)).toEqual([
    [1, 0, 3 * S, 'priority'],
    [2, 3 * S, 4 * S, 'ended'],
    [1, 4 * S, 6_100_000, 'ended'],
  ]);
  expect(all('call.ended', 1)[0]).toMatchObject({ repeatedPrefillUs: 100_000, newPrefillUs: 0 });
  expect(all('budget.reserved', 1).map(({ atUs, tokens }) => [atUs, tokens])).toEqual([
    [0, 2_300],
    [3 * S, 2_300],
  ]);
  expect(all('budget.settled', 1).map(({ atUs, tokens }) => [atUs, tokens])).toEqual([
    [3 * S, 2_100],
    [6_100_000, 2_300],
  ]);
  const { usage } = kernel.snapshot().processes[0]!;
  expect(usage).toMatchObject({ tokensIn: 4_100, tokensCached: 2_000, tokensOut: 300, calls: 1 });
});

test.each(['resume', 'continue'] as const)(
  '%s: a prefill that was cut off goes on where it stopped',
  (preemption) => {
    const { events, all } = runAgents({
      agents: [
        { priority: 50, body: [allocate(2_000), think(300)] },
        { priority: 10, atUs: S, body: [burst(S)] },
      ],
      kernel: { engines: [{ ...rates, preemption }] },
    });
    expect(gantt(events)).toEqual([
      [1, 0, S, 'priority'],
      [2, S, 2 * S, 'ended'],
      [1, 2 * S, 6 * S, 'ended'],
    ]);
    expect([...all('call.stopped', 1), ...all('call.ended', 1)].map((end) => end.newPrefillUs)).toEqual([
      S,
      S,
    ]);
  },
);

test('continue: slices shorter than a prefill do no work for nothing', () => {
  const body = [allocate(80_000), think(60)];
  const { kernel } = runAgents({
    agents: [{ body }, { body }],
    kernel: {
      scheduling: roundRobinWith({ sliceUs: S }),
      engines: [{ cores: 1, memoryTokens: 200_000, preemption: 'continue' }],
    },
  });
  // Each: 10 s of prefill, 1 s of decode, at most one token of partial answer prefilled again for each slice.
  const { usage } = kernel.snapshot().processes[0]!;
  expect(usage.coreUs).toBeGreaterThanOrEqual(11 * S);
  expect(usage.coreUs).toBeLessThan(11.1 * S);
});

test('continue: pages that left memory meanwhile are prefilled again, as with resume', () => {
  const body = [allocate(600), think(100)];
  const { all } = runAgents({
    agents: [
      { priority: 50, body },
      { priority: 10, atUs: 800_000, body },
    ],
    kernel: { engines: [{ ...rates, preemption: 'continue', memoryTokens: 1_000 }] },
  });
  const [, again] = all('process.dispatched', 1);
  // 0.8 s: 600 tokens of prefill and 20 of the answer.
  expect(again).toMatchObject({ newTokens: 0, repeatedTokens: 620, cachedTokens: 0 });
});

test('none: a call runs to its end, slices and priorities notwithstanding', () => {
  const { events } = preempted('none');
  expect(gantt(events)).toEqual([
    [1, 0, 5 * S, 'ended'],
    [2, 5 * S, 6 * S, 'ended'],
  ]);
  const sliced = runAgents({
    agents: [{ body: [burst(3 * S)] }, { body: [burst(3 * S)] }],
    kernel: { scheduling: roundRobinWith({ sliceUs: S }), engines: [{ preemption: 'none' }] },
  });
  expect(gantt(sliced.events).map(([, , , why]) => why)).toEqual(['ended', 'ended']);
});

test.each(['stop', 'terminate', 'kill'] as const)('none: the signal %s aborts a running call', (signal) => {
  const { all } = runAgents({
    agents: [{ body: [burst(10 * S)] }],
    kernel: { engines: [{ preemption: 'none' }] },
    signals: [[4 * S, 1, signal]],
  });
  expect(all('call.stopped')).toMatchObject([{ atUs: 4 * S, by: 'signal' }]);
});

test('none: a call that a stop aborted is asked for again, and paid again, when the process continues', () => {
  const { events, all, kernel } = runAgents({
    agents: [{ body: [allocate(2_000), think(300)] }],
    kernel: { engines: [{ ...rates, preemption: 'none' }] },
    signals: [
      [3 * S, 1, 'stop'],
      [MINUTE, 1, 'continue'],
    ],
  });
  // From the partial answer, as with `continue`: the prompt is cached, its 100 tokens are prefilled.
  expect(gantt(events)).toEqual([
    [1, 0, 3 * S, 'signal'],
    [1, MINUTE, MINUTE + 2_100_000, 'ended'],
  ]);
  expect(all('budget.settled').map(({ atUs, tokens }) => [atUs, tokens])).toEqual([
    [3 * S, 2_100],
    [MINUTE + 2_100_000, 2_300],
  ]);
  expect(kernel.snapshot().processes[0]!.usage).toMatchObject({ tokensIn: 4_100, tokensOut: 300, calls: 1 });
});

test('throughput: while two cores are busy each runs at half speed', () => {
  const { events } = runAgents({
    agents: [{ body: [burst(10 * S)] }, { atUs: 5 * S, body: [burst(10 * S)] }],
    kernel: { engines: [{ cores: 2, throughput: [1, 0.5] }] },
  });
  expect(gantt(events, 0)).toEqual([[1, 0, 15 * S, 'ended']]);
  expect(gantt(events, 1)).toEqual([[2, 5 * S, 20 * S, 'ended']]);
});

test('throughput: the last entry of the curve holds for more cores', () => {
  const { events } = runAgents({
    agents: [{ body: [burst(S)] }, { body: [burst(S)] }, { body: [burst(S)] }],
    kernel: { engines: [{ cores: 3, throughput: [1, 0.8, 0.5] }] },
  });
  expect([0, 1, 2].map((core) => gantt(events, core)[0]![2])).toEqual([2 * S, 2 * S, 2 * S]);
  const short = runAgents({
    agents: [{ body: [burst(S)] }, { body: [burst(S)] }, { body: [burst(S)] }],
    kernel: { engines: [{ cores: 3, throughput: [1, 0.5] }] },
  });
  expect([0, 1, 2].map((core) => gantt(short.events, core)[0]![2])).toEqual([2 * S, 2 * S, 2 * S]);
});

test('throughput: other engines are not slowed', () => {
  const { events } = runAgents({
    agents: [{ body: [burst(S)] }, { body: [burst(S)] }],
    kernel: {
      engines: [
        { name: 'a', throughput: [1, 0.5] },
        { name: 'b', throughput: [1, 0.5] },
      ],
    },
  });
  expect([0, 1].map((core) => gantt(events, core)[0]![2])).toEqual([S, S]);
});

test('a slower tier: what was evicted is loaded at its rate and latency instead of being prefilled again', () => {
  const tier = { loadTokensPerSecond: 10_000, loadLatencyUs: 50_000 };
  const page = (text: string) => allocate(600, { text });
  const { all, kernel } = runAgents({
    agents: [
      {
        body: [
          page('a'),
          think(100),
          { kind: 'truncate', pages: 0 },
          page('b'),
          think(100),
          { kind: 'truncate', pages: 0 },
          page('a'),
          think(100),
        ],
      },
    ],
    kernel: { engines: [{ ...rates, memoryTokens: 1_000, ...tier }] },
  });
  expect(
    all('process.dispatched').map(({ newTokens, repeatedTokens, loadTokens, cachedTokens }) => [
      newTokens,
      repeatedTokens,
      loadTokens,
      cachedTokens,
    ]),
  ).toEqual([
    [600, 0, 0, 0],
    [600, 0, 0, 0],
    [0, 0, 600, 0],
  ]);
  expect(all('call.ended').at(-1)).toMatchObject({ loadUs: 110_000, newPrefillUs: 0, repeatedPrefillUs: 0 });
  // What comes from the slower tier is billed as cached input.
  expect(kernel.snapshot().processes[0]!.usage).toMatchObject({ tokensIn: 1_800, tokensCached: 600 });
});

// ---- The handshake ---------------------------------------------------------------------------------------------------

const two = () =>
  new SteppedKernel({
    agents: [
      { priority: 50, body: [burst(10 * S)] },
      { priority: 10, body: [burst(S)] },
      { priority: 5, body: [burst(S)] },
    ],
  });

test('handshake: a stopped call keeps its core until its end arrives', () => {
  const kernel = two();
  expect(kernel.spawn(0, 1)).toMatchObject([{ type: 'call.start', pid: 1, core: 0, resumed: false }]);
  expect(kernel.spawn(S, 2)).toMatchObject([{ type: 'call.stop', pid: 1, core: 0, why: 'preempt' }]);
  expect(kernel.process(1).state).toBe('running');
  expect(kernel.process(2).state).toBe('ready');
  // Asked once, whoever else comes.
  expect(kernel.spawn(2 * S, 3)).toEqual([]);
  const started = kernel.endCall(3 * S, 1, { reason: 'stopped', tokensOut: 0 });
  expect(started).toMatchObject([{ type: 'call.start', pid: 3, core: 0 }]);
  expect(kernel.process(1).state).toBe('ready');
  expect(kernel.endCall(4 * S, 3)).toMatchObject([{ type: 'call.start', pid: 2 }]);
  expect(kernel.endCall(5 * S, 2)).toMatchObject([
    { type: 'call.start', pid: 1, resumed: true, tokensOut: 0 },
  ]);
});

test('handshake: a call that ended by itself before the stop reached it has ended', () => {
  const kernel = two();
  kernel.spawn(0, 1);
  kernel.spawn(S, 2);
  const started = kernel.endCall(2 * S, 1, { reason: 'completed' });
  expect(started).toMatchObject([{ type: 'call.start', pid: 2 }]);
  expect(kernel.process(1).outcome).toBe('completed');
});

test('handshake: the preemption timer does not ask a second time', () => {
  const kernel = new SteppedKernel({
    agents: [{ body: [burst(10 * S)] }, { body: [burst(S)] }],
    kernel: { scheduling: roundRobinWith({ sliceUs: S }) },
  });
  kernel.spawn(0, 1);
  kernel.spawn(0, 2);
  const fired = { type: 'timer.fired', timer: 0 as never } as const;
  expect(kernel.step(S, fired)).toMatchObject([{ type: 'call.stop', pid: 1 }]);
  expect(kernel.step(2 * S, fired)).toEqual([]);
  expect(kernel.endCall(3 * S, 1, { reason: 'stopped' })).toMatchObject([{ type: 'call.start', pid: 2 }]);
});

test('handshake: a kill outranks a preemption that is under way', () => {
  const kernel = two();
  kernel.spawn(0, 1);
  kernel.spawn(S, 2);
  expect(kernel.signal(2 * S, 1, 'kill')).toEqual([]);
  kernel.endCall(3 * S, 1, { reason: 'stopped', tokensOut: 0 });
  expect(kernel.process(1)).toMatchObject({ state: 'terminated', outcome: 'killed' });
  expect(kernel.events.findLast(({ type }) => type === 'call.stopped')).toMatchObject({ by: 'signal' });
});

test('handshake: stopped and continued before the end arrives, the call just goes on', () => {
  const kernel = two();
  kernel.spawn(0, 1);
  expect(kernel.signal(S, 1, 'stop')).toMatchObject([{ type: 'call.stop', why: 'signal' }]);
  kernel.signal(2 * S, 1, 'continue');
  expect(kernel.process(1).state).toBe('running');
  const started = kernel.endCall(3 * S, 1, { reason: 'stopped', tokensOut: 0 });
  expect(started).toMatchObject([{ type: 'call.start', pid: 1, resumed: true }]);
});

test('handshake: a stop that nobody asked for, and the end of a call that does not run, are broken rules of the world', () => {
  const kernel = two();
  kernel.spawn(0, 1);
  expect(() => kernel.endCall(S, 1, { reason: 'stopped' })).toThrow('nobody asked for it');
  const other = two();
  other.spawn(0, 1);
  expect(() =>
    other.step(S, {
      type: 'call.ended',
      core: 0 as never,
      pid: 2 as never,
      reason: 'completed',
      tokensOut: 1,
      newPrefillUs: 0,
      repeatedPrefillUs: 0,
      loadUs: 0,
    }),
  ).toThrow('no call of process 2 runs on core 0');
});

test('progress: answer tokens so far are known before the call ends', () => {
  const kernel = two();
  kernel.spawn(0, 1);
  kernel.step(S, { type: 'call.progress', core: 0 as never, pid: 1 as never, tokensOut: 40 });
  kernel.spawn(2 * S, 2);
  kernel.endCall(3 * S, 1, { reason: 'stopped', tokensOut: 60 });
  expect(kernel.endCall(4 * S, 2)).toMatchObject([{ type: 'call.start', pid: 1, tokensOut: 60 }]);
});

test('a failed call frees its core and tells the program', () => {
  const kernel = new SteppedKernel({
    agents: [{ body: [burst(S), burst(S)] }],
    kernel: { scheduling: fifo },
  });
  kernel.spawn(0, 1);
  const next = kernel.endCall(S, 1, { reason: 'failed', tokensOut: 0, message: 'overloaded' });
  expect(next).toMatchObject([{ type: 'call.start', pid: 1, identity: { n: 2 } }]);
  expect(kernel.records.find((record) => record.type === 'history')).toMatchObject({
    n: 1,
    result: { ok: false, code: 'MODEL_FAILED', message: 'overloaded' },
  });
  expect(kernel.events.find(({ type }) => type === 'call.ended')).toMatchObject({ ok: false });
});

test('the next slice may be without end, while the first was over before anybody was ready', () => {
  let slices = 0;
  const { all } = runAgents({
    agents: [{ body: [burst(10 * S)] }, { atUs: 5 * S, body: [burst(S)] }],
    kernel: {
      scheduling: (context) => {
        const policy = roundRobinWith({ sliceUs: S })(context);
        policy.slice = () => (++slices === 1 ? S : Infinity);
        return policy;
      },
    },
  });
  expect(all('call.stopped')).toEqual([]);
  expect(all('process.dispatched', 2)).toMatchObject([{ atUs: 10 * S }]);
});

test.each(['resume', 'continue'] as const)(
  '%s: what is left of a call that was stopped is not its whole length again',
  (preemption) => {
    const { all } = runAgents({
      agents: [
        { body: [burst(100 * S)] },
        { atUs: 50 * S, body: [burst(5 * S)] },
        { atUs: 52 * S, body: [burst(80 * S)] },
      ],
      kernel: { scheduling: schedulingPolicies.srtf, engines: [{ ...rates, preemption }] },
    });
    // Some 50 s are left of the first, also where each of its stretches is settled by itself.
    const order = all('call.ended').map(({ pid }) => pid);
    expect(order).toEqual([2, 1, 3]);
  },
);

test('continue: a call that was stopped keeps the deadline of its service level', () => {
  const { all } = runAgents({
    agents: [
      { priority: 50, body: [burst(40 * S)] },
      { priority: 10, atUs: 30 * S, body: [burst(5 * S)] },
      { priority: 40, atUs: 32 * S, body: [burst(40 * S)] },
    ],
    kernel: { scheduling: schedulingPolicies.edf, engines: [{ ...rates, preemption: 'continue' }] },
  });
  // Due 60 s after it was asked for at 0, not after it was stopped at 30 s: before the third.
  expect(all('call.ended').map(({ pid }) => pid)).toEqual([2, 1, 3]);
});
