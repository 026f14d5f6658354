import { expect, test } from 'vitest';

import type { ModelDelta } from '../../src/host/ports.ts';
import { messageOfPage, pageOf } from '../../src/agents/model/messages.ts';
import type { ModelCall } from '../../src/agents/model/model-call.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { KernelRecord } from '../../src/kernel/records.ts';
import type { Answer, Program, ProgramBody, SyscallResult } from '../../src/kernel/syscalls.ts';
import { live, said } from '../support/live.ts';

const programOf = (body: ProgramBody): Program => ({ name: 'test', version: 1, body });
const spawn = { program: 'test', arguments: null, name: 'agent', run: 'r1' };

/** Says hello to its model and gives what it answers. */
const greeter = programOf(function* () {
  yield { kind: 'allocate', tokens: 2, text: pageOf({ role: 'user', text: 'Hello' }) };
  const reply = (yield { kind: 'think', maxOutput: 20, request: {} }) as SyscallResult<Answer>;
  return reply.ok ? reply.value.text : { code: reply.code, failure: { ...reply.failure } };
});

test('a process asks a model what stands in its prompt, and ends with the answer', async () => {
  const calls: ModelCall[] = [];
  const { live: kernel } = live({
    program: greeter,
    model: {
      call: (call) => {
        calls.push(call);
        expect(call.messages).toEqual([{ role: 'user', text: 'Hello' }]);
        return Promise.resolve(said('Hi there', { usage: { tokensIn: 3, tokensOut: 2 } }));
      },
    },
  });
  const end = await kernel.spawn(spawn).end;
  expect(end).toMatchObject({ outcome: 'completed', value: 'Hi there' });
  expect(calls).toHaveLength(1);
});

test('deltas reach whoever watches, numbered without gaps, and the text so far who comes late', async () => {
  let tell: (delta: ModelDelta) => void = () => {};
  let finish: () => void = () => {};
  const { live: kernel } = live({
    program: greeter,
    model: {
      call: (_call, _stop, onDelta) => {
        tell = onDelta;
        return new Promise((resolve) => {
          finish = () => resolve(said('abc'));
        });
      },
    },
  });
  const seen: [number, string][] = [];
  kernel.answers.watch(({ number, delta }) => seen.push([number, delta.text]));
  const { pid, end } = kernel.spawn(spawn);
  await Promise.resolve();
  await new Promise(setImmediate);
  tell({ type: 'text', text: 'a' });
  tell({ type: 'text', text: 'b' });
  expect(kernel.answers.soFar(pid)).toMatchObject({ next: 2, text: 'ab' });
  tell({ type: 'text', text: 'c' });
  finish();
  await end;
  // Nobody's any more.
  tell({ type: 'text', text: 'late' });
  expect(seen).toEqual([
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
  ]);
  expect(kernel.answers.soFar(pid)).toBeUndefined();
});

test('nothing starts before the records that caused it are stored', async () => {
  const storage = new MemoryStorage();
  const stored: KernelRecord[] = [];
  const release: (() => void)[] = [];
  const { live: kernel } = live({
    program: greeter,
    model: {
      call: () => {
        expect(stored.some(({ type }) => type === 'ledger')).toBe(true);
        return Promise.resolve(said('ok'));
      },
    },
    options: {
      storage: Object.assign(Object.create(storage) as MemoryStorage, {
        append: async (records: readonly KernelRecord[]) => {
          await new Promise<void>((resolve) => {
            release.push(resolve);
          });
          stored.push(...records);
        },
      }),
    },
  });
  const { end } = kernel.spawn(spawn);
  for (let round = 0; round < 20; round++) {
    await new Promise(setImmediate);
    // One flush at a time carries whatever waits.
    expect(release.length).toBeLessThanOrEqual(1);
    for (const go of release.splice(0)) go();
  }
  await end;
  expect(stored.some(({ type }) => type === 'process.ended')).toBe(true);
});

test('when storage fails nothing more happens, and whoever waits is told', async () => {
  let calls = 0;
  const { live: kernel } = live({
    program: greeter,
    model: {
      call: () => {
        calls++;
        return Promise.resolve(said('ok'));
      },
    },
    options: {
      storage: Object.assign(new MemoryStorage(), {
        append: () => Promise.reject(new Error('disk full')),
      }),
    },
  });
  await expect(kernel.spawn(spawn).end).rejects.toThrow('disk full');
  expect(calls).toBe(0);
  expect(() => kernel.spawn({ ...spawn, run: 'r2' })).toThrow('disk full');
});

test('an error of who is told of an event is no refusal of the input: the kernel breaks down, and says so', async () => {
  let calls = 0;
  let isFull = false;
  const { live: kernel } = live({
    program: greeter,
    model: {
      call: () => {
        calls++;
        return Promise.resolve(said('ok'));
      },
    },
    options: {
      onEvent: () => {
        if (isFull) throw new KernelError('INVALID_FILE', '--record: the disk is full');
      },
    },
  });
  const first = kernel.spawn(spawn).end;
  isFull = true;
  expect(() => kernel.spawn({ ...spawn, run: 'r2' })).toThrow('the disk is full');
  await expect(first).rejects.toThrow('the disk is full');
  expect(() => kernel.signal(1 as Pid, 'kill')).toThrow('the disk is full');
  await new Promise(setImmediate);
  expect(calls).toBe(0);
});

test('a port that throws breaks the kernel down, instead of keeping back what waits behind it', async () => {
  const { live: kernel } = live({
    program: programOf(function* () {
      yield { kind: 'ask', question: 'May I?', purpose: 'approve' };
    }),
    people: {
      ask: () => {
        throw new Error('nobody there');
      },
      withdraw: () => {},
    },
  });
  await expect(kernel.spawn(spawn).end).rejects.toThrow('nobody there');
});

test('who closes a kernel and waits for nothing has missed no error', async () => {
  const { live: kernel } = live({ program: greeter });
  void kernel.spawn(spawn);
  // An error that nobody heard would fail the whole run of tests.
  expect(() => kernel.close()).not.toThrow();
  await new Promise(setImmediate);
});

test('a process that ends at once has its end, also where nothing is recorded', async () => {
  const { live: kernel } = live({ program: programOf(function* () {}), kernel: { records: false } });
  expect(await kernel.spawn(spawn).end).toMatchObject({ outcome: 'completed' });
});

test('a failed call is a result with what a program must know to ask again', async () => {
  const failure = { retryable: true, status: 429, retryAfterUs: 2_000_000 };
  const { live: kernel } = live({
    program: greeter,
    model: {
      call: () =>
        Promise.resolve({
          text: 'Hal',
          toolCalls: [],
          usage: {},
          failed: { code: 'MODEL_FAILED', message: 'too many requests', failure },
        }),
    },
  });
  const { value } = await kernel.spawn(spawn).end;
  expect(value).toEqual({ code: 'MODEL_FAILED', failure: { ...failure, partial: 'Hal' } });
});

test('a call that takes longer than its request allows is stopped, and has failed', async () => {
  let isStopped = false;
  const { live: kernel } = live({
    program: programOf(function* () {
      const reply = (yield {
        kind: 'think',
        maxOutput: 20,
        request: { timeoutUs: 5_000 },
      }) as SyscallResult<Answer>;
      return reply.ok ? 'answered' : reply.code;
    }),
    model: {
      call: (_call, stop) =>
        new Promise((resolve) => {
          stop.onStop(() => {
            isStopped = true;
            resolve({ text: '', toolCalls: [], usage: {} });
          });
        }),
    },
  });
  const { value } = await kernel.spawn(spawn).end;
  expect(value).toBe('MODEL_TIMEOUT');
  expect(isStopped).toBe(true);
});

test('a killed process stops its call', async () => {
  let stops = 0;
  const { live: kernel } = live({
    program: greeter,
    model: {
      call: (_call, stop) =>
        new Promise((resolve) => {
          stop.onStop(() => {
            stops++;
            resolve({ text: 'part', toolCalls: [], usage: { tokensOut: 1 } });
          });
        }),
    },
  });
  const { pid, end } = kernel.spawn(spawn);
  await new Promise(setImmediate);
  kernel.signal(pid, 'kill');
  expect(await end).toMatchObject({ outcome: 'killed' });
  expect(stops).toBe(1);
});

test('the answer joins the prompt as a message', async () => {
  const prompts: ModelCall['messages'][] = [];
  const { live: kernel } = live({
    program: programOf(function* () {
      yield { kind: 'think', maxOutput: 20, request: {} };
      yield { kind: 'think', maxOutput: 20, request: {} };
      return null;
    }),
    model: {
      call: (call) => {
        prompts.push(call.messages);
        return Promise.resolve(
          said('thinking', { toolCalls: [{ id: 'c1', tool: 'search', arguments: { q: 'x' } }] }),
        );
      },
    },
  });
  await kernel.spawn(spawn).end;
  expect(prompts[1]).toEqual([
    {
      role: 'assistant',
      text: 'thinking',
      toolCalls: [{ id: 'c1', tool: 'search', arguments: { q: 'x' } }],
    },
  ]);
});

test('a call that its budget degraded asks for the cheaper model, also when it named another', async () => {
  const asked: (string | undefined)[] = [];
  const prices = { input: 0, cachedInput: 0, output: 1_000_000 };
  const cheap = { input: 0, cachedInput: 0, output: 0 };
  const { live: kernel } = live({
    program: programOf(function* () {
      yield { kind: 'think', maxOutput: 20, request: { model: 'large' } };
      yield { kind: 'think', maxOutput: 20, request: { model: 'large' } };
    }),
    model: {
      call: ({ request }) => {
        asked.push(request.model);
        return Promise.resolve(said('x', { usage: { tokensOut: 20 } }));
      },
    },
    kernel: {
      engines: [{ name: 'model', preemption: 'none', prices }],
      budgets: [
        {
          name: 'team',
          limits: [{ resource: 'microDollars', amount: 30, window: { kind: 'total' } }],
          whenExhausted: 'degrade',
          degradeTo: { model: 'small', prices: cheap },
        },
      ],
    },
  });
  await kernel.spawn({ ...spawn, budget: 'team' }).end;
  expect(asked).toEqual(['large', 'small']);
});

test('a page that only looks like a message is what its user said', () => {
  for (const text of ['{"role":', '{"role":"robot","text":"x"}', '{"role":"user"}', 'plain'])
    expect(messageOfPage(text)).toEqual({ role: 'user', text });
});

test('a message to a live process is acknowledged when it is durable, and one to a dead process is not taken', async () => {
  const storage = new MemoryStorage();
  const { live: kernel } = live({
    program: programOf(function* () {
      const mail = (yield { kind: 'receive' }) as SyscallResult<{ from: number; message: string }>;
      return mail.ok ? { ...mail.value } : mail.code;
    }),
    options: { storage },
  });
  const { pid, end } = kernel.spawn(spawn);
  const taken = kernel.message(pid, 'hello');
  expect(await taken).toBe(true);
  expect(await storage.journal({ run: 'r1', branch: 'main', pid })).toMatchObject([{ from: 0 }]);
  expect((await end).value).toEqual({ from: 0, message: 'hello' });
  expect(await kernel.message(pid, 'late')).toBe(false);
  await expect(kernel.message(9 as typeof pid, 'x')).rejects.toThrow('to: 9 was never spawned');
});

test('a call whose port closes the kernel is stopped', async () => {
  let isStopped = false;
  const { live: kernel } = live({
    program: greeter,
    model: {
      call: (_call, stop) => {
        stop.onStop(() => (isStopped = true));
        kernel.close();
        return new Promise(() => {});
      },
    },
  });
  await expect(kernel.spawn(spawn).end).rejects.toThrow('the kernel was closed');
  expect(isStopped).toBe(true);
});
