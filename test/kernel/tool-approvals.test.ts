/** A person's word on a tool call: only a clear yes starts it. */
import { expect, test } from 'vitest';

import type { Json } from '../../src/kernel/ids.ts';
import type { PersonAnswered } from '../../src/kernel/inputs.ts';
import type { Request } from '../../src/kernel/requests.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { callTools, failed, ok, SECOND, sleep, tool } from '../support/syscalls.ts';

const mail: ToolSpec = {
  name: 'mail',
  description: 'sends',
  parameters: { type: 'object' },
  approval: true,
};

function asked() {
  const kernel = new SteppedKernel({
    agents: [{ body: [callTools(tool('mail')), sleep(SECOND)] }],
    kernel: { tools: [mail] },
  });
  const [question] = kernel.spawn(0, 1);
  const { request } = question as Extract<Request, { type: 'person.ask' }>;
  const answer = (decision: string, value: Json): Request[] =>
    kernel.step(SECOND, {
      type: 'person.answered',
      request,
      decision: decision as PersonAnswered['decision'],
      value,
    });
  return { kernel, answer };
}

test('an answer is no approval', () => {
  const { kernel, answer } = asked();
  expect(answer('answer', 'no, do not')).toEqual([]);
  expect(kernel.records.find(({ type }) => type === 'history')).toMatchObject({
    result: ok([failed('TOOL_DENIED', 'a person did not approve mail: no, do not') as Json]),
  });
});

test('a rule decides by arguments and effects which calls a person must approve; one that errs asks for each', () => {
  const rule: Exclude<ToolSpec['approval'], boolean> = (args, { writes }) => {
    const { to } = args as { to: string };
    if (to === 'nobody') throw new Error('no such address');
    return writes.length > 0 && to !== 'me';
  };
  const ask = (args: Json, approval = rule): number => {
    const spec: ToolSpec = { ...mail, effects: () => ({ reads: [], writes: ['outbox'] }), approval };
    const kernel = new SteppedKernel({
      agents: [{ body: [callTools(tool('mail', args)), sleep(SECOND)] }],
      kernel: { tools: [spec] },
    });
    return kernel.spawn(0, 1).filter(({ type }) => type === 'person.ask').length;
  };
  expect(ask({ to: 'me' })).toBe(0);
  expect(ask({ to: 'boss' })).toBe(1);
  expect(ask({ to: 'nobody' })).toBe(1);
  expect(ask({ to: 'me' }, (() => undefined) as unknown as typeof rule)).toBe(1);
});

test('with other arguments a call takes the locks of those, while its siblings run', () => {
  const note: ToolSpec = {
    ...mail,
    name: 'note',
    effects: (args) => ({ reads: [], writes: [(args as { to: string }).to] }),
    approval: (args) => (args as { to: string }).to === 'boss',
  };
  const kernel = new SteppedKernel({
    agents: [{ body: [callTools(tool('note', { to: 'boss' }), tool('note', { to: 'me' })), sleep(SECOND)] }],
    kernel: { tools: [note] },
  });
  const requests = kernel.spawn(0, 1);
  const start = requests.find(({ type }) => type === 'tool.start') as Extract<
    Request,
    { type: 'tool.start' }
  >;
  const ask = requests.find(({ type }) => type === 'person.ask') as Extract<Request, { type: 'person.ask' }>;
  expect(start.arguments).toEqual({ to: 'me' });
  // Now both write the same: the second one waits for the first.
  const edit = { decision: 'edit', value: { to: 'me' } } as const;
  expect(kernel.step(SECOND, { type: 'person.answered', request: ask.request, ...edit })).toEqual([]);
  expect(kernel.process(1).state).toBe('waiting');
  const ended = { type: 'tool.ended', request: start.request, ok: true, value: 1 } as const;
  expect(kernel.step(SECOND, ended).filter(({ type }) => type === 'tool.start')).toMatchObject([
    { arguments: { to: 'me' } },
  ]);
});
