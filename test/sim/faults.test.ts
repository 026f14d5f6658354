/** What goes wrong in a simulated world, as its agents see it. */
import { expect, test } from 'vitest';

import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Syscall } from '../../src/kernel/syscalls.ts';
import { eventLine } from '../../src/sim/event-hash.ts';
import type { SimulatedPerson } from '../../src/sim/devices/person-device.ts';
import { noFaults, type FaultRates } from '../../src/sim/faults.ts';
import { checkedSimulation, inTurn, kernelOf } from '../support/run-agents.ts';
import { callTools, failed, SECOND, think, tool } from '../support/syscalls.ts';

const ask: Syscall = {
  kind: 'ask',
  question: 'go on?',
  purpose: 'answer',
  script: { answer: 'yes', durationUs: SECOND },
};
const syscalls: readonly Syscall[] = [
  think(60),
  callTools(tool('read')),
  { kind: 'checkpoint', state: null },
  ask,
];
const spec = { name: 'read', description: '', parameters: { type: 'object' }, timeoutUs: 1.5 * SECOND };

function eventsWith(
  faults: Partial<FaultRates> | undefined,
  person?: SimulatedPerson,
): readonly KernelEvent[] {
  const events: KernelEvent[] = [];
  const simulation = checkedSimulation(
    kernelOf({ agents: [{ body: inTurn(syscalls) }], kernel: { tools: [spec] } }),
    {
      ...(faults === undefined ? {} : { faults }),
      ...(person === undefined ? {} : { person }),
      onEvent: (event) => void events.push(event),
    },
  );
  simulation.spawn(0, { program: 'agent-1', name: 'agent', run: 'run', arguments: null });
  simulation.run();
  simulation.checkers.finish();
  return events;
}

const last = (events: readonly KernelEvent[]) => events.at(-1)!;

test('without faults, and with rates of 0, nothing goes wrong', () => {
  const lines = (faults: Partial<FaultRates> | undefined) => eventsWith(faults).map(eventLine).join('');
  expect(lines({})).toBe(lines(undefined));
  expect(lines(noFaults)).toBe(lines(undefined));
  expect(last(eventsWith(undefined))).toMatchObject({ type: 'process.terminated', outcome: 'completed' });
});

test('a model call fails with a part of its answer, which is billed', () => {
  const ended = eventsWith({ modelFailure: 1 }).find(({ type }) => type === 'call.ended')!;
  expect(ended).toMatchObject({ ok: false });
  const { tokensOut, atUs } = ended as Extract<KernelEvent, { type: 'call.ended' }>;
  expect(tokensOut).toBeLessThan(60);
  expect(atUs).toBeLessThan(SECOND);
});

test('a tool fails', () => {
  const events = eventsWith({ toolFailure: 1 });
  expect(events.find(({ type }) => type === 'tool.ended')).toMatchObject({ ok: false, code: 'TOOL_FAILED' });
});

test('a late tool is settled when it ends, not when it is told to stop', () => {
  const events = eventsWith({ toolLate: 1 });
  const [ended, settled] = ['tool.ended', 'tool.settled'].map((type) =>
    events.find((event) => event.type === type)!,
  );
  expect(ended).toMatchObject({ code: 'TOOL_TIMEOUT', atUs: 2.5 * SECOND });
  expect(settled!.atUs).toBeGreaterThanOrEqual(3 * SECOND);
});

test('an end that is told twice counts once', () => {
  const types = (faults: Partial<FaultRates>) => eventsWith(faults).map(({ type }) => type);
  expect(types({ toolRepeat: 1 })).toEqual(types({}));
});

test('storage that fails is told to the program that waits for it', () => {
  const results: unknown[] = [];
  const simulation = checkedSimulation(
    kernelOf({
      agents: [
        {
          *body() {
            results.push(yield { kind: 'checkpoint', state: null });
          },
        },
      ],
    }),
    { faults: { storageFailure: 1 } },
  );
  simulation.spawn(0, { program: 'agent-1', name: 'agent', run: 'run', arguments: null });
  simulation.run();
  expect(results).toEqual([failed('STORAGE_FAILED', 'the storage failed')]);
});

test('an absent person never answers, a late one does', () => {
  expect(last(eventsWith({ personAbsent: 1 }))).toMatchObject({ type: 'process.waiting', on: 'person' });
  expect(last(eventsWith({ personLate: 1 })).atUs).toBeGreaterThan(last(eventsWith({})).atUs);
});

test('a person says what somebody wrote down, and what is said twice counts once', () => {
  const denies: SimulatedPerson = () => ({ decision: 'deny', value: 'no' });
  const told = (events: readonly KernelEvent[]) => events.filter(({ type }) => type === 'person.answered');
  expect(told(eventsWith({}, denies))).toMatchObject([{ decision: 'deny' }]);
  expect(last(eventsWith({}, () => undefined))).toMatchObject({ type: 'process.waiting', on: 'person' });
  expect(told(eventsWith({ personRepeat: 1 }))).toMatchObject([{ decision: 'answer' }]);
});

test.each([-0.1, 1.1, Number.NaN])('a rate of %s is no share', (rate) => {
  expect(() => eventsWith({ toolLate: rate })).toThrow(
    /faults\.toolLate: .* is not allowed; allowed: a number from 0 to 1/,
  );
});

test('a provider cuts an answer off: it is paid for as far as it came, and says so', () => {
  const ended = eventsWith({ modelTruncation: 1 }).find(({ type }) => type === 'call.ended')!;
  expect(ended).toMatchObject({ ok: true });
  expect((ended as Extract<KernelEvent, { type: 'call.ended' }>).tokensOut).toBeLessThan(60);
});

test('a tool whose end is never told is ended by its time limit', () => {
  const ended = eventsWith({ toolLost: 1 }).find(({ type }) => type === 'tool.ended')!;
  expect(ended).toMatchObject({ ok: false, code: 'TOOL_TIMEOUT', atUs: 2.5 * SECOND });
});
