/** One live kernel for many runs: they are parked, let go and taken up again while others go on, and nothing of them stays behind. */
import { expect, test } from 'vitest';

import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import { branchFrom } from './many-runs.ts';
import { readStoredRun } from '../../src/host/stored-run.ts';
import type { LiveKernel } from '../../src/host/live-kernel.ts';
import type { ModelPort, ToolPort } from '../../src/host/ports.ts';
import type { BudgetNodeSpec } from '../../src/kernel/budget-limits.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { watchTraces } from '../../src/host/watch-traces.ts';
import { live, said } from '../support/live.ts';

const args = { task: 'Write.', tools: ['write'], models: ['model'], windowTokens: 10_000, maxOutput: 100 };
const tenant: BudgetNodeSpec = {
  name: 'tenant',
  limits: [{ resource: 'calls', amount: 1_000, window: { kind: 'fixed', lengthUs: 3_600_000_000 } }],
};
const nodeOf = (run: string): BudgetNodeSpec => ({
  name: run,
  parent: 'tenant',
  limits: [{ resource: 'calls', amount: 10, window: { kind: 'total' } }],
});

interface World {
  readonly live: LiveKernel;
  readonly storage: MemoryStorage;
  /** Idempotency keys of the writes, in their order. */
  readonly keys: string[];
  readonly spawn: (run: string) => ReturnType<LiveKernel['spawn']>;
  readonly restore: (run: string, branch?: string) => Promise<ReturnType<LiveKernel['restore']>>;
  readonly used: (node: string) => number | undefined;
  /** Lets the tool of this run end, also when it is still to start. */
  readonly open: (run: string) => void;
}

/** Each run asks its model, calls a tool, which waits until somebody opens it, and asks again. */
function world(storage = new MemoryStorage()): World {
  const gates = new Map<string, { promise: Promise<void>; open: () => void }>();
  const gateOf = (run: string) => {
    let gate = gates.get(run);
    if (gate === undefined) {
      let open = (): void => {};
      const promise = new Promise<void>((resolve) => (open = resolve));
      gates.set(run, (gate = { promise, open }));
    }
    return gate;
  };
  const keys: string[] = [];
  const tools: ToolPort = {
    async call({ identity, subRun }) {
      keys.push(`${identity.run} ${identity.pid} ${subRun}`);
      await gateOf(identity.run).promise;
      return { ok: true, value: `written by ${identity.run}` };
    },
  };
  const spec = {
    name: 'write',
    description: 'Writes.',
    parameters: { type: 'object' },
    effects: () => ({ reads: [], writes: [] }),
  };
  const model: ModelPort = {
    call({ messages, identity }) {
      const last = messages.at(-1);
      return Promise.resolve(
        last?.role === 'tool'
          ? said(`done: ${JSON.stringify(last.value)} (${identity.pid})`)
          : said('', { toolCalls: [{ id: 'c', tool: 'write', arguments: {} }], finish: 'tool-calls' }),
      );
    },
  };
  const made = live({
    program: agentProgram,
    model,
    tools,
    kernel: {
      tools: [spec],
      programs: [agentProgram],
      engines: [{ name: 'model', preemption: 'none', cores: 4 }],
    },
    options: { storage },
  });
  return {
    live: made.live,
    storage,
    keys,
    open: (run) => gateOf(run).open(),
    spawn: (run) =>
      made.live.spawn({
        program: 'agent',
        name: run,
        arguments: args,
        run,
        budget: run,
        budgets: [tenant, nodeOf(run)],
      }),
    async restore(run, branch) {
      const stored = (await readStoredRun(storage, run, branch))!;
      return made.live.restore(stored, { budgets: [tenant, nodeOf(run)], ledger: stored.ledger });
    },
    used: (node) => made.live.kernel.snapshot().budgets.find(({ name }) => name === node)?.limits[0]!.used,
  };
}

test('one run is parked, let go and taken up again while another goes on', async () => {
  const { live: kernel, spawn, restore, open, keys, used } = world();
  const traces = watchTraces(kernel);
  const [one, other] = [spawn('one'), spawn('other')];
  one.end.catch(() => {});
  await expect.poll(() => keys.length).toBe(2);
  await expect(kernel.release('one')).rejects.toThrow(
    'run: "one" is not allowed; allowed: a run that is over, or is stopped with nothing under way',
  );
  let isParked = false;
  const parked = kernel.park('one').then(() => (isParked = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isParked).toBe(false);
  open('one');
  await parked;
  await kernel.release('one', ['one']);
  await expect(one.end).rejects.toMatchObject({ code: 'RELEASED' });
  expect(traces.trace('one')).toMatchObject({ status: 'cancelled' });
  expect(used('one')).toBeUndefined();
  expect(used('tenant')).toBe(2);
  expect(kernel.kernel.snapshot().processes.map(({ run }) => run)).toEqual(['other']);
  expect(() => kernel.signal(one.pid, 'continue')).toThrow(`pid: ${one.pid} was never spawned`);

  const ends = await restore('one');
  const [pid] = ends.keys();
  expect(pid).not.toBe(one.pid);
  // What the tenant knows of is not booked again; the run's own node is new, and has all of it.
  expect([used('tenant'), used('one')]).toEqual([2, 1]);
  kernel.signal(pid!, 'continue');
  expect(await ends.get(pid!)).toMatchObject({
    pid,
    runPid: one.pid,
    outcome: 'completed',
    value: { answer: `done: "written by one" (${one.pid})` },
  });
  open('other');
  expect(await other.end).toMatchObject({ value: { answer: `done: "written by other" (${other.pid})` } });
  expect([used('tenant'), used('one')]).toEqual([4, 2]);
  expect(traces.trace('one')).toMatchObject({ status: 'completed' });
  expect(traces.trace('one')!.steps.map(({ pid }) => pid)).toEqual([one.pid, one.pid]);
  // Nothing was done twice.
  expect(new Set(keys).size).toBe(2);
  expect(keys).toHaveLength(2);
});

test('a run that has ended goes on in the same kernel as another branch, while one of its pid is at work', async () => {
  const { live: kernel, storage, spawn, restore, open, keys } = world();
  for (const run of ['one', 'other']) open(run);
  const { end } = spawn('one');
  const first = await end;
  await branchFrom(storage, 'one', 'again');
  const ends = await restore('one', 'again');
  expect(await [...ends.values()][0]).toMatchObject({
    runPid: first.runPid,
    outcome: 'completed',
    value: first.value,
  });
  // The same identity but for its branch is another call.
  expect(new Set(keys.map((key) => key.split(' ')[1])).size).toBe(1);
  await kernel.release('one', ['one']);
  await branchFrom(storage, 'one', 'third', 'again');
  expect(await [...(await restore('one', 'third')).values()][0]).toMatchObject({ outcome: 'completed' });
});

test('a run that is at work is not restored, and keeps its texts', async () => {
  const { live: kernel, spawn, restore, open, keys } = world();
  const { end } = spawn('one');
  await expect.poll(() => keys.length).toBe(1);
  await expect(restore('one')).rejects.toThrow(
    'run: "one" is not allowed; allowed: a run that is not at work here',
  );
  open('one');
  expect(await end).toMatchObject({ outcome: 'completed' });
  await expect(kernel.release('two')).rejects.toThrow(
    'run: "two" is not allowed; allowed: a run that is here',
  );
  await expect(kernel.release('one', ['nobody'])).rejects.toMatchObject({ code: 'UNKNOWN_BUDGET' });
  await expect(kernel.release('one', ['tenant'])).rejects.toThrow(
    'budgets: "tenant" is not allowed; allowed: a node that has none below it',
  );
  await expect(kernel.release('one', ['root'])).rejects.toThrow(
    'budgets: "root" is not allowed; allowed: a node that was added later',
  );
  await kernel.release('one', ['one']);
});

test('runs that are let go leave nothing behind', async () => {
  const { live: kernel, spawn, open } = world();
  const state = kernel.kernel['state'];
  const sizes = (): Record<string, number> => ({
    runs: state.runs.size,
    families: state.families.filter((family) => family !== undefined).length,
    processes: state.processes.filter((process) => process !== undefined).length,
    budgets: state.budgets.size,
    hashes: [...state.contents['ids'].values()].reduce((sum, ids) => sum + ids.size, 0),
    texts: kernel['pages'].size,
    ends: kernel['ends'].size,
    streams: kernel.answers['streams'].size,
  });
  for (let index = 0; index < 50; index++) {
    const run = `run-${index}`;
    open(run);
    await spawn(run).end;
    await kernel.release(run, [run]);
  }
  expect(sizes()).toEqual({
    runs: 0,
    families: 0,
    processes: 0,
    // The kernel's own, and the tenant.
    budgets: 2,
    // What is in context memory is still known.
    hashes: expect.any(Number) as number,
    texts: 0,
    ends: 0,
    streams: 0,
  });
  expect(state.families.length).toBe(1);
  expect(kernel.kernel.pidOf('run-1', 1 as Pid)).toBeUndefined();
  kernel.kernel.checkInvariants();
});
