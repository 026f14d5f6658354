/** Live agents on a server that behaves badly, with people, steering, signals and a budget too small for all of them: what was recorded runs again to the same events. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openAiCompatible } from '../../src/adapters/models/openai-compatible.ts';
import { LiveTools, type LiveTool } from '../../src/adapters/tools/live-tool.ts';
import { rngFor } from '../../src/base/rng.ts';
import type { Clock } from '../../src/host/ports.ts';
import type { ProcessEnd } from '../../src/host/live-kernel.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import type { KernelRecord } from '../../src/kernel/records.ts';
import type { ToolData } from '../../src/kernel/tool-data.ts';
import { rerun } from '../../src/sim/recording.ts';
import {
  chunk,
  event,
  fragment,
  HostileServer,
  inPieces,
  refuses,
  says,
  sends,
  streamOf,
  usageChunk,
  type Behaviour,
} from '../support/hostile-server.ts';
import { each, liveSpec, recordedLive } from '../support/recorded-live.ts';
import { seedCount } from '../support/seeds.ts';
import { Draw } from './random-draw.ts';

let server: HostileServer;
beforeAll(async () => {
  server = await HostileServer.start();
});
afterAll(() => server.close());

/** Real time, a hundred times as fast: back-offs are short. */
const clock: Clock = {
  nowUs: () => Math.floor(performance.now() * 100_000),
  at(atUs, then) {
    const timer = setTimeout(then, Math.max(0, (atUs - clock.nowUs()) / 100_000));
    return () => clearTimeout(timer);
  },
};

// ---- The server ----------------------------------------------------------------------------------------------------------

const asks = (...calls: readonly (readonly [tool: string, args: string])[]): Behaviour =>
  sends(
    ...calls.map(([name, args], index) => chunk(fragment({ index, id: `c${index}`, name, arguments: args }))),
    chunk({}, { finish: 'tool_calls' }),
    usageChunk,
  );
const asksTwice = asks(['look', '{"path":"a"}'], ['write', '{"path":"b"}']);
const inHalves: Behaviour = inPieces(
  streamOf([
    chunk(fragment({ id: 'x', name: 'write', arguments: '{"path":' })),
    chunk(fragment({ arguments: '"Zürich 🌍"}' })),
    chunk({}, { finish: 'tool_calls' }),
  ]),
  Array.from({ length: 200 }, (_, index) => 1 + index * 3),
);

/** By what it does. Numbers, keys and characters among them that are not the same in every JSON. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  answers: says('Grüße aus 東京 🌍'),
  'asks for two tools': asksTwice,
  'asks in pieces without an index': inHalves,
  'asks for what is not there': asks(['nothing', '{}']),
  'asks with strange JSON': asks([
    'write',
    '{"path":"a","text":"\\ud800","n":-0,"__proto__":{"x":1},"n":1e300,"big":123456789012345678901234567890}',
  ]),
  'asks with what is no number': asks(['write', '{"path":"a","n":1e999}']),
  'cuts a call off': sends(
    chunk(fragment({ index: 0, id: 'c0', name: 'write', arguments: '{"path":"a' })),
    chunk({}, { finish: 'length' }),
  ),
  'says nothing': sends(),
  'breaks off': async (exchange) => {
    await exchange.send(event(chunk({ content: 'Once upon a' })));
    exchange.cut();
  },
  stalls: async (exchange) => {
    await exchange.send(event(chunk({ content: 'Wait' })));
    await exchange.stall();
  },
  'refuses for now': refuses(429, 'slow down', { 'retry-after': '1' }),
  fails: refuses(500, 'broken'),
  'refuses for good': refuses(401, 'no such key'),
  'takes its time': async (exchange) => {
    for (const content of ['so ', 'slow ', 'today']) {
      await exchange.send(event(chunk({ content })));
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    await exchange.send(event(chunk({}, { finish: 'stop' })) + event('[DONE]'));
  },
};

// ---- The world -----------------------------------------------------------------------------------------------------------

const toolData: readonly ToolData[] = [
  { name: 'look', parameters: { type: 'object' }, reads: ['{path}'], writes: [], timeoutUs: 2_000_000 },
  { name: 'write', parameters: { type: 'object' }, reads: [], writes: ['{path}'], approval: 'writes' },
];
const tools = new LiveTools(
  toolData.map((spec): LiveTool => ({
    spec,
    async call(args, { stop }) {
      const { path } = args as { readonly path?: string };
      if (path === 'c') await new Promise<void>((resolve) => stop.onStop(resolve));
      return path === 'b' ? { ok: false, value: 'it is broken' } : { ok: true, value: args };
    },
  })),
);

const agent: { readonly [field: string]: Json } = {
  tools: ['look', 'write'],
  models: ['m1', 'm2'],
  retries: 1,
  stepTimeoutUs: 5_000_000,
  iterations: 8,
  reflectEvery: 2,
  checkpointEvery: 2,
  followUpUs: 1_000_000,
};
const member = (name: string) => ({ name, arguments: agent });
const roots: readonly { readonly program: string; readonly arguments: Json; readonly budget?: string }[] = [
  { program: 'agent', arguments: { task: 'Work.', ...agent } },
  { program: 'agent', arguments: { task: 'Work, too.', ...agent, critique: true, toolCalls: 3 } },
  {
    program: 'team',
    arguments: {
      topology: 'parallel',
      task: 'Work together.',
      members: [member('a'), member('b')],
      combiner: member('c'),
    },
  },
  { program: 'agent', budget: 'poor', arguments: { task: 'Work cheaply.', ...agent, maxOutput: 200 } },
];

const spec = liveSpec({
  engines: [{ name: 'model', preemption: 'none', cores: 3 }],
  tools: toolData,
  budgets: [
    { name: 'all' },
    {
      name: 'poor',
      parent: 'all',
      limits: [{ resource: 'tokens', amount: 240, window: { kind: 'total' } }],
      whenExhausted: 'stop',
    },
  ],
});

interface Ran {
  readonly lines: readonly string[];
  readonly hash: string;
  readonly events: readonly KernelEvent[];
  readonly records: readonly KernelRecord[];
  readonly ends: readonly ProcessEnd[];
}

async function runLive(seed: number): Promise<Ran> {
  const draw = new Draw(rngFor(seed, 'hostile'));
  const names = Object.keys(behaviours);
  server.behave((exchange) => {
    const behaviour = draw.chance(0.3) ? 'answers' : draw.of(names);
    return behaviours[behaviour]!(exchange);
  });
  const events: KernelEvent[] = [];
  const records: KernelRecord[] = [];
  const living = new Set<Pid>();
  const recorded = recordedLive(
    spec,
    {
      model: openAiCompatible({ url: server.url, model: 'm1' }),
      tools,
      people: {
        ask({ request }) {
          const decision = draw.of(['approve', 'deny', 'edit'] as const);
          const answer = (): void =>
            recorded.live.answer(request, decision, { path: 'c', said: 'by a person' });
          if (draw.chance(0.5)) answer();
          else clock.at(clock.nowUs() + draw.between(1, 3_000_000), answer);
        },
        withdraw: () => {},
      },
    },
    { clock },
  );
  recorded.live.watch({
    take({ events: told, records: kept }) {
      events.push(...told);
      records.push(...kept);
      for (const { type, ...one } of told) {
        if (type === 'process.spawned') living.add((one as { pid: Pid }).pid);
        if (type === 'process.terminated') living.delete((one as { pid: Pid }).pid);
      }
    },
    broke: () => {},
  });
  // In the middle of its answers somebody interferes.
  const stopWatching = recorded.live.answers.watch(() => {
    if (!draw.chance(0.1) || living.size === 0) return;
    const pid = draw.of([...living]);
    const act = draw.weighted({ message: 6, stop: 4, terminate: 1, kill: 1 });
    setImmediate(() => {
      if (act === 'message') return void recorded.live.message(pid, { text: 'And now?' }).catch(() => {});
      recorded.live.signal(pid, act);
      if (act === 'stop') clock.at(clock.nowUs() + 500_000, () => recorded.live.signal(pid, 'continue'));
    });
  });
  const spawned = roots.map((root, index) =>
    recorded.live.spawn({ budget: 'all', ...root, name: `root-${index}`, run: `run-${index}` }),
  );
  const ends = await Promise.all(spawned.map(({ end }) => end));
  stopWatching();
  const lines = recorded.end();
  return { lines, hash: recorded.hash(), events, records, ends };
}

test('what ran live on a hostile server runs again to the same events', { timeout: 900_000 }, async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= seedCount(6, 300); seed++) {
    const { lines, hash, events, records, ends } = await runLive(seed);
    const again: KernelEvent[] = [];
    const kept: KernelRecord[] = [];
    const { isSame, eventHash } = await rerun('recording', each(lines), {
      records: true,
      onEvent: (told) => void again.push(told),
      onStep: (_kernel, _input, output) => void kept.push(...output.records),
    });
    // The first event that differs says more than a hash; what programs were told, and what they gave, is in the records.
    expect(again, `seed ${seed}`).toEqual(events);
    expect(JSON.stringify(kept), `seed ${seed}`).toBe(JSON.stringify(records));
    expect({ isSame, eventHash }, `seed ${seed}`).toEqual({ isSame: true, eventHash: hash });
    for (const { outcome, code } of ends) seen.add(outcome).add(code);
    for (const told of events) seen.add(told.type);
  }
  for (const what of [
    'completed',
    'failed',
    'person.answered',
    'message.received',
    'signal.delivered',
    'tool.ended',
    'BUDGET_EXHAUSTED',
    'checkpoint.saved',
  ])
    expect(seen, what).toContain(what);
});
