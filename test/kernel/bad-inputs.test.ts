/** What the world may hand over by mistake: refused in one line, and the kernel is as it was before. */
import { expect, test } from 'vitest';

import type { Json, RequestId } from '../../src/kernel/ids.ts';
import type { Input } from '../../src/kernel/inputs.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { kernelOf, runAgents } from '../support/run-agents.ts';
import { callTools, failed, ok, SECOND, tool } from '../support/syscalls.ts';

const S = SECOND;
const mail = { name: 'mail', description: 'sends', parameters: { type: 'object' }, approval: true };
const agents = [{ body: [callTools(tool('mail'))] }];
const bare = Object.create(null) as object;

/** Process 1 waits for a person: request 1. */
function waitingKernel(): Kernel {
  const kernel = new Kernel({ ...kernelOf({ agents }), tools: [mail] });
  kernel.step({ ...spawned, atUs: 5 } as Input);
  return kernel;
}

const spawned = { type: 'process.spawned', program: 'agent-1', arguments: null, name: 'a', run: 'r' };
const answered = { type: 'person.answered', request: 1 as RequestId, decision: 'approve', value: null };
const signalled = { type: 'signal.sent', pid: 1, signal: 'stop' };

const wrong: readonly (readonly [input: object, line: string])[] = [
  [{ ...signalled, atUs: 80.5 }, 'atUs: 80.5 is not allowed; allowed: an integer (µs)'],
  [{ ...signalled, atUs: Infinity }, 'atUs: Infinity is not allowed'],
  [{ ...signalled, atUs: NaN }, 'atUs: NaN is not allowed'],
  [{ ...signalled, atUs: '9' }, 'atUs: "9" is not allowed'],
  [
    { ...signalled, signal: 'explode' },
    'signal: "explode" is not allowed; allowed: stop, continue, terminate, kill',
  ],
  [{ ...signalled, pid: 9 }, 'pid: 9 was never spawned'],
  [{ ...signalled, pid: 'length' }, 'pid: "length" was never spawned'],
  [{ type: 'message.sent', to: 9, message: 'x' }, 'to: 9 was never spawned'],
  [{ type: 'message.sent', to: 0, message: 'x' }, 'to: 0 was never spawned'],
  [{ type: 'message.sent', to: 1, message: 5n }, 'message: bigint is not allowed; allowed: JSON'],
  [{ type: 'process.sent', pid: 1 }, 'type: "process.sent" is not allowed'],
  [{ ...spawned, priority: '5' }, 'priority: "5" is not allowed; allowed: a number'],
  [
    { ...spawned, capabilities: { tools: 'calculator' } },
    'capabilities.tools: "calculator" is not allowed; allowed: all, or',
  ],
  [{ ...spawned, capabilities: { tool: [] } }, 'capabilities.tool: a list is not allowed'],
  [{ ...spawned, capabilities: null }, 'capabilities: null is not allowed'],
  [{ ...spawned, program: bare }, 'program: an object is not allowed; allowed: a text'],
  [{ ...spawned, name: undefined }, 'name: undefined is not allowed; allowed: a text'],
  [{ ...spawned, run: 5 }, 'run: 5 is not allowed; allowed: a text'],
  [{ ...spawned, engine: bare }, 'engine: an object is not allowed; allowed: a text'],
  [{ ...spawned, budget: 5 }, 'budget: 5 is not allowed; allowed: a text'],
  [{ ...spawned, arguments: { a: 5n } }, 'arguments.a: bigint is not allowed; allowed: JSON'],
  [
    { ...answered, decision: 'reject' },
    'decision: "reject" is not allowed; allowed: approve, edit, deny, answer',
  ],
  [{ ...answered, value: undefined }, 'value: undefined is not allowed; allowed: JSON'],
  [{ type: 'tool.ended', request: 1, ok: true, value: 5n }, 'value: bigint is not allowed'],
  [
    { type: 'tool.ended', request: 1, ok: 'yes', value: 5 },
    'ok: "yes" is not allowed; allowed: true or false',
  ],
  [{ type: 'storage.done', request: 1, ok: true, value: NaN }, 'value: NaN is not allowed'],
];
test.each(wrong.map(([input, line]) => [line, input] as const))('refused: %s', (line, input) => {
  const kernel = waitingKernel();
  const before = JSON.stringify(kernel.snapshot());
  expect(() => kernel.step({ atUs: 77, ...input } as unknown as Input)).toThrow(
    expect.objectContaining({ name: 'KernelError', message: expect.stringContaining(line) }),
  );
  expect(kernel.nowUs).toBe(5);
  expect(JSON.stringify(kernel.snapshot())).toBe(before);
  // It goes on.
  expect(kernel.step({ ...answered, atUs: 6 } as Input).requests).toMatchObject([{ type: 'tool.start' }, {}]);
});

test('progress of a core that does not exist is told, not a TypeError', () => {
  const progress = { type: 'call.progress', core: 9, pid: 1, tokensOut: 1, atUs: 9 } as unknown as Input;
  expect(() => waitingKernel().step(progress)).toThrow('progress of process 1, which is not on core 9');
});

test('capabilities that are a list grant what is on it, not what is a part of its names', () => {
  const tools = [
    { ...mail, approval: false },
    { ...mail, name: 'mailer' },
  ];
  const { results } = runAgents({
    agents: [{ body: [callTools(tool('mail'))], capabilities: { tools: ['mailer'] } }],
    kernel: { tools },
  });
  expect(results(1)).toEqual([ok([failed('NOT_PERMITTED') as Json])]);
});

test.each([0.5, Infinity, NaN, S - 1])('a simulation at 1 s takes no input at %d µs', (atUs) => {
  const simulation = new Simulation({ kernel: kernelOf({ agents: [{ body: [] }] }) });
  simulation.spawn(S, { program: 'agent-1', arguments: null, name: 'a', run: 'r' });
  simulation.run();
  const line = `atUs: ${atUs} is not allowed; allowed: an integer of at least 1000000 (µs)`;
  expect(() => simulation.signal(atUs, 1 as never, 'kill')).toThrow(line);
  expect(() => simulation.spawn(atUs, { program: 'agent-1', arguments: null, name: 'b', run: 's' })).toThrow(
    line,
  );
  expect(simulation.run()).toBe(false);
});

test('a simulation takes no signal that does not exist', () => {
  const simulation = new Simulation({ kernel: kernelOf({ agents: [] }) });
  expect(() => simulation.signal(0, 1 as never, 'explode' as never)).toThrow('signal: "explode"');
  expect(simulation.run()).toBe(false);
});

test('a budget that does not exist is told with the first names of those that do', () => {
  const named = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `b${index}` }));
  const refuse = (count: number) => () =>
    new Kernel({ ...kernelOf({ agents }), tools: [mail], budgets: named(count) }).step({
      ...spawned,
      budget: 'x',
      atUs: 5,
    } as Input);
  expect(refuse(2)).toThrow(/^budget: "x" is not a node; allowed: b0, b1$/);
  expect(refuse(12)).toThrow(/allowed: b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, … \(12 in all\)$/);
});
