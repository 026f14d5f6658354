import { isRecord, type BudgetNodeSpec } from './budget-limits.ts';
import { checkCheaper } from './budget-rules.ts';
import { BudgetTree } from './budgets.ts';
import type {
  CreateLoadControlPolicy,
  CreatePagingPolicy,
  CreateSchedulingPolicy,
  PlanView,
} from './contracts.ts';
import { checkEngine, engineDefaults, type EngineOptions } from './engine-options.ts';
import { invalid } from './errors.ts';
import { checkKnownFields } from './known-fields.ts';
import type { Residency, VictimRule } from './memory/memory-options.ts';
import { checkLedger } from './recovery.ts';
import type { LedgerRecord } from './records.ts';
import type { Program } from './syscalls.ts';
import type { ToolSpec } from './tools.ts';

/**
 * What a call does whose prompt and maximal answer are larger than context memory: it fails, or bypasses the memory. `estimate`: the memory is an estimate of what a hosted model's cache
 * holds, which never delays a call; one for which there is no room now bypasses it, too.
 */
export type OversizeRule = 'fail' | 'bypass' | 'estimate';

/** One queue of ready processes for each engine, or one for all of them. */
export type QueueRule = 'per-engine' | 'one';
export const lockProtocols = ['none', 'inheritance'] as const;
export type LockProtocol = (typeof lockProtocols)[number];

/** What a found deadlock comes to: told, or told and ended by letting the wait of one member fail. */
export const deadlockRules = ['report', 'resolve'] as const;
export type DeadlockRule = (typeof deadlockRules)[number];

export interface KernelOptions {
  /** Every stream of chance derives from it. Integer. */
  readonly seed: number;
  readonly engines: readonly EngineOptions[];
  readonly queues: QueueRule;
  /** An engine with an idle core and nobody in its queue takes over who stands ready elsewhere. Only with queues of their own. */
  readonly steal: boolean;
  /**
   * How much the engine on which a process was last is preferred to others: it waits there for a core for up to so many times the time that bringing its context in takes longer
   * elsewhere. At least 0; 0: not at all. Only with one queue or stealing.
   */
  readonly affinity: number;
  readonly scheduling: CreateSchedulingPolicy;
  readonly paging: CreatePagingPolicy;
  /** For paging policies: what is known of the calls that the programs will make. Must follow from the kernel's inputs, so that a recording of them can be rerun. */
  readonly plan: PlanView | undefined;
  readonly loadControl: CreateLoadControlPolicy | undefined;
  readonly residency: Residency;
  readonly victims: VictimRule;
  readonly oversize: OversizeRule;
  /** The budget tree; processes name a node of it. Empty: one node `root` without limits. */
  readonly budgets: readonly BudgetNodeSpec[];
  readonly tools: readonly ToolSpec[];
  readonly programs: readonly Program[];
  /** Messages a mailbox holds; a send beyond fails with MAILBOX_FULL. */
  readonly mailboxLimit: number;
  /** `inheritance`: who holds a lock runs as urgently as those who wait for it; `none`: with its own priority. */
  readonly lockProtocol: LockProtocol;
  /** A deadlock is told (`report`), or also ended by letting one syscall fail (`resolve`). */
  readonly deadlocks: DeadlockRule;
  /** What an earlier kernel booked at the budgets, in order: the ledger survives a crash. */
  readonly ledger: readonly LedgerRecord[];
  /** False: no records are made (a benchmark of scheduling alone). */
  readonly records: boolean;
}

/** Page importance 0.5; the system prompt 1.0 and pinned; results 0.7 (the source system's). */
export const importanceDefaults = { page: 0.5, system: 1, result: 0.7 } as const;

/** What a user may leave out. `victims` is `leaf` in `prefix` residency and `any` in `independent`. */
export type KernelOptionsInput = Pick<KernelOptions, 'scheduling' | 'paging'> &
  Partial<Omit<KernelOptions, 'engines'>> & { readonly engines?: readonly Partial<EngineOptions>[] };

/** Fills in the defaults and checks every field. Throws KernelError INVALID_ARGUMENT. */
export function completeOptions(input: KernelOptionsInput): KernelOptions {
  if (!isRecord(input)) throw invalid('options', input, 'an object with scheduling, paging, …');
  for (const field of ['engines', 'budgets', 'tools', 'programs', 'ledger'] as const)
    if (input[field] !== undefined && !Array.isArray(input[field]))
      throw invalid(field, input[field], 'a list');
  for (const engine of input.engines ?? [])
    if (!isRecord(engine)) throw invalid('engine', engine, 'an object');
  const residency = input.residency ?? 'independent';
  const options: KernelOptions = {
    seed: input.seed ?? 1,
    engines: (input.engines ?? [{}]).map((engine) => ({ ...engineDefaults, ...engine })),
    queues: input.queues ?? 'per-engine',
    steal: input.steal ?? false,
    affinity: input.affinity ?? 1,
    scheduling: input.scheduling,
    paging: input.paging,
    plan: input.plan,
    loadControl: input.loadControl,
    residency,
    victims: input.victims ?? (residency === 'prefix' ? 'leaf' : 'any'),
    oversize: input.oversize ?? 'fail',
    budgets: input.budgets === undefined || input.budgets.length === 0 ? [{ name: 'root' }] : input.budgets,
    tools: input.tools ?? [],
    programs: input.programs ?? [],
    mailboxLimit: input.mailboxLimit ?? 1_000,
    lockProtocol: input.lockProtocol ?? 'inheritance',
    deadlocks: input.deadlocks ?? 'report',
    ledger: input.ledger ?? [],
    records: input.records ?? true,
  };
  checkKnownFields('', input, Object.keys(options));
  checkOptions(options);
  // The default may stand there: options that were completed once are good for another kernel.
  if (options.affinity !== 1 && options.queues !== 'one' && !options.steal)
    throw invalid(
      'affinity',
      input.affinity,
      'none, where no process changes its engine: needs queues "one" or steal',
    );
  return options;
}

function checkOptions(options: KernelOptions): void {
  if (!Number.isSafeInteger(options.seed)) throw invalid('seed', options.seed, 'an integer');
  if (options.engines.length === 0) throw invalid('engines', 'an empty list', 'at least one engine');
  for (const engine of options.engines) checkEngine(engine);
  if (!['per-engine', 'one'].includes(options.queues))
    throw invalid('queues', options.queues, 'per-engine, one');
  if (typeof options.steal !== 'boolean') throw invalid('steal', options.steal, 'true or false');
  if (options.steal && options.queues === 'one')
    throw invalid('steal', true, 'false: one queue leaves nothing to steal');
  if (!Number.isFinite(options.affinity) || options.affinity < 0)
    throw invalid('affinity', options.affinity, 'a finite number of at least 0');
  for (const policy of ['scheduling', 'paging', 'loadControl'] as const) {
    const create: unknown = options[policy];
    if (typeof create === 'function' || (policy === 'loadControl' && create === undefined)) continue;
    throw invalid(policy, create, 'a function that makes a policy');
  }
  const { plan } = options;
  if (plan !== undefined && !isRecord(plan))
    throw invalid('plan', plan, '{ nextCallUs, stepsToCall }, each optional');
  for (const method of ['nextCallUs', 'stepsToCall'] as const)
    if (plan?.[method] !== undefined && typeof plan[method] !== 'function')
      throw invalid(`plan.${method}`, plan[method], 'a function of a pid');
  for (const program of options.programs) checkProgram(program);
  checkUnique('engine name', options.engines);
  checkUnique('program name', options.programs);
  if (!['independent', 'prefix'].includes(options.residency))
    throw invalid('residency', options.residency, 'independent, prefix');
  if (!['any', 'leaf'].includes(options.victims)) throw invalid('victims', options.victims, 'any, leaf');
  if (options.victims === 'leaf' && options.residency === 'independent')
    throw invalid('victims', options.victims, 'any: in independent residency no page stands behind another');
  if (!['fail', 'bypass', 'estimate'].includes(options.oversize))
    throw invalid('oversize', options.oversize, 'fail, bypass, estimate');
  if (!Number.isInteger(options.mailboxLimit) || options.mailboxLimit < 1)
    throw invalid('mailboxLimit', options.mailboxLimit, 'an integer of at least 1');
  if (!lockProtocols.includes(options.lockProtocol))
    throw invalid('lockProtocol', options.lockProtocol, lockProtocols.join(', '));
  if (!deadlockRules.includes(options.deadlocks))
    throw invalid('deadlocks', options.deadlocks, deadlockRules.join(', '));
  if (typeof options.records !== 'boolean') throw invalid('records', options.records, 'true or false');
  // Throws on cycles, unknown parents and limits out of range.
  const budgets = new BudgetTree(options.budgets);
  checkLedger(options.ledger, (node) => budgets.indexOf(node));
  checkCheaper(options.budgets, options.engines);
}

/** Throws KernelError INVALID_ARGUMENT. */
export function checkProgram(program: Program): void {
  if (!isRecord(program)) throw invalid('program', program, '{ name, version, body }');
  const { name, version, body } = program;
  if (typeof name !== 'string' || name === '')
    throw invalid('program name', name, 'a text that is not empty');
  checkKnownFields(`program ${name}: `, program, ['name', 'version', 'body']);
  if (!Number.isSafeInteger(version)) throw invalid(`program ${name}: version`, version, 'an integer');
  if (typeof body !== 'function') throw invalid(`program ${name}: body`, body, 'a generator function');
}

function checkUnique(field: string, list: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of list) {
    if (names.has(name)) throw invalid(field, name, 'a name that is not taken yet');
    names.add(name);
  }
}
