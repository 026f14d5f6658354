/**
 * The demonstration behind `ringzero demo` and examples/kernel.ts: three agents on one core and a context memory that is too small for all of
 * them. It is told from the kernel's events, in virtual time, and the same every time.
 */
import { assert } from '../base/assert.ts';
import { calculatorTool } from '../agents/tools/calculator.ts';
import { builtInTools } from '../agents/tools/built-in.ts';
import { hourUs } from '../kernel/budget-limits.ts';
import type { KernelEvent } from '../kernel/events.ts';
import type { PageId, Pid } from '../kernel/ids.ts';
import type { KernelOptionsInput } from '../kernel/options.ts';
import { recoveryInput } from '../kernel/recovery.ts';
import type { Program, ProgramBody, Syscall } from '../kernel/syscalls.ts';
import { importanceLru } from '../policies/paging/importance-lru.ts';
import { priority } from '../policies/scheduling/priority.ts';
import { createCheckers } from './checkers/checkers.ts';
import { Simulation } from './simulation.ts';

const secondUs = 1_000_000;

/** A prompt of a system page and a document, then a long answer: a checkpoint stands between its two model calls. */
const researchAssistant: ProgramBody = function* (_sys, saved) {
  if (saved === undefined) {
    yield systemPage('You are a research assistant. Cite what you use.');
    yield document('Forty pages on how operating systems share one processor among many programs.', 1_500);
    yield {
      kind: 'think',
      maxOutput: 400,
      script: { tokensOut: 300, durationUs: 50 * secondUs, text: 'Notes: time-sharing, queues, quanta.' },
    };
    yield { kind: 'checkpoint', state: { notes: 'taken' } };
  }
  yield {
    kind: 'think',
    maxOutput: 400,
    script: { tokensOut: 350, durationUs: 40 * secondUs, text: 'Report: sharing is an old idea.' },
  };
  return 'report written';
};

const codeAssistant: ProgramBody = function* () {
  yield systemPage('You are a code assistant. Run the tests.');
  yield document('The failing module and its tests, in full.', 1_700);
  yield {
    kind: 'think',
    maxOutput: 300,
    script: { tokensOut: 200, durationUs: 20 * secondUs, text: 'The quantum is off by one.' },
  };
  yield {
    kind: 'callTools',
    calls: [
      {
        tool: 'calculator',
        arguments: { expression: '60 * 1000 - 1' },
        script: { durationUs: 2 * secondUs },
      },
    ],
  };
  yield {
    kind: 'think',
    maxOutput: 200,
    script: { tokensOut: 120, durationUs: 8 * secondUs, text: 'Fixed: 60000, not 59999.' },
  };
  return 'bug fixed';
};

/** Its budget of 5,000 tokens an hour holds two of its calls, not three. */
const dataAnalyst: ProgramBody = function* () {
  yield systemPage('You are a data analyst. Show your figures.');
  yield document('Waiting times of ten thousand agents.', 1_300);
  for (const [part, seconds] of [
    ['mean', 9],
    ['tail', 7],
    ['summary', 6],
  ] as const)
    yield {
      kind: 'think',
      maxOutput: 150,
      script: { tokensOut: 100, durationUs: seconds * secondUs, text: `The ${part} is done.` },
    };
  return 'figures delivered';
};

const programs: readonly Program[] = [
  { name: 'CodeAssistant', version: 1, body: codeAssistant },
  { name: 'ResearchAssistant', version: 1, body: researchAssistant },
  { name: 'DataAnalyst', version: 1, body: dataAnalyst },
];

/** What the agents share. */
export const demoEngines = [{ name: 'one core', cores: 1, memoryTokens: 4_000 }];

const kernelOptions: KernelOptionsInput = {
  seed: 1,
  engines: demoEngines,
  scheduling: priority,
  paging: importanceLru,
  residency: 'prefix',
  programs,
  tools: [{ ...calculatorTool, effects: () => ({ reads: [], writes: [] }) }],
  budgets: [
    { name: 'everyone' },
    {
      name: 'analysts',
      parent: 'everyone',
      limits: [{ resource: 'tokens', amount: 5_000, window: { kind: 'fixed', lengthUs: hourUs } }],
    },
  ],
};

/** Prints the story line by line. `onEvent` gets every event of both kernels: of the one that fails, then of the one that goes on. */
export function runDemo(
  print: (line: string) => void,
  onEvent: (event: KernelEvent) => void = () => {},
): void {
  const storyteller = new Storyteller(print);
  const watch = (event: KernelEvent): void => {
    storyteller.tell(event);
    onEvent(event);
  };
  print('Ring Zero: three agents, one core, a context memory of 4,000 tokens. Virtual time, seed 1.');
  print('');

  const first = simulation(watch, kernelOptions);
  first.spawn(0, {
    program: 'ResearchAssistant',
    name: 'ResearchAssistant',
    run: 'research',
    priority: 50,
    arguments: null,
  });
  first.spawn(15 * secondUs, {
    program: 'CodeAssistant',
    name: 'CodeAssistant',
    run: 'code',
    priority: 30,
    arguments: null,
  });
  first.spawn(20 * secondUs, {
    program: 'DataAnalyst',
    name: 'DataAnalyst',
    run: 'data',
    priority: 40,
    budget: 'analysts',
    arguments: null,
  });
  const crashUs = 130 * secondUs;
  first.run(crashUs);

  const { store } = first;
  const unfinished = store.runs().filter((run) => run.unfinished > 0);
  print('');
  print(
    `${at(crashUs)}  The machine fails. Memory is gone; storage holds ${unfinished.length} unfinished runs: ${unfinished.map(({ run }) => run).join(', ')}.`,
  );
  print('');

  storyteller.memoryLost();
  // Another kernel: built from histories and the budget ledger, with nothing else.
  const second = simulation(watch, { ...kernelOptions, ledger: store.ledger() }, store);
  for (const { run } of unfinished) second.send(crashUs, recoveryInput(store, run)!);
  second.run();

  print('');
  const verdict = store.verifyAudit('code');
  print(
    `The audit trail of the first agent, CodeAssistant: ${store.audit('code').length} records, hash-chained:`,
  );
  for (const { record } of store.audit('code'))
    print(
      `  ${at(record.atUs)}  ${record.action.padEnd(16)} ${`${record.microDollars} µ$`.padStart(9)}  output ${record.output.slice(0, 12)}…`,
    );
  print(
    verdict.ok
      ? `audit trail verified: ${verdict.head.count} records, head ${verdict.head.hash.slice(0, 16)}…`
      : `audit trail broken: ${verdict.message}`,
  );

  print('');
  print('final status');
  for (const run of ['code', 'research', 'data']) {
    for (const { pid, name, priority: own, end } of store.processes(run))
      print(
        `  pid ${pid}  ${name.padEnd(17)}  priority ${own}  ${end?.outcome ?? 'unfinished'} at ${at(end?.atUs ?? 0).trim()}: ${typeof end?.value === 'string' ? end.value : 'no result'}`,
      );
  }
}

function simulation(
  watch: (event: KernelEvent) => void,
  kernel: KernelOptionsInput,
  store?: Simulation['store'],
): Simulation {
  const engines = (kernel.engines ?? []).map(({ name = '', cores = 1, memoryTokens = 0 }) => ({
    name,
    cores,
    memoryTokens,
  }));
  const checkers = createCheckers({ engines, budgets: kernel.budgets ?? [] });
  return new Simulation({
    kernel,
    tools: builtInTools,
    ...(store === undefined ? {} : { store }),
    onEvent: (event) => {
      // A promise of the design that breaks here stops the demonstration.
      checkers.onEvent(event);
      watch(event);
    },
  });
}

/** Turns events into the lines that matter to a newcomer. */
class Storyteller {
  private readonly print: (line: string) => void;
  private readonly names = new Map<Pid, string>();
  /** Who brought a page in first, and which pages were evicted, so that a fault can say what it brings back. */
  private readonly owners = new Map<PageId, Pid>();
  private loadedFor: PageId[] = [];
  private answering: Pid | undefined = undefined;
  private budgetWaitSince = new Map<Pid, number>();

  constructor(print: (line: string) => void) {
    this.print = print;
  }

  /** The machine failed: pages that come now are others, whatever their numbers. */
  memoryLost(): void {
    this.owners.clear();
  }

  tell(event: KernelEvent): void {
    const say = (text: string): void => this.print(`${at(event.atUs)}  ${text}`);
    switch (event.type) {
      case 'process.spawned':
        // A restored process has arrived before.
        if (this.names.has(event.pid)) return;
        this.names.set(event.pid, event.name);
        return say(`${event.name} arrives (pid ${event.pid}, priority ${event.priority}).`);
      case 'process.restored':
        return say(
          event.fromCheckpoint > 0
            ? `checkpoint restored: ${this.name(event.pid)} goes on from syscall ${event.fromCheckpoint}; what it had done is not done, or paid for, again.`
            : `${this.name(event.pid)} has no checkpoint: its ${event.replayed} recorded results are fed to it from the start.`,
        );
      case 'page.loaded':
        if (this.answering === undefined) this.loadedFor.push(event.page);
        else this.owners.set(event.page, this.answering);
        this.answering = undefined;
        return;
      case 'call.ended':
        // The page that is loaded next is its answer.
        this.answering = event.pid;
        return;
      case 'page.evicted':
        return say(
          `eviction: page ${event.page} of ${this.name(this.owners.get(event.page))} leaves context memory (${event.tokens} tokens).`,
        );
      case 'page.faulted':
        if (event.kind === 'capacity')
          say(
            `fault: ${this.name(event.pid)} needs ${event.tokens} tokens that were evicted; they are prefilled again and are back in memory.`,
          );
        return;
      case 'process.dispatched': {
        this.answering = undefined;
        for (const page of this.loadedFor) this.owners.set(page, event.pid);
        this.loadedFor = [];
        const { newTokens, repeatedTokens, cachedTokens } = event;
        return say(
          `${this.name(event.pid)} runs: ${newTokens} tokens new, ${repeatedTokens} again, ${cachedTokens} found in memory.`,
        );
      }
      case 'call.stopped':
        return say(
          `preemption: ${this.name(event.pid)} makes way ${event.by === 'slice' ? 'at the end of its time slice' : 'for a better priority'}, ${event.tokensOut} tokens into its answer.`,
        );
      case 'process.waiting':
        if (event.on !== 'budget') return;
        this.budgetWaitSince.set(event.pid, event.atUs);
        return say(
          `budget wait: ${this.name(event.pid)} has used its tokens of this hour; it waits, and nobody else does.`,
        );
      case 'budget.reserved': {
        const since = this.budgetWaitSince.get(event.pid);
        if (since === undefined) return;
        this.budgetWaitSince.delete(event.pid);
        return say(
          `The hour is over: ${this.name(event.pid)} waited ${((event.atUs - since) / 60_000_000).toFixed(1)} min for its budget.`,
        );
      }
      case 'tool.ended':
        return say(
          `${this.name(event.pid)}: tool ${event.tool} ${event.ok ? 'answered' : `failed (${event.code})`}.`,
        );
      case 'checkpoint.saved':
        return say(`${this.name(event.pid)} saves a checkpoint (prompt ${event.tip.slice(0, 12)}…).`);
      case 'process.terminated':
        return say(`${this.name(event.pid)} ends: ${event.outcome}.`);
      default:
        return undefined;
    }
  }

  private name(pid: Pid | undefined): string {
    const name = pid === undefined ? undefined : this.names.get(pid);
    assert(name !== undefined, `the story has no name for process ${pid}`);
    return name;
  }
}

function at(us: number): string {
  const tenths = Math.floor(us / 100_000);
  const minutes = Math.floor(tenths / 600);
  return `${String(minutes).padStart(3)}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}

const systemPage = (text: string): Syscall => ({
  kind: 'allocate',
  tokens: 300,
  text,
  importance: 1,
  pinned: true,
});
const document = (text: string, tokens: number): Syscall => ({
  kind: 'allocate',
  tokens,
  text,
  importance: 0.5,
});
