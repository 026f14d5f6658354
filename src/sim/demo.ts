/**
 * The demonstration behind `ringzero demo` and examples/kernel.ts: three agents on one core and a context memory that is too small for all of
 * them. It is told from the kernel's events, in virtual time, and the same every time.
 */
import { calculatorTool } from '../agents/tools/calculator.ts';
import { builtInTools } from '../agents/tools/built-in.ts';
import type { AuditVerdict } from '../kernel/audit-log.ts';
import { hourUs, type BudgetNodeSpec } from '../kernel/budget-limits.ts';
import { engineDefaults } from '../kernel/engine-options.ts';
import type { KernelEvent } from '../kernel/events.ts';
import type { Json, Pid } from '../kernel/ids.ts';
import type { KernelOptionsInput } from '../kernel/options.ts';
import type { Outcome } from '../kernel/process-state.ts';
import { recoveryInput } from '../kernel/recovery.ts';
import type { Program, ProgramBody, Syscall } from '../kernel/syscalls.ts';
import { importanceLru } from '../policies/paging/importance-lru.ts';
import { priority, priorityDefaults } from '../policies/scheduling/priority.ts';
import { createCheckers } from './checkers/checkers.ts';
import { at, Storyteller } from './demo-story.ts';
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

export const demoBudgets: readonly BudgetNodeSpec[] = [
  { name: 'everyone' },
  {
    name: 'analysts',
    parent: 'everyone',
    limits: [{ resource: 'tokens', amount: 5_000, window: { kind: 'fixed', lengthUs: hourUs } }],
  },
];

const kernelOptions: KernelOptionsInput = {
  engines: demoEngines,
  scheduling: priority,
  paging: importanceLru,
  residency: 'prefix',
  programs,
  tools: [{ ...calculatorTool, effects: () => ({ reads: [], writes: [] }) }],
  budgets: demoBudgets,
};

export interface DemoOptions {
  readonly seed?: number;
  /** The story, line by line. */
  readonly print: (line: string) => void;
  /** Every event of both kernels: of the one that fails, then of the one that goes on. */
  readonly onEvent?: (event: KernelEvent) => void;
}

export interface DemoResult {
  /** How each agent ended, in the order of the story. */
  readonly processes: readonly DemoProcess[];
  /** Of the first agent's audit trail. */
  readonly audit: AuditVerdict;
  readonly endUs: number;
}
interface DemoProcess {
  readonly pid: Pid;
  readonly name: string;
  readonly priority: number;
  readonly outcome: Outcome | 'unfinished';
  readonly endUs: number;
  readonly value: Json;
}

export function runDemo({ seed = 1, print, onEvent = () => {} }: DemoOptions): DemoResult {
  const options = { ...kernelOptions, seed };
  const storyteller = new Storyteller(print);
  const watch = (event: KernelEvent): void => {
    storyteller.tell(event);
    onEvent(event);
  };
  print(`Ring Zero in virtual time: 3 agents, 1 core, memory of 4,000 tokens, seed ${seed}.`);
  print('');

  const first = simulation(watch, options);
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
    `${at(crashUs)}  The machine fails. Memory is gone, ${unfinished.length} unfinished runs are in storage.`,
  );
  print('');

  storyteller.memoryLost();
  // Another kernel: built from histories and the budget ledger, with nothing else.
  const second = simulation(watch, { ...options, ledger: store.ledger() }, store);
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
  const processes = ['code', 'research', 'data'].flatMap((run) =>
    store.processes(run).map(({ pid, name, priority: own, end }) => ({
      pid,
      name,
      priority: own,
      outcome: end?.outcome ?? ('unfinished' as const),
      endUs: end?.atUs ?? second.nowUs,
      value: end?.value ?? null,
    })),
  );
  for (const { pid, name, priority: own, outcome, endUs, value } of processes)
    print(
      `  pid ${pid}  ${name.padEnd(17)}  priority ${own}  ${outcome} at ${at(endUs).trim()}: ${typeof value === 'string' ? value : 'no result'}`,
    );
  return { processes, audit: verdict, endUs: second.nowUs };
}

function simulation(
  watch: (event: KernelEvent) => void,
  kernel: KernelOptionsInput,
  store?: Simulation['store'],
): Simulation {
  const engines = (kernel.engines ?? []).map((engine) => ({
    ...engineDefaults,
    ...engine,
    sliceUs: priorityDefaults.sliceUs,
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
