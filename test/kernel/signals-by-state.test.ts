/** Every signal to a process in every state: it ends, stops and goes on, and leaves nothing behind. */
import { expect, test } from 'vitest';

import type { SignalName } from '../../src/kernel/inputs.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { runAgents, type AgentRun } from '../support/run-agents.ts';
import {
  allocate,
  burst,
  callTools,
  HOUR,
  SECOND,
  sleep,
  spawn,
  think,
  tool,
  waitFor,
} from '../support/syscalls.ts';

const S = SECOND;
const writer: ToolSpec = {
  name: 'write',
  description: 'writes',
  parameters: { type: 'object' },
  effects: () => ({ reads: [], writes: ['disk'] }),
};
const quota = [
  { name: 'team', limits: [{ resource: 'tokens', amount: 100, window: { kind: 'fixed', lengthUs: HOUR } }] },
] as const;
const room = { engines: [{ memoryTokens: 1_000 }] };

/** Agent 1 at 10 s in each state that a process can be in, and what else it takes to get it there. */
const states: Readonly<Record<string, AgentRun>> = {
  running: { agents: [{ body: [burst(100 * S)] }] },
  'ready in the queue': {
    agents: [
      { priority: 50, body: [burst(S)], atUs: S },
      { priority: 10, body: [burst(100 * S)] },
    ],
  },
  'waiting for a timer': { agents: [{ body: [sleep(100 * S)] }] },
  'waiting for a message': { agents: [{ body: [{ kind: 'receive' }] }] },
  'waiting for a message with a limit': { agents: [{ body: [{ kind: 'receive', timeoutUs: 100 * S }] }] },
  'waiting for a person': {
    agents: [
      { body: [{ kind: 'ask', question: 'Go on?', purpose: 'approve', script: { durationUs: 100 * S } }] },
    ],
  },
  'waiting for a child': {
    agents: [{ body: [spawn('child'), waitFor(0)] }],
    programs: { child: [sleep(100 * S)] },
  },
  'waiting for a tool': {
    agents: [{ body: [callTools(tool('write', {}, { durationUs: 14 * S }))] }],
    kernel: { tools: [writer] },
  },
  'waiting for a lock': {
    agents: [
      { body: [callTools(tool('write', {}, { durationUs: 5 * S }))], atUs: S },
      { body: [callTools(tool('write', {}, { durationUs: 14 * S }))] },
    ],
    kernel: { tools: [writer] },
  },
  'waiting to repeat a tool': {
    agents: [{ body: [callTools(tool('write', {}, { failed: true, durationUs: 9 * S }))] }],
    kernel: { tools: [{ ...writer, retries: 1, retryWaitUs: 5 * S }] },
  },
  'waiting for an approval': {
    agents: [{ body: [callTools(tool('write'))] }],
    kernel: { tools: [{ ...writer, approval: true }], seed: 3 },
  },
  'waiting for budget': {
    agents: [{ body: [think(80), think(80)], budget: 'team' }],
    kernel: { budgets: quota },
  },
  'waiting for memory': {
    agents: [
      { body: [allocate(500), think(300)], atUs: S },
      { body: [allocate(500), burst(100 * S, { maxOutput: 300 })] },
    ],
    kernel: { ...room, engines: [{ memoryTokens: 1_000, cores: 2 }] },
  },
  'waiting for storage': { agents: [{ body: [{ kind: 'checkpoint', state: 1 }] }], flushUs: 100 * S },
};

/** Pid 1 is the first in the list; those that must come before it are later in the list, and earlier in time. */
function pidOf({ agents }: AgentRun): number {
  const first = agents[0]!.atUs ?? 0;
  return agents.filter(({ atUs = 0 }) => atUs < first).length + 1;
}

for (const [state, setup] of Object.entries(states)) {
  const pid = pidOf(setup);
  const at = (signals: readonly (readonly [number, SignalName])[]) =>
    runAgents({ ...setup, signals: signals.map(([atUs, signal]) => [atUs, pid, signal] as const) });

  test(`${state}: it is so`, () => {
    const { kernel } = runAgents({ ...setup, untilUs: 10 * S });
    const process = kernel.snapshot().processes[pid - 1]!;
    const [word, , reason = ''] = state.split(' ');
    expect(process.state).toBe(word);
    if (word === 'waiting')
      expect(state).toContain(
        {
          tool: 'tool',
          timer: state.includes('repeat') ? 'repeat' : 'timer',
          lock: 'lock',
          person: state.includes('approval') ? 'approval' : 'person',
        }[process.waitingOn as string] ?? process.waitingOn,
      );
    else expect(reason === '' || state.includes('queue')).toBe(true);
  });

  for (const [signal, outcome] of [
    ['terminate', 'cancelled'],
    ['kill', 'killed'],
  ] as const) {
    test(`${state}: ${signal} ends it at once as ${outcome}, with nothing left behind`, () => {
      const { end, kernel, all } = at([[10 * S, signal]]);
      expect(end(pid)).toMatchObject({ outcome, atUs: 10 * S });
      const snapshot = kernel.snapshot();
      expect(snapshot.engines[0]!.pinnedTokens).toBe(0);
      expect(snapshot.engines[0]!.roomTokens).toBe(0);
      expect(kernel.alive).toBe(0);
      // Nothing of it is reserved; whoever waited behind it has gone on.
      for (const { limits } of snapshot.budgets) for (const limit of limits) expect(limit.reserved).toBe(0);
      expect(all('process.terminated').filter((event) => event.pid === pid)).toHaveLength(1);
    });
  }

  test(`${state}: stopped and continued, it comes to the same end, later or not`, () => {
    const { end, all } = at([
      [10 * S, 'stop'],
      [500 * S, 'continue'],
    ]);
    expect(all('process.suspended', pid)).toMatchObject([{ atUs: 10 * S, by: 'signal' }]);
    expect(all('process.continued', pid)).toMatchObject([{ atUs: 500 * S }]);
    if (!state.includes('message') || state.includes('limit')) {
      expect(end(pid).outcome).toBe('completed');
      expect(end(pid).atUs).toBeGreaterThanOrEqual(500 * S);
    }
    const stretches = all('process.dispatched', pid).filter(({ atUs }) => atUs > 10 * S && atUs < 500 * S);
    expect(stretches).toEqual([]);
  });

  test(`${state}: killed while it is suspended, it ends`, () => {
    const { end, kernel } = at([
      [10 * S, 'stop'],
      [20 * S, 'kill'],
    ]);
    expect(end(pid)).toMatchObject({ outcome: 'killed', atUs: 20 * S });
    expect(kernel.alive).toBe(0);
  });
}
