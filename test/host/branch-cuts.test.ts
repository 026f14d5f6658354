/** What a cut keeps of messages, families, locks and semaphores. */
import { expect, test } from 'vitest';

import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import { pidOf } from '../kernel/storage-records.ts';
import { live } from '../support/lives.ts';
import type { AgentRun } from '../support/run-agents.ts';
import {
  acquire,
  burst,
  release,
  SECOND,
  semOpen,
  semPost,
  semWait,
  send,
  sleep,
  spawn,
  waitFor,
} from '../support/syscalls.ts';
import { branchOf, make } from './branch-lives.ts';

const answer = burst(SECOND);

function ran(setup: AgentRun): { readonly store: MemoryStore; readonly nowUs: number } {
  const store = new MemoryStore();
  return { store, nowUs: live(setup, store).nowUs };
}

test('a message that came while a batch was under way is kept, the batch is begun anew', () => {
  const setup: AgentRun = {
    agents: [
      {
        body: [spawn('child'), answer, send(2, 'hello'), answer, waitFor(0)],
      },
    ],
    programs: {
      child: [
        {
          kind: 'callTools',
          calls: [{ tool: 'slow', arguments: {}, script: { result: 'done', durationUs: 10 * SECOND } }],
        },
        { kind: 'receive' },
      ],
    },
    kernel: {
      tools: [{ name: 'slow', description: '', parameters: { type: 'object' }, timeoutUs: 100 * SECOND }],
    },
  };
  const { store, nowUs } = ran(setup);
  const address = { run: 'run-1', pid: pidOf(2) };
  expect(store.journal({ ...address, branch: 'main' }).map(({ type }) => type)).toEqual([
    'tool.started',
    'message.sent',
    'tool.ended',
  ]);
  const plan = make(store, { kind: 'rewind', after: 2 }, { atUs: nowUs });
  expect(plan.effects).toMatchObject([{ data: { tool: 'slow' }, status: 'done' }]);
  expect(store.journal({ ...address, branch: 'rewind-1' })).toMatchObject([
    { type: 'message.sent', seq: 1, message: 'hello' },
  ]);
  live(setup, store, { fromUs: nowUs });
  const received = store.history('run-1', { branch: 'rewind-1', pid: pidOf(2) }).at(-1);
  expect(received).toMatchObject({ kind: 'receive', result: { value: { message: 'hello' } } });
  expect(store.runs()).toMatchObject([{ unfinished: 0 }]);
});

test('a cut inside the end of a family moves behind the last of it', () => {
  const setup: AgentRun = {
    agents: [{ body: [spawn('child'), answer, { kind: 'signal', pid: pidOf(2), signal: 'kill' }, answer] }],
    programs: { child: [spawn('grandchild'), sleep(100 * SECOND)], grandchild: [sleep(100 * SECOND)] },
  };
  const { store, nowUs } = ran(setup);
  const { steps } = branchOf(store);
  expect(steps.map(({ type, pid }) => `${type} ${pid}`)).toEqual([
    'llm_call 1',
    'conclusion 2',
    'conclusion 3',
    'llm_call 1',
    'conclusion 1',
  ]);
  const { origin } = make(store, { kind: 'rewind', after: 2 }, { atUs: nowUs });
  expect(origin.after).toBe(3);
  expect(store.ends('run-1', { branch: 'rewind-1' }).map(({ pid }) => pid)).toEqual([2, 3]);
  // Who killed it knows that it has.
  expect(store.history('run-1', { branch: 'rewind-1' }).at(-1)).toMatchObject({
    kind: 'signal',
    result: { ok: true },
  });
  live(setup, store, { fromUs: nowUs });
  const kinds = (branch: string): string[] =>
    store.history('run-1', { branch, pid: pidOf(1) }).map(({ kind }) => kind);
  expect(kinds('rewind-1')).toEqual(kinds('main'));
});

test('locks and semaphores are as they were at the cut, whatever the other branch did behind it', () => {
  const setup: AgentRun = {
    agents: [
      {
        body: [semOpen('s', 1), semWait('s'), acquire('L'), answer, semPost('s'), release('L'), answer],
      },
    ],
  };
  const { store, nowUs } = ran(setup);
  make(store, { kind: 'rewind', after: 1 }, { atUs: nowUs });
  expect(recoveryInput(store, 'run-1')).toMatchObject({
    semaphores: [{ semaphore: 's', count: 0 }],
    locks: [{ lock: 'L', owner: 1 }],
  });
  live(setup, store, { fromUs: nowUs });
  expect(store.runs()).toMatchObject([{ unfinished: 0 }]);
});
