/** What it costs a core to run another process than the one that it ran last. */
import { expect, test } from 'vitest';

import { schedulingPolicies } from '../../src/policies/index.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { roundRobinWith } from '../../src/policies/scheduling/round-robin.ts';
import { Metrics } from '../../src/sim/metrics/metrics.ts';
import type { EngineOptions } from '../../src/kernel/engine-options.ts';
import { gantt } from '../support/gantt.ts';
import { runAgents, type Agent, type AgentRun, type Ran } from '../support/run-agents.ts';
import { allocate, burst, SECOND as S, sleep, think } from '../support/syscalls.ts';

const ms = 1_000;
const run = (agents: Agent[], engine: Partial<EngineOptions> = {}, more: Partial<AgentRun> = {}): Ran =>
  runAgents({
    agents,
    ...more,
    kernel: {
      scheduling: roundRobinWith({ sliceUs: S }),
      engines: [{ switchUs: 250 * ms, ...engine }],
      ...more.kernel,
    },
  });
const ends = ({ events }: Ran) =>
  events.flatMap((event) =>
    event.type === 'call.stopped' || event.type === 'call.ended' ? [[event.pid, event.switchUs]] : [],
  );

test('each switch takes its time before the slice begins; going on with the same process costs nothing', () => {
  const ran = run([{ body: [burst(2 * S), burst(S)] }, { body: [burst(2 * S)] }]);
  expect(gantt(ran.events)).toEqual([
    [1, 0, S, 'slice'],
    [2, S, 2.25 * S, 'slice'],
    [1, 2.25 * S, 3.5 * S, 'ended'],
    [2, 3.5 * S, 4.75 * S, 'ended'],
    [1, 4.75 * S, 6 * S, 'ended'],
  ]);
  expect(ends(ran)).toEqual([
    [1, 0],
    [2, 250 * ms],
    [1, 250 * ms],
    [2, 250 * ms],
    [1, 250 * ms],
  ]);
});

test('the first process on a core, and one that comes back before another ran there, pay nothing', () => {
  const ran = run([{ body: [burst(S), sleep(S), burst(S)] }]);
  expect(gantt(ran.events)).toEqual([
    [1, 0, S, 'ended'],
    [1, 2 * S, 3 * S, 'ended'],
  ]);
});

test('where a switch costs nothing, nobody tells of it', () => {
  const { all } = run([{ body: [burst(S)] }, { body: [burst(S)] }], { switchUs: 0 });
  expect(all('call.ended').some((event) => 'switchUs' in event)).toBe(false);
});

test('it is a part of its own of the time on a core, in the metrics of the run as of the process, and is settled as core time', () => {
  const ran = run([{ body: [burst(S)] }, { body: [allocate(8_000), think(60)] }], {
    prefillTokensPerSecond: 8_000,
    decodeTokensPerSecond: 60,
  });
  const metrics = new Metrics({ engines: [{ name: 'engine', cores: 1, memoryTokens: 100_000 }] });
  for (const event of ran.events) metrics.onEvent(event);
  const { split, perProcess } = metrics.result(3.25 * S);
  const running = { switchUs: 250 * ms, newPrefillUs: S, repeatedPrefillUs: 0, loadUs: 0, unfinishedUs: 0 };
  expect(perProcess[1]!.split.running).toEqual({ ...running, decodeUs: S });
  expect(split.running.switchUs).toBe(250 * ms);
  expect(ran.all('budget.settled', 2)[0]).toMatchObject({ coreUs: 2.25 * S });
  // Reserved, too: the prompt and the answer at their rates, and one switch.
  expect(ran.all('budget.reserved', 2)[0]).toMatchObject({ coreUs: 2.25 * S });
});

test('a switch that is cut off is made anew when another ran meanwhile, and goes on when nobody did', () => {
  const first: Agent = { body: [burst(S)] };
  const second: Agent = { body: [burst(S)] };
  const again = run(
    [first, second],
    {},
    {
      signals: [
        [1.1 * S, 2, 'stop'],
        [2 * S, 2, 'continue'],
      ],
    },
  );
  expect(ends(again)).toEqual([
    [1, 0],
    [2, 100 * ms],
    [2, 150 * ms],
  ]);
  const third: Agent = { atUs: 1.1 * S, body: [burst(S)] };
  const anew = run(
    [first, second, third],
    {},
    {
      signals: [
        [1.1 * S, 2, 'stop'],
        [2 * S, 2, 'continue'],
      ],
    },
  );
  expect(ends(anew)).toEqual([
    [1, 0],
    [2, 100 * ms],
    [3, 250 * ms],
    [2, 250 * ms],
  ]);
});

test('cores that slow each other down switch more slowly, too', () => {
  const agents: Agent[] = [{ body: [burst(S)] }, { body: [burst(9 * S)] }, { body: [burst(S)] }];
  const { all } = run(agents, { cores: 2, throughput: [1, 0.5] }, { kernel: { scheduling: fifo } });
  expect(all('call.ended', 3)[0]).toMatchObject({ atUs: 4.5 * S, switchUs: 500 * ms });
});

test('it comes on top of what an eviction costs, and a slice begins behind both', () => {
  const context = (tokens: number): Agent => ({
    body: [allocate(tokens), burst(S / 2), burst(3 * S)],
  });
  const { all } = run([context(600), context(600)], { memoryTokens: 1_000, prefillTokensPerSecond: 1_000 });
  const [, , third] = all('process.dispatched');
  expect(third).toMatchObject({ pid: 1, repeatedTokens: 600, atUs: 1.25 * S });
  // 0.25 s of switching, 0.6 s of prefill, and a slice of 1 s.
  expect(all('call.stopped', 1)[0]).toMatchObject({
    atUs: 3.1 * S,
    switchUs: 250 * ms,
    repeatedPrefillUs: 600 * ms,
  });
});

test.each([-1, 0.5, Infinity, 'x'])('switchUs %s is refused', (switchUs) => {
  expect(() => run([], { switchUs: switchUs as number })).toThrow('engine engine: switchUs');
});

test('however often the other cores change their speed, a switch takes no longer than at their slowest', () => {
  // Rounding adds up while calls end and others begin in the same instant.
  for (let switchUs = 7_000; switchUs < 7_700; switchUs += 7) {
    const busy: Agent = { body: Array.from({ length: 40 }, (_, index) => burst(301 + 13 * index)) };
    const agents: Agent[] = [busy, { body: [burst(0)] }, { body: [burst(0)] }];
    const { all } = run(
      agents,
      { cores: 2, throughput: [1, 0.7], switchUs },
      { kernel: { scheduling: fifo } },
    );
    expect(all('call.ended', 3)[0]!.switchUs).toBeLessThanOrEqual((10 * switchUs) / 7);
  }
});

test.each(Object.entries(schedulingPolicies))(
  '%s: a switch that takes longer than any slice keeps nobody from getting anywhere',
  (_, scheduling) => {
    const agents: Agent[] = [1, 2, 3].map(() => ({ body: [burst(20 * S), burst(S)] }));
    const { end } = run(agents, { switchUs: 100 * S }, { kernel: { scheduling }, untilUs: 9_000 * S });
    for (const pid of [1, 2, 3]) expect(end(pid).atUs).toBeLessThan(9_000 * S);
  },
);
