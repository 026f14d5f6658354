/**
 * One integer seed, several runs that kernels of their own have left behind: all have the same pids, and some a child that has ended. They go on in one kernel, among others, and each
 * on its own. Per run, what comes of it must be the same: the records, the identities of its calls, the results.
 */
import { rngFor } from '../../src/base/rng.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import type { Request } from '../../src/kernel/requests.ts';
import { createCheckers } from '../../src/sim/checkers/checkers.ts';
import type { Program, ProgramGenerator, Syscall } from '../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { checkAuditedCosts, pastCosts } from '../support/audit-costs.ts';
import { Draw } from './random-draw.ts';
import { randomProgram } from './random-program.ts';
import { checkStored } from './stored-promises.ts';

export interface TogetherResult {
  /** Runs that went on, processes that they restored and those that they spawned then; how many runs had to have a namespace. */
  readonly runs: number;
  readonly restored: number;
  readonly spawned: number;
  readonly renumbered: number;
}

const mostRuns = 4;

/** None of what runs of one kernel share may be in short supply, and nothing that they find there may be another's. */
const ownLife = {
  acquire: 0,
  release: 0,
  remember: 0,
  recall: 0,
  drop: 0,
  free: 0,
  truncate: 0,
  spawn: 20,
  wait: 10,
  send: 15,
  receive: 8,
  signal: 6,
  checkpoint: 6,
};

export function runsTogether(seed: number): TogetherResult {
  const chaos = new Draw(rngFor(seed, 'together/chaos'));
  const count = chaos.between(2, mostRuns);
  const lives = Array.from({ length: count }, (_, index) => ({
    run: `run-${index + 1}`,
    left: chaos.between(10, 40),
    untilUs: chaos.magnitude(1, 60_000_000),
  }));
  type Life = (typeof lives)[number];
  const first = ({ run, left, untilUs }: Life, store: MemoryStore): void => {
    const simulation = new Simulation({ kernel: kernelOf(seed), store });
    simulation.spawn(0, {
      program: 'own',
      name: run,
      run,
      arguments: { run, left, depth: 0, longestUs: 5_000_000, weights: ownLife },
    });
    simulation.run(untilUs);
  };
  const all = new MemoryStore();
  for (const life of lives) first(life, all);
  const going = lives.filter(({ run }) => recoveryInput(all, run) !== undefined);
  const atUs = Math.max(...lives.map(({ untilUs }) => untilUs));
  const others = chaos.between(0, 3);
  const together = goOn({ seed, store: all, runs: going.map(({ run }) => run), atUs, others });
  const result = { runs: going.length, restored: 0, spawned: 0, renumbered: 0 };
  for (const life of going) {
    const { run } = life;
    const store = new MemoryStore();
    first(life, store);
    const before = store.processes(run).length;
    const alone = goOn({ seed, store, runs: [run], atUs, others: 0 });
    const processes = together.simulation.kernel
      .snapshot()
      .processes.filter((process) => process.run === run);
    result.spawned += store.processes(run).length - before;
    result.restored += recoveryCount(together.restored, run);
    // The one that found its numbers free numbers its children on with the others.
    if (processes.every(({ pid, runPid }) => pid === runPid)) continue;
    result.renumbered++;
    same(`${run}: records`, told(store, run), told(all, run));
    same(`${run}: requests`, asked(alone.requests, run), asked(together.requests, run));
  }
  return result;
}

const recoveryCount = (restored: ReadonlyMap<string, number>, run: string): number => restored.get(run) ?? 0;

interface Going {
  readonly seed: number;
  readonly store: MemoryStore;
  readonly runs: readonly string[];
  readonly atUs: number;
  /** Runs that are there before. */
  readonly others: number;
}

function goOn({ seed, store, runs, atUs, others }: Going): {
  readonly simulation: Simulation;
  readonly requests: readonly Request[];
  readonly restored: ReadonlyMap<string, number>;
} {
  const requests: Request[] = [];
  const restored = new Map<string, number>();
  const costs = pastCosts(store);
  const ledger = store.ledger().toSorted((a, b) => a.atUs - b.atUs);
  const kernel = { ...kernelOf(seed), ledger };
  const simulation = new Simulation({
    kernel,
    store,
    onEvent: (event) => {
      checkers.onEvent(event);
      if (event.type === 'process.terminated' && event.code === 'PROGRAM_DIVERGED')
        throw new Error(`process ${event.pid}: ${event.message}`);
    },
    onOutput: (output) => void requests.push(...output.requests),
  });
  const { engines, queues, budgets, tools } = simulation.kernel.options;
  const checkers = createCheckers({ engines, queues, budgets, tools });
  for (let other = 0; other < others; other++)
    simulation.spawn(simulation.nowUs, {
      program: 'idle',
      name: 'idle',
      run: `other-${other}`,
      arguments: null,
    });
  for (const run of runs) {
    const lastPid = Math.max(...store.processes(run).map(({ pid }) => pid));
    const input = recoveryInput(store, run, undefined, lastPid)!;
    restored.set(run, input.processes.length);
    simulation.send(atUs, input);
  }
  for (let step = 0; simulation.stepOnce(); step++) {
    if (step > 50_000) throw new Error('more than 50,000 steps');
    if (step % 7 === 0) simulation.kernel.checkInvariants();
  }
  simulation.kernel.checkInvariants();
  for (const { run, runPid, pid } of simulation.kernel.snapshot().processes)
    if (simulation.kernel.pidOf(run, runPid as Pid) !== pid)
      throw new Error(`${run}: ${runPid} is not ${pid}`);
  checkStored(store);
  checkAuditedCosts(simulation.kernel, store, costs);
  return { simulation, requests, restored };
}

/** All that is stored of a run, but for the numbers that its kernel gives to what it has in common with others. */
function told(store: MemoryStore, run: string): Json[] {
  const lists = [
    store.records(run, 'main'),
    store.ledger({ run }).map((record) => ({ ...record, seq: 0 })),
    store.audit(run),
  ];
  return lists.flat() as unknown as Json[];
}

/** What the world is asked for, by the identities of calls. */
function asked(requests: readonly Request[], run: string): Json[] {
  return requests.flatMap((request) => {
    if (!('identity' in request) || request.identity.run !== run) return [];
    const { type, identity } = request;
    return [
      {
        type,
        identity,
        ...(request.type === 'tool.start' ? { key: request.subRun } : {}),
      } as unknown as Json,
    ];
  });
}

function same(what: string, alone: readonly Json[], together: readonly Json[]): void {
  for (let at = 0; at < Math.max(alone.length, together.length); at++) {
    const [one, other] = [JSON.stringify(alone[at]), JSON.stringify(together[at])];
    if (one !== other) throw new Error(`${what}: alone ${one}, together ${other}`);
  }
}

/** As the random one, but that its prompt is like no other, so that nobody finds it in memory but itself, and no page of it is, as those are numbered over all runs. */
const own: Program = {
  name: 'own',
  version: 1,
  *body(sys, state): ProgramGenerator {
    const inner = randomProgram.body(sys, state);
    if (state === undefined)
      yield { kind: 'allocate', tokens: 1, hash: `${sys.pid} of ${(sys.args as { run: string }).run}` };
    try {
      let step = inner.next();
      while (step.done !== true) step = inner.next(yield altered(step.value));
      return step.value ?? null;
    } finally {
      inner.return(undefined);
    }
  },
};

function altered(syscall: Syscall): Syscall {
  if (syscall.kind === 'spawn')
    return { ...syscall, program: syscall.program === 'random' ? 'own' : 'nobody', budget: 'unlimited' };
  const { hash, text, blocks } = syscall as { hash?: string; text?: string; blocks?: object };
  const isOwn = syscall.kind === 'allocate' && (hash ?? text ?? blocks) === undefined;
  return isOwn ? { ...syscall, hash: 'cc' } : syscall;
}

const idle: Program = {
  name: 'idle',
  version: 1,
  *body() {
    yield { kind: 'sleep', us: 1_000_000_000 };
  },
};

/** Cores and memory for all, and money does not know what is found in it. */
function kernelOf(seed: number): KernelOptionsInput {
  const prices = { input: 1_000_000, cachedInput: 1_000_000, output: 2_000_000 };
  return {
    seed,
    engines: [{ name: 'engine', cores: 1_000, memoryTokens: 10_000_000, prices }],
    scheduling: fifo,
    paging: importanceLru,
    residency: 'prefix',
    budgets: [{ name: 'unlimited' }],
    tools: ['plain', 'files', 'asking', 'other', 'stubborn', 'narrow', 'guarded'].map(ownTool),
    programs: [own, idle],
    records: true,
  };
}

const ownTool = (name: string): ToolSpec => ({
  name,
  description: name,
  parameters: { type: 'object' },
  ...(name === 'asking'
    ? { asksPerson: true }
    : {
        effects: (_, { run, pid }) => ({
          reads: [`${run}/read`],
          writes: name === 'plain' ? [] : [`${run}/${pid % 2}/${name}`],
        }),
        idempotent: name === 'guarded',
      }),
});
