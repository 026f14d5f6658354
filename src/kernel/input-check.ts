/** What the world hands over is checked before it changes anything: a mistake is told in one line, and the kernel goes on as if nothing had come. */
import type { BudgetNodeSpec } from './budget-limits.ts';
import { checkCheaper } from './budget-rules.ts';
import { invalid, KernelError, shown } from './errors.ts';
import { budgetNamesOf, type BudgetNames } from './family.ts';
import type { Pid } from './ids.ts';
import {
  signalNames,
  type Input,
  type PersonAnswered,
  type RestoreInput,
  type SignalName,
  type SpawnInput,
  type StorageDone,
  type ToolEnded,
} from './inputs.ts';
import type { KernelState } from './kernel-state.ts';
import type { LedgerRecord } from './records.ts';
import { checkLedger } from './recovery.ts';
import { checkRelease } from './run-release.ts';
import { notJson } from './schema/problem.ts';
import { isPriority, malformedSpawn } from './syscall-arguments.ts';

/** Throws KernelError when the input names what does not exist or is not what it may be. */
export function checkInput(state: KernelState, input: Input): void {
  switch (input.type) {
    case 'call.ended':
    case 'call.progress':
    case 'timer.fired':
      return undefined;
    case 'process.spawned':
      return checkSpawn(state, input);
    case 'run.restored':
      return checkRestore(state, input);
    case 'budgets.added':
      checkBudgets(state, input.budgets);
      return checkBooked(state, input, input.ledger ?? []);
    case 'run.released':
      return checkRelease(state, input);
    case 'signal.sent':
      checkPid(state, 'pid', input.pid);
      return checkSignal(input.signal);
    case 'message.sent':
      checkPid(state, 'to', input.to);
      return refuseFlaw(notJson(input.message, 'message'));
    case 'tool.ended':
    case 'person.answered':
    case 'storage.done':
      return checkAnswer(input);
    default:
      throw invalid('type', (input as Input).type, 'the type of an input');
  }
}

function checkPid({ processes }: KernelState, field: string, pid: Pid): void {
  if (!Number.isInteger(pid) || processes[pid] === undefined)
    throw new KernelError('UNKNOWN_PROCESS', `${field}: ${shown(pid)} was never spawned`);
}

function checkSpawn(state: KernelState, input: SpawnInput): void {
  refuseFlaw(malformedSpawn(input));
  for (const field of ['name', 'run', 'engine'] as const)
    if (typeof input[field] !== 'string' && !(field === 'engine' && input.engine === undefined))
      throw invalid(field, input[field], 'a text');
  if (!state.programs.has(input.program))
    throw new KernelError(
      'UNKNOWN_PROGRAM',
      `program: "${input.program}" is not registered; allowed: ${[...state.programs.keys()].join(', ')}`,
    );
  if (input.settings !== undefined) refuseFlaw(notJson(input.settings, 'settings'));
  if (input.run === '') throw invalid('run', input.run, 'an id that is not empty');
  if (state.runs.has(input.run)) throw invalid('run', input.run, 'an id that no other run has');
  if (input.priority !== undefined && !isPriority(input.priority))
    throw invalid('priority', input.priority, 'a number from 0 to 100');
  checkBudgets(state, input.budgets ?? []);
  if (input.budget !== undefined) checkBudgetName(state, input.budget, input.budgets);
  if (input.engine !== undefined) checkEngineName(state, input.engine);
  if (state.fullness !== undefined) throw new KernelError('PROCESS_LIMIT', state.fullness);
}

function checkEngineName({ options }: KernelState, name: string): void {
  const names = options.engines.map((engine) => engine.name);
  if (!names.includes(name))
    throw new KernelError('UNKNOWN_ENGINE', `engine: "${name}" does not exist; allowed: ${names.join(', ')}`);
}

/** Throws KernelError INVALID_ARGUMENT for nodes that can't be added. */
function checkBudgets({ budgets, options }: KernelState, nodes: readonly BudgetNodeSpec[]): void {
  if (!Array.isArray(nodes)) throw invalid('budgets', nodes, 'a list');
  checkCheaper(budgets.missing(nodes), options.engines);
}

/** That the tree has the node, or gets it from `added`. */
function checkBudgetName(state: KernelState, name: string, added: readonly BudgetNodeSpec[] = []): void {
  if (state.budgetIndex(name) < 0 && !added.some((node) => node.name === name))
    throw new KernelError('UNKNOWN_BUDGET', state.noBudget(name));
}

/** That what was booked can be booked here. */
function checkBooked(
  state: KernelState,
  {
    atUs,
    budgets,
    names,
  }: {
    readonly atUs: number;
    readonly budgets?: readonly BudgetNodeSpec[];
    readonly names?: BudgetNames | undefined;
  },
  ledger: readonly LedgerRecord[],
): void {
  if (!Array.isArray(ledger)) throw invalid('ledger', ledger, 'a list');
  checkLedger(ledger, (node) => checkBudgetName(state, names?.here.get(node) ?? node, budgets), atUs);
}

function checkRestore(state: KernelState, input: Input & RestoreInput): void {
  const { processes, lastPid, budgets = [], ledger = [] } = input;
  if (processes.length === 0) throw invalid('processes', processes, 'at least one process');
  const { branch, run } = processes[0]!.started;
  checkBudgets(state, budgets);
  const names = budgetNamesOf(input.budgetNames);
  const pids = new Set<Pid>();
  for (const { started } of processes) {
    const { pid } = started;
    if (!Number.isSafeInteger(pid) || pid < 1 || pid > lastPid)
      throw invalid('pid', pid, `an integer from 1 to lastPid, ${lastPid}`);
    if (pids.has(pid)) throw invalid('pid', pid, 'a pid that no other process of the run has');
    pids.add(pid);
    if (started.run !== run) throw invalid('run', started.run, `that of all, ${shown(run)}`);
    if (started.branch !== branch) throw invalid('branch', started.branch, `that of all, ${shown(branch)}`);
    const program = state.programs.get(started.program);
    if (program === undefined || program.version !== started.programVersion)
      throw new KernelError(
        'UNKNOWN_PROGRAM',
        `program: "${started.program}" version ${started.programVersion} is not registered; allowed: the version that wrote the history`,
      );
    checkBudgetName(state, names?.here.get(started.budget) ?? started.budget, budgets);
    checkEngineName(state, started.engine);
  }
  for (const [at, record] of ledger.entries())
    if (record.run !== run)
      throw invalid(`ledger[${at}].run`, record.run, `the run that is restored, ${shown(run)}`);
  checkBooked(state, { atUs: input.atUs, budgets, names }, ledger);
  if ((state.runs.get(run)?.alive ?? 0) > 0) throw invalid('run', run, 'a run that is not at work here');
}

/** Throws KernelError INVALID_ARGUMENT. */
export function checkSignal(signal: SignalName): void {
  if (!signalNames.includes(signal)) throw invalid('signal', signal, signalNames.join(', '));
}

const decisions: readonly PersonAnswered['decision'][] = ['approve', 'edit', 'deny', 'answer'];

/** What a program is told must be JSON: it goes into its history. Throws KernelError INVALID_ARGUMENT. */
function checkAnswer(input: ToolEnded | PersonAnswered | StorageDone): void {
  if (input.type !== 'person.answered') {
    if (typeof input.ok !== 'boolean') throw invalid('ok', input.ok, 'true or false');
  } else if (!decisions.includes(input.decision))
    throw invalid('decision', input.decision, decisions.join(', '));
  else if (input.by !== undefined && typeof input.by !== 'string') throw invalid('by', input.by, 'a text');
  refuseFlaw(notJson(input.value, 'value'));
}

/** Throws KernelError INVALID_ARGUMENT when there is a flaw. */
function refuseFlaw(flaw: string | undefined): void {
  if (flaw !== undefined) throw new KernelError('INVALID_ARGUMENT', flaw);
}
