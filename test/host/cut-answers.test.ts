/** An answer that is cut off, over real HTTP: what had come of it is kept, what it used is settled, and whoever watches or looks later sees both. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { openAiCompatible } from '../../src/adapters/models/openai-compatible.ts';
import { pageOf } from '../../src/agents/model/messages.ts';
import type { Trace, TraceEvent } from '../../src/agents/traces/trace.ts';
import type { LiveKernel } from '../../src/host/live-kernel.ts';
import { watchTraces } from '../../src/host/watch-traces.ts';
import type { SignalName } from '../../src/kernel/inputs.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { Answer, Program, SyscallResult } from '../../src/kernel/syscalls.ts';
import { chunk, event, HostileServer, says, type Behaviour } from '../support/hostile-server.ts';
import { live } from '../support/live.ts';

let server: HostileServer;
beforeAll(async () => {
  server = await HostileServer.start();
});
afterAll(() => server.close());
beforeEach(() => {
  server.aborted = 0;
});

/** A prompt of 100 tokens, and an answer of at most 50. */
const asker = (timeoutUs: number): Program => ({
  name: 'asker',
  version: 1,
  body: function* () {
    yield { kind: 'allocate', tokens: 100, text: pageOf({ role: 'user', text: 'Hello' }) };
    const request = { model: 'm1', timeoutUs };
    const reply = (yield { kind: 'think', maxOutput: 50, request }) as SyscallResult<Answer>;
    return reply.ok ? reply.value.text : reply.code;
  },
});

/** 8 characters, in two pieces, then nothing more. */
const half: Behaviour = async (exchange) => {
  await exchange.send(event(chunk({ content: 'Half' })));
  await exchange.send(event(chunk({ content: ' an ' })));
  await exchange.stall();
};

interface Cut {
  readonly kernel: LiveKernel;
  readonly storage: MemoryStorage;
  readonly end: Promise<unknown>;
  readonly trace: () => Trace;
  readonly events: Promise<TraceEvent[]>;
  /** Piece by piece, as watchers of the kernel have it: stretch, number, text. */
  readonly deltas: readonly (readonly [number, number, string])[];
  readonly signal: (signal: SignalName) => void;
}

/** A run whose answer has come to `Half an `. */
async function begun(timeoutUs: number, ...behaviours: readonly Behaviour[]): Promise<Cut> {
  server.behave(...behaviours);
  const storage = new MemoryStorage();
  const { live: kernel } = live({
    program: asker(timeoutUs),
    model: openAiCompatible({ url: server.url }),
    options: { storage },
    kernel: {
      engines: [
        { name: 'model', preemption: 'none', prices: { input: 10_000, cachedInput: 10_000, output: 50_000 } },
      ],
      budgets: [{ name: 'all', limits: [{ resource: 'tokens', amount: 10_000, window: { kind: 'total' } }] }],
    },
  });
  const traces = watchTraces(kernel);
  const events = (async () => {
    const all: TraceEvent[] = [];
    for await (const one of traces.watch('r1')) all.push(one);
    return all;
  })();
  const deltas: [number, number, string][] = [];
  kernel.answers.watch(({ stretch, number, delta }) => deltas.push([stretch, number, delta.text]));
  const { pid, end } = kernel.spawn({ program: 'asker', arguments: null, name: 'agent', run: 'r1' });
  if (timeoutUs > 1_000_000)
    await expect.poll(() => kernel.answers.soFar(pid)?.text, { timeout: 20_000 }).toBe('Half an ');
  const trace = (): Trace => traces.trace('r1')!;
  return { kernel, storage, end, trace, events, deltas, signal: (signal) => kernel.signal(pid, signal) };
}

const usedOf = ({ kernel }: Cut): unknown => {
  const { budgets, processes } = kernel.kernel.snapshot();
  const [limit] = budgets[0]!.limits;
  const { tokensIn, tokensOut, microDollars } = processes[0]!.usage;
  return { used: limit!.used, reserved: limit!.reserved, tokensIn, tokensOut, microDollars };
};
/** 8 characters are 2 tokens by estimate: 100 at 0.01 and 2 at 0.05 micro-dollars. */
const paid = { used: 102, reserved: 0, tokensIn: 100, tokensOut: 2, microDollars: 2 };

const MINUTE = 60_000_000;

test.each(['terminate', 'kill'] as const)(
  '%s: the text, its tokens and its cost are kept',
  async (signal) => {
    const cut = await begun(MINUTE, half);
    cut.signal(signal);
    await cut.end;
    await expect.poll(() => server.aborted).toBe(1);
    expect(usedOf(cut)).toEqual(paid);
    const [call] = cut.trace().steps;
    expect(call).toMatchObject({
      type: 'llm_call',
      status: 'cancelled',
      data: { text: 'Half an ' },
      usage: { tokensIn: 100, tokensOut: 2, microDollars: 2 },
    });
    const told = (await cut.events).find(({ type }) => type === 'llm_call_completed');
    expect(told).toMatchObject({ ok: false, text: 'Half an ', usage: { tokensOut: 2 } });
    const address = { run: 'r1', branch: 'main', pid: 1 as never };
    expect(await cut.storage.journal(address)).toContainEqual(
      expect.objectContaining({ type: 'answer.partial', n: 2, text: 'Half an ' }),
    );
  },
);

test('stopped and continued: what had come is kept beside the whole answer, and both are paid', async () => {
  const cut = await begun(MINUTE, half, says('Half an hour.'));
  cut.signal('stop');
  await expect.poll(() => server.aborted).toBe(1);
  await expect.poll(() => cut.kernel.kernel.snapshot().processes[0]!.state).toBe('suspended');
  expect(usedOf(cut)).toEqual(paid);
  cut.signal('continue');
  expect(await cut.end).toMatchObject({ outcome: 'completed', value: 'Half an hour.' });
  const [call] = cut.trace().steps;
  expect(call).toMatchObject({ status: 'done', data: { text: 'Half an hour.', stopped: ['Half an '] } });
  // No two pieces of the call have one number, and who puts them together knows where it began anew.
  expect(cut.deltas.map(([, number]) => number)).toEqual(cut.deltas.map((_, index) => index));
  const texts = [0, 1].map((wanted) =>
    cut.deltas.map(([stretch, , text]) => (stretch === wanted ? text : '')).join(''),
  );
  expect(texts).toEqual(['Half an ', 'Half an hour.']);
  const events = await cut.events;
  const again = events.findIndex(({ type }) => type === 'llm_call_restarted');
  expect(events[again]).toMatchObject({ text: 'Half an ' });
  const after = events.slice(again).find(({ type }) => type === 'text_delta');
  expect(after).toMatchObject({ offset: 0 });
  // The server says that the second request took 20 and 7 tokens.
  expect(usedOf(cut)).toMatchObject({ used: 129, reserved: 0, tokensIn: 120, tokensOut: 9 });
});

test('timed out: the failure tells what had come, and the step is timed out', async () => {
  const cut = await begun(400_000, half);
  expect(await cut.end).toMatchObject({ value: 'MODEL_TIMEOUT' });
  expect(usedOf(cut)).toEqual(paid);
  const [call] = cut.trace().steps;
  expect(call).toMatchObject({
    status: 'timed-out',
    data: { code: 'MODEL_TIMEOUT', text: 'Half an ' },
    usage: { tokensIn: 100, tokensOut: 2 },
  });
  const history = await cut.storage.history('r1');
  expect(history[1]!.result).toMatchObject({ failure: { partial: 'Half an ' } });
});

test('the connection drops: the same', async () => {
  const cut = await begun(MINUTE, async (exchange) => {
    await exchange.send(event(chunk({ content: 'Half' })));
    await exchange.send(event(chunk({ content: ' an ' })));
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    exchange.cut();
  });
  expect(await cut.end).toMatchObject({ value: 'STREAM_INCOMPLETE' });
  expect(usedOf(cut)).toEqual(paid);
  expect(cut.trace().steps[0]).toMatchObject({ status: 'failed', data: { text: 'Half an ' } });
});
