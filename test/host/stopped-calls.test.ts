/** A live call that is stopped in the middle and goes on: its text, its numbers, its tokens, its time. */
import { expect, test } from 'vitest';

import { pageOf } from '../../src/agents/model/messages.ts';
import type { ModelCall } from '../../src/agents/model/model-call.ts';
import { watchTraces } from '../../src/host/watch-traces.ts';
import type { NumberedDelta } from '../../src/host/answer-streams.ts';
import type { Clock, ModelDelta, ModelPort, ModelReply, Stop } from '../../src/host/ports.ts';
import type { PreemptionCapability } from '../../src/kernel/engine-options.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Json } from '../../src/kernel/ids.ts';
import type { Answer, Program, SyscallResult } from '../../src/kernel/syscalls.ts';
import { live, said } from '../support/live.ts';

/** Says hello to its model twice, and gives both answers. */
const talker: Program = {
  name: 'talker',
  version: 1,
  body: function* () {
    const answers: Json[] = [];
    for (const text of ['Hello', 'And?']) {
      yield { kind: 'allocate', tokens: 2, text: pageOf({ role: 'user', text }) };
      const request = { timeoutUs: 60_000_000 };
      const reply = (yield { kind: 'think', maxOutput: 50, request }) as SyscallResult<Answer>;
      answers.push(reply.ok ? { ...reply.value, toolCalls: null } : { code: reply.code, ...reply.failure });
    }
    return answers;
  },
};

/** A call as its test plays it. */
interface Played {
  readonly call: ModelCall;
  readonly stop: Stop;
  readonly tell: (delta: ModelDelta) => void;
  readonly reply: (reply: ModelReply) => void;
}

/** A kernel with one core whose model says what its test plays. */
function played(preemption: PreemptionCapability): {
  readonly kernel: ReturnType<typeof live>['live'];
  readonly events: readonly KernelEvent[];
  readonly seen: NumberedDelta[];
  /** Lets time pass. */
  readonly advance: (us: number) => void;
  readonly next: () => Promise<Played>;
} {
  const begun: Played[] = [];
  const waiting: ((played: Played) => void)[] = [];
  const model: ModelPort = {
    call: (call, stop, tell) =>
      new Promise((reply) => {
        const one = { call, stop, tell, reply };
        const waiter = waiting.shift();
        if (waiter === undefined) begun.push(one);
        else waiter(one);
      }),
  };
  const engines = [{ name: 'model', preemption }];
  let nowUs = 0;
  const timers = new Set<{ readonly atUs: number; readonly fire: () => void }>();
  const clock: Clock = {
    nowUs: () => nowUs,
    at(atUs, then) {
      const timer = { atUs, fire: then };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = (us: number): void => {
    nowUs += us;
    for (const timer of timers) if (timer.atUs <= nowUs && timers.delete(timer)) timer.fire();
  };
  const { live: kernel, events } = live({
    program: talker,
    model,
    kernel: { engines },
    options: { clock },
  });
  const seen: NumberedDelta[] = [];
  kernel.answers.watch((delta) => seen.push(delta));
  const next = async (): Promise<Played> =>
    begun.shift() ?? new Promise<Played>((resolve) => void waiting.push(resolve));
  return { kernel, events, seen, advance, next };
}

const spawn = { program: 'talker', arguments: null, name: 'agent' };
const text = (words: string): ModelDelta => ({ type: 'text', text: words });

test('a preempted call goes on behind what it has said: one answer, one count of tokens, numbers without gaps', async () => {
  const { kernel, events, seen, next } = played('continue');
  const { pid, end } = kernel.spawn({ ...spawn, run: 'slow', priority: 90 });
  const first = await next();
  expect(first.call.partial).toBeUndefined();
  first.tell(text('Once '));
  first.tell(text('upon '));
  const other = kernel.spawn({ ...spawn, run: 'urgent', priority: 0 });
  await expect.poll(() => first.stop.isStopped).toBe(true);
  first.reply({ text: 'Once upon ', toolCalls: [], usage: { tokensOut: 30 } });
  for (let turn = 0; turn < 2; turn++) (await next()).reply(said('quick', { usage: { tokensOut: 1 } }));
  await other.end;
  const second = await next();
  expect(second.call).toMatchObject({ partial: 'Once upon ', maxOutput: 50 - 30 });
  expect(kernel.answers.soFar(pid)).toMatchObject({ next: 2, text: 'Once upon ' });
  second.tell(text('a time'));
  second.reply(said('a time', { usage: { tokensIn: 32, tokensOut: 4 } }));
  (await next()).reply(said('The end', { usage: { tokensOut: 2 } }));
  expect((await end).value).toMatchObject([
    { text: 'Once upon a time', tokensOut: 34, content: { tokens: 34 } },
    { text: 'The end', tokensOut: 2 },
  ]);
  const own = seen.filter(({ call }) => call.pid === pid);
  expect(own.map(({ stretch, number, delta }) => [stretch, number, delta.text])).toEqual([
    [0, 0, 'Once '],
    [0, 1, 'upon '],
    [0, 2, 'a time'],
  ]);
  const settled = events.filter((event) => event.type === 'budget.settled' && event.pid === pid);
  // Prompt and what was said; the prompt again with it, and the rest; the next call.
  expect(settled).toMatchObject([{ tokens: 2 + 30 }, { tokens: 32 + 4 }, { tokens: 2 + 34 + 2 + 2 }]);
});

test('where a model cannot go on, a stopped call is asked afresh: watchers are told, and only what holds is the answer', async () => {
  const { kernel, events, seen, next } = played('none');
  const trace = watchTraces(kernel).watch('r1');
  const { pid, end } = kernel.spawn({ ...spawn, run: 'r1' });
  const first = await next();
  first.tell(text('Once upon '));
  kernel.signal(pid, 'stop');
  await expect.poll(() => first.stop.isStopped).toBe(true);
  first.reply({ text: 'Once upon ', toolCalls: [], usage: { tokensOut: 30 } });
  await expect.poll(() => events.at(-1)?.type).toBe('process.suspended');
  kernel.signal(pid, 'continue');
  const second = await next();
  expect(second.call.partial).toBeUndefined();
  expect(kernel.answers.soFar(pid)).toMatchObject({ next: 1, text: '' });
  second.tell(text('In the beginning'));
  second.reply(said('In the beginning', { usage: { tokensIn: 2, tokensOut: 4 } }));
  (await next()).reply(said('The end'));
  // Both stretches are paid for; the page is the answer's.
  expect((await end).value).toMatchObject([
    { text: 'In the beginning', tokensOut: 34, content: { tokens: 4 } },
    {},
  ]);
  expect(seen.map(({ stretch, number, delta }) => [stretch, number, delta.text])).toEqual([
    [0, 0, 'Once upon '],
    [1, 1, 'In the beginning'],
  ]);
  const told: [number, string][] = [];
  for await (const event of trace) if (event.type === 'text_delta') told.push([event.offset, event.text]);
  expect(told).toEqual([
    [0, 'Once upon '],
    [0, 'In the beginning'],
  ]);
});

test('what a model only thinks is paid for, and takes no room in its prompt', async () => {
  const { kernel, events, next } = played('none');
  const { end } = kernel.spawn({ ...spawn, run: 'r1' });
  // Told by the server; counted here, where it is not; and all counted here.
  (await next()).reply(said('Hi', { usage: { tokensIn: 2, tokensOut: 105, tokensReasoning: 100 } }));
  const second = await next();
  second.tell({ type: 'reasoning', text: 'x'.repeat(400) });
  second.tell(text('four'));
  second.reply(said('four', { usage: { tokensIn: 9, tokensOut: 103 } }));
  expect((await end).value).toMatchObject([
    { tokensOut: 105, content: { tokens: 5 } },
    { tokensOut: 103, content: { tokens: 3 } },
  ]);
  const asked = events.flatMap((event) => (event.type === 'call.requested' ? [event.promptTokens] : []));
  expect(asked).toEqual([2, 2 + 5 + 2]);
});

test('a server that counts nothing of an answer is not believed', async () => {
  const { kernel, next } = played('none');
  const { end } = kernel.spawn({ ...spawn, run: 'r1' });
  const first = await next();
  first.tell(text('twelve chars'));
  first.reply(said('twelve chars', { usage: { tokensOut: 0 } }));
  (await next()).reply(said(''));
  expect((await end).value).toMatchObject([{ content: { tokens: 3 } }, { content: { tokens: 1 } }]);
});

test('the time that a call may take is over all its stretches', async () => {
  const { kernel, advance, next } = played('continue');
  const { end } = kernel.spawn({ ...spawn, run: 'slow', priority: 90 });
  const first = await next();
  advance(50_000_000);
  const other = kernel.spawn({ ...spawn, run: 'urgent', priority: 0 });
  await expect.poll(() => first.stop.isStopped).toBe(true);
  first.reply({ text: 'Once', toolCalls: [], usage: {} });
  for (let turn = 0; turn < 2; turn++) (await next()).reply(said('quick'));
  await other.end;
  const second = await next();
  second.stop.onStop(() => second.reply({ text: '', toolCalls: [], usage: {} }));
  advance(9_999_999);
  expect(second.stop.isStopped).toBe(false);
  advance(1);
  expect(second.stop.isStopped).toBe(true);
  (await next()).reply(said('The end'));
  expect((await end).value).toMatchObject([
    { code: 'MODEL_TIMEOUT', retryable: true, partial: 'Once' },
    { text: 'The end' },
  ]);
});

test('an answer that is whole when its time is up is an answer', async () => {
  const { kernel, advance, next } = played('none');
  const { end } = kernel.spawn({ ...spawn, run: 'r1' });
  for (let turn = 0; turn < 2; turn++) {
    const { stop, reply } = await next();
    stop.onStop(() => reply(said('whole')));
    advance(60_000_000);
  }
  expect((await end).value).toMatchObject([{ text: 'whole' }, { text: 'whole' }]);
});
