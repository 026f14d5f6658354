/** Live recordings under other settings: what was said from outside, and what providers counted. */
import { expect, test } from 'vitest';

import type { LiveOptions } from '../../../src/host/live-kernel.ts';
import type { ModelPort } from '../../../src/host/ports.ts';
import type { Json, Pid } from '../../../src/kernel/ids.ts';
import { Metrics } from '../../../src/sim/metrics/metrics.ts';
import type { RunMetrics } from '../../../src/sim/metrics/run-metrics.ts';
import { rerun } from '../../../src/sim/recording.ts';
import type { LiveSpec } from '../../../src/sim/live-spec.ts';
import { timeOf } from '../../../src/sim/whatif/fit-rates.ts';
import { RecordedWork } from '../../../src/sim/whatif/recorded-work.ts';
import {
  ratesOf,
  simulateWork,
  specWith,
  type OtherSettings,
  type Simulated,
} from '../../../src/sim/whatif/what-if.ts';
import { said } from '../../support/live.ts';
import { each, liveSpec, recordedLive, type RecordedLive } from '../../support/recorded-live.ts';

interface Recorded {
  readonly spec: LiveSpec;
  readonly work: RecordedWork;
  readonly metrics: RunMetrics;
}

/** `during`: what happens beside the run, which is to end by itself. */
async function record(
  root: { readonly program: string; readonly arguments: Json },
  model: (live: () => RecordedLive['live']) => ModelPort,
  options: Partial<LiveOptions> = {},
): Promise<Recorded> {
  const engine = { preemption: 'none', cores: 2 } as const;
  const spec = liveSpec({
    engines: [
      { name: 'model', ...engine },
      { name: 'other', ...engine },
    ],
  });
  const recorded: RecordedLive = recordedLive(spec, { model: model(() => recorded.live) }, options);
  await recorded.live.spawn({ ...root, name: 'root', run: 'run' }).end;
  const work = new RecordedWork();
  let metrics: Metrics | undefined;
  await rerun('recording', each(recorded.end()), {
    records: true,
    onStart: ({ engines, budgets }) => (metrics = new Metrics({ engines, budgets })),
    onStep: (kernel, input, output) => work.onStep(kernel, input, output),
    onEvent: (event) => metrics!.onEvent(event),
  });
  return { spec, work, metrics: metrics!.result(work.lastUs) };
}

const simulated = ({ spec, work }: Recorded, settings: OtherSettings = {}): Simulated =>
  simulateWork({
    spec: specWith(spec, settings, work.spawns),
    parts: {},
    work,
    rates: ratesOf(work),
    settings,
  });

test('messages and signals reach the same member of a team, whatever its pid', async () => {
  const names = ['first', 'second', 'third'];
  const recorded = await record(
    {
      program: 'team',
      arguments: {
        topology: 'parallel',
        task: 'Work.',
        members: names.map((name) => ({ name, role: name, arguments: { followUpUs: 200_000 } })),
      },
    },
    (live) => ({
      async call({ messages }) {
        const text = JSON.stringify(messages);
        const place = names.findIndex((name) => text.includes(`Your role: ${name}`));
        // The third is told something, the second is killed.
        if (place === 2 && !text.includes('Go on.')) void live().message((place + 2) as Pid, 'Go on.');
        if (place === 1) live().signal((place + 2) as Pid, 'kill');
        await new Promise((resolve) => setTimeout(resolve, 5));
        return said('done');
      },
    }),
  );
  expect(recorded.metrics).toMatchObject({ completed: 3, killed: 1, modelCalls: 4 });
  const same = simulated(recorded);
  expect(same).toMatchObject({ answers: { changed: 0, missing: 0 }, untold: 0 });
  for (const { metrics } of [same, simulated(recorded, { cores: 1 })])
    expect(metrics).toMatchObject({ completed: 3, killed: 1 });
});

test('what a provider counts as cached, and so the cost, is as it was', async () => {
  let turn = 0;
  const recorded = await record(
    { program: 'agent', arguments: { task: 'Work.', followUpUs: 1_000 } },
    (live) => ({
      call() {
        if (++turn < 4) void live().message(1 as Pid, `And now? ${turn}`);
        return Promise.resolve(
          said('so be it', { usage: { tokensIn: 9_000 + turn, tokensCached: 0, tokensOut: 7 } }),
        );
      },
    }),
  );
  const { tokensIn, tokensCached, microDollars } = recorded.metrics;
  expect(recorded.metrics).toMatchObject({ modelCalls: 4, tokensCached: 0 });
  expect(simulated(recorded).metrics).toMatchObject({ tokensIn, tokensCached, microDollars });
});

test('each engine has the speed of its own calls', async () => {
  let nowUs = 0;
  const members = ['model', 'other'].map((name) => ({ name, arguments: { models: [name] } }));
  const recorded = await record(
    { program: 'team', arguments: { topology: 'sequential', task: 'Work.', members } },
    () => ({
      call({ request: { model } }) {
        nowUs += model === 'other' ? 40_000 : 2_000;
        return Promise.resolve(said('done', { usage: { tokensOut: 10 } }));
      },
    }),
    { clock: { nowUs: () => nowUs, at: () => () => {} } },
  );
  const { ofEngines } = ratesOf(recorded.work);
  const [first] = recorded.work.callTimes;
  for (const engine of [0, 1]) {
    const [own] = recorded.work.callTimes.filter((call) => call.engine === engine);
    expect(timeOf(ofEngines.get(engine)!, first!)).toBe(own!.us);
  }
  expect(new Set(recorded.work.callTimes.map(({ us }) => us)).size).toBe(2);
});
