import { BudgetTree, type BudgetNodeSpec } from './budgets.ts';
import type { CreateLoadControlPolicy, CreatePagingPolicy, CreateSchedulingPolicy } from './contracts.ts';
import { checkEngine, engineDefaults, type EngineOptions } from './engine-options.ts';
import { invalid } from './errors.ts';
import type { Residency, VictimRule } from './memory/memory-options.ts';
import type { LedgerRecord } from './records.ts';
import type { Program } from './syscalls.ts';
import type { ToolSpec } from './tools.ts';

/** What a call does whose prompt and maximal answer are larger than context memory. */
export type OversizeRule = 'fail' | 'bypass';

export interface KernelOptions {
  /** Every stream of chance derives from it. Integer. */
  readonly seed: number;
  readonly engines: readonly EngineOptions[];
  readonly scheduling: CreateSchedulingPolicy;
  readonly paging: CreatePagingPolicy;
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
  const residency = input.residency ?? 'independent';
  const options: KernelOptions = {
    seed: input.seed ?? 1,
    engines: (input.engines ?? [{}]).map((engine) => ({ ...engineDefaults, ...engine })),
    scheduling: input.scheduling,
    paging: input.paging,
    loadControl: input.loadControl,
    residency,
    victims: input.victims ?? (residency === 'prefix' ? 'leaf' : 'any'),
    oversize: input.oversize ?? 'fail',
    budgets: input.budgets === undefined || input.budgets.length === 0 ? [{ name: 'root' }] : input.budgets,
    tools: input.tools ?? [],
    programs: input.programs ?? [],
    mailboxLimit: input.mailboxLimit ?? 1_000,
    ledger: input.ledger ?? [],
    records: input.records ?? true,
  };
  checkOptions(options);
  return options;
}

function checkOptions(options: KernelOptions): void {
  if (!Number.isSafeInteger(options.seed)) throw invalid('seed', options.seed, 'an integer');
  if (options.engines.length === 0) throw invalid('engines', 'an empty list', 'at least one engine');
  for (const engine of options.engines) checkEngine(engine);
  checkUnique('engine name', options.engines);
  checkUnique('program name', options.programs);
  if (!['independent', 'prefix'].includes(options.residency))
    throw invalid('residency', options.residency, 'independent, prefix');
  if (!['any', 'leaf'].includes(options.victims)) throw invalid('victims', options.victims, 'any, leaf');
  if (!['fail', 'bypass'].includes(options.oversize))
    throw invalid('oversize', options.oversize, 'fail, bypass');
  if (!Number.isInteger(options.mailboxLimit) || options.mailboxLimit < 1)
    throw invalid('mailboxLimit', options.mailboxLimit, 'an integer of at least 1');
  // Throws on cycles, unknown parents and limits out of range.
  void new BudgetTree(options.budgets);
}

function checkUnique(field: string, list: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of list) {
    if (names.has(name)) throw invalid(field, name, 'a name that is not taken yet');
    names.add(name);
  }
}
