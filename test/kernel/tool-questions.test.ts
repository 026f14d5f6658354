/** A tool that asks a person: its calls wait for their answers, each by itself, beside calls that run; an answer is never lost and never asked for twice. */
import { expect, test } from 'vitest';

import type { Json, RequestId } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { PersonAsk, Request } from '../../src/kernel/requests.ts';
import type { ProgramBody } from '../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { live } from '../support/lives.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { callTools, failed, ok, SECOND, tool } from '../support/syscalls.ts';

const tools: readonly ToolSpec[] = [
  {
    name: 'ask',
    description: 'asks',
    parameters: { type: 'object', properties: { question: { type: 'string' } }, required: ['question'] },
    asksPerson: true,
  },
  { name: 'read', description: 'reads', parameters: { type: 'object' } },
];
const question = (text: string): Json => ({ question: text });
const body: ProgramBody = function* () {
  const calls = [
    tool('ask', question('Red?')),
    tool('read'),
    tool('ask', question('Blue?')),
    tool('ask', { text: 'Green?' }),
  ];
  const result = yield callTools(...calls);
  return result.ok ? (result.value as Json) : result.code;
};

function asked() {
  const kernel = new SteppedKernel({ agents: [{ body }], kernel: { tools } });
  const requests = kernel.spawn(0, 1);
  const asks = requests.filter((one): one is PersonAsk => one.type === 'person.ask');
  const start = requests.find((one) => one.type === 'tool.start')!;
  return { kernel, asks, start };
}

function answer(
  kernel: SteppedKernel,
  request: RequestId,
  value: Json,
  decision: 'answer' | 'approve' | 'deny' = 'answer',
): Request[] {
  return kernel.step(SECOND, { type: 'person.answered', request, decision, value });
}

const endOf = (kernel: SteppedKernel): unknown =>
  kernel.records.find(({ type }) => type === 'process.ended') ?? kernel.process(1).state;

test('each call is a question, all are open at once, the other calls go on, and answers come in any order', () => {
  const { kernel, asks, start } = asked();
  expect(asks).toMatchObject([
    { purpose: 'answer', tool: 'ask', question: question('Red?'), identity: { index: 0 } },
    { purpose: 'answer', tool: 'ask', question: question('Blue?'), identity: { index: 2 } },
  ]);
  kernel.step(SECOND, { type: 'tool.ended', request: start.request, attempt: 0, ok: true, value: 'text' });
  expect(kernel.events.at(-1)).toMatchObject({ type: 'process.waiting', on: 'person' });
  answer(kernel, asks[1]!.request, { shade: 'dark' });
  expect(endOf(kernel)).toBe('waiting');
  answer(kernel, asks[0]!.request, 'yes');
  expect(endOf(kernel)).toMatchObject({
    value: [ok('yes'), ok('text'), ok({ shade: 'dark' }), failed('TOOL_ARGUMENTS', 'arguments.question')],
  });
  expect(kernel.events.filter(({ type }) => type === 'tool.started')).toHaveLength(1);
});

test('a question that is denied, or answered like one for a yes, is a failed call with the reason', () => {
  const { kernel, asks, start } = asked();
  kernel.step(SECOND, { type: 'tool.ended', request: start.request, attempt: 0, ok: true, value: 'text' });
  answer(kernel, asks[0]!.request, 'nobody is there', 'deny');
  answer(kernel, asks[1]!.request, null, 'approve');
  expect(endOf(kernel)).toMatchObject({
    value: [
      failed('TOOL_DENIED', 'a person did not answer ask: nobody is there'),
      ok('text'),
      failed('TOOL_DENIED', 'a person did not answer ask: null'),
      {},
    ],
  });
});

test('when the process ends, its open questions are withdrawn', () => {
  const { kernel, asks } = asked();
  const requests = kernel.signal(SECOND, 1, 'kill');
  for (const { request } of asks) expect(requests).toContainEqual({ type: 'person.withdraw', request });
  expect(answer(kernel, asks[0]!.request, 'too late')).toEqual([]);
});

test('an answer outlives a crash in the middle of its batch; what was not answered is asked again', () => {
  const store = new MemoryStore();
  const setup = {
    agents: [
      {
        body: function* () {
          const calls = [
            tool('ask', question('Red?'), { result: 'yes', durationUs: SECOND }),
            tool('ask', question('Blue?'), { result: 'no', durationUs: 3 * SECOND }),
          ];
          const result = yield callTools(...calls);
          return result.ok ? (result.value as Json) : result.code;
        } satisfies ProgramBody,
      },
    ],
    kernel: { tools },
  };
  // Spawned, and the first answer is there.
  const first = live(setup, store, { steps: 2 });
  const second = live(setup, store, { fromUs: first.nowUs });
  const questions = [first, second].map(
    ({ events }) => events.filter(({ type }) => type === 'person.asked').length,
  );
  expect(questions).toEqual([2, 1]);
  expect(store.processes('run-1')[0]!.end!.value).toEqual([ok('yes'), ok('no')]);
});
