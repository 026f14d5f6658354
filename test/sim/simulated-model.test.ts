import { expect, test } from 'vitest';

import { pageOf } from '../../src/agents/model/messages.ts';
import type { ModelCall, SimulatedModel } from '../../src/agents/model/model-call.ts';
import type { Json } from '../../src/kernel/ids.ts';
import type { Answer, ProgramBody, SyscallResult, ThinkScript } from '../../src/kernel/syscalls.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { roundRobinWith } from '../../src/policies/index.ts';
import { Simulation } from '../../src/sim/simulation.ts';

/** What one process gives back, whose model says this. */
function run(
  body: ProgramBody,
  answer: SimulatedModel['answer'],
  sliceUs = 60_000_000,
  agents = 1,
): { readonly values: readonly Json[]; readonly nowUs: number } {
  const sim = new Simulation({
    kernel: {
      seed: 1,
      scheduling: roundRobinWith({ sliceUs }),
      paging: importanceLru,
      engines: [{ prefillTokensPerSecond: 1_000, decodeTokensPerSecond: 10 }],
      programs: [{ name: 'test', version: 1, body }],
    },
    model: { answer },
  });
  for (let agent = 0; agent < agents; agent++)
    sim.spawn(0, { program: 'test', arguments: null, name: 'agent', run: `r${agent}` });
  sim.run();
  sim.kernel.checkInvariants();
  const values = sim.store.runs().flatMap(({ run: id }) => sim.store.ends(id).map(({ value }) => value));
  return { values, nowUs: sim.nowUs };
}

const thinkOnce = (request = {}): ProgramBody =>
  function* () {
    yield { kind: 'allocate', tokens: 10, text: pageOf({ role: 'user', text: 'What is 2 + 3?' }) };
    const reply = (yield { kind: 'think', maxOutput: 50, request }) as SyscallResult<Answer>;
    return reply as unknown as Json;
  };

test('a simulated model answers what stands in the prompt, with tool calls', () => {
  const calls: ModelCall['messages'][] = [];
  const { values } = run(thinkOnce(), (call) => {
    calls.push(call.messages);
    return {
      tokensOut: 5,
      text: 'Let me see',
      finish: 'tool-calls',
      toolCalls: [{ id: 'a', tool: 'calculator', arguments: { expression: '2+3' } }],
    };
  });
  expect(calls).toEqual([[{ role: 'user', text: 'What is 2 + 3?' }]]);
  expect(values).toEqual([
    {
      ok: true,
      value: {
        text: 'Let me see',
        tokensIn: 10,
        tokensCached: 0,
        tokensOut: 5,
        finish: 'tool-calls',
        toolCalls: [{ id: 'a', tool: 'calculator', arguments: { expression: '2+3' } }],
        page: 2,
        // Its page is a message, not the text alone.
        content: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string, tokens: 5 },
      },
    },
  ]);
});

test('a failure that the model tells reaches the program after the time it took', () => {
  const script: ThinkScript = {
    tokensOut: 20,
    failure: { code: 'STREAM_INCOMPLETE', message: 'cut off', retryable: true, partial: 'Let' },
  };
  const { values, nowUs } = run(thinkOnce(), () => script);
  expect(values).toEqual([
    {
      ok: false,
      code: 'STREAM_INCOMPLETE',
      message: 'cut off',
      failure: { retryable: true, partial: 'Let' },
    },
  ]);
  // 10 tokens of prefill at 1,000 a second, 20 of decode at 10 a second.
  expect(nowUs).toBe(10_000 + 2_000_000);
});

test('a call times out after the core time that its request allows, in one stretch or in several', () => {
  const timedOut = {
    ok: false,
    code: 'MODEL_TIMEOUT',
    message: 'no whole answer after 1010000 µs',
    failure: { retryable: true },
  };
  const request = { timeoutUs: 1_010_000 };
  const answer = (): ThinkScript => ({ tokensOut: 50 });
  expect(run(thinkOnce(request), answer)).toEqual({ values: [timedOut], nowUs: 1_010_000 });
  const shared = run(thinkOnce(request), answer, 300_000, 2);
  expect(shared).toEqual({ values: [timedOut, timedOut], nowUs: 2_020_000 });
});

test('a call within its time is not cut, also when the call before it on the core was', () => {
  let calls = 0;
  const { values } = run(
    function* () {
      const codes: Json[] = [];
      for (const timeoutUs of [100_000, 100_000_000]) {
        const reply = (yield {
          kind: 'think',
          maxOutput: 50,
          request: { timeoutUs },
        }) as SyscallResult<Answer>;
        codes.push(reply.ok ? reply.value.text : reply.code);
      }
      return codes;
    },
    () => ({ tokensOut: 50, text: `answer ${++calls}` }),
  );
  expect(values).toEqual([['MODEL_TIMEOUT', 'answer 2']]);
});

test.each([
  [{ tokensOut: -1 }, 'script.tokensOut: -1 is not allowed'],
  [{ tokensOut: 1, text: 5 }, 'script.text: 5 is not allowed'],
  [{ tokensOut: 1, toolCalls: [{ id: 1n }] }, 'script.toolCalls'],
])('a simulated model that says %o is told so in one line', (script, message) => {
  expect(() => run(thinkOnce(), () => script as unknown as ThinkScript)).toThrow(message);
});

test.each([
  [{ request: 'fast' }, 'request: "fast" is not allowed; allowed: an object'],
  [
    { request: { timeout: 5 } },
    'request.timeout: 5 is not allowed; allowed: purpose, model, tools, ownTools, toolChoice, temperature, sampling',
  ],
  [{ request: { tools: 'all' } }, 'request.tools: "all" is not allowed; allowed: a list of tool names'],
  [{ request: { timeoutUs: 0 } }, 'request.timeoutUs: 0 is not allowed; allowed: an integer above 0 (µs)'],
  [{ request: { temperature: 'hot' } }, 'request.temperature: "hot" is not allowed; allowed: a number'],
  [{ request: { format: { a: 1n } } }, 'request.format.a'],
])('a model call with %o is refused in one line', (fields, message) => {
  const { values } = run(
    function* () {
      return (yield { kind: 'think', maxOutput: 5, ...fields } as never) as unknown as Json;
    },
    () => ({ tokensOut: 1 }),
  );
  expect(values).toEqual([
    { ok: false, code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) as string },
  ]);
});
