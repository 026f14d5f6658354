/** The runs of a store, each as one row: what it is about, how it stands, what it took. */
import { storedSteps } from '../../agents/traces/stored-steps.ts';
import type { LedgerRecord } from '../../kernel/records.ts';
import type { RunSummary, StorageManager } from '../../kernel/storage.ts';
import { taskOf } from './continue-run.ts';
import { standingOf, type RunState } from './run-state.ts';

/** As a document. */
export interface ListedRun {
  readonly run: string;
  /** ISO 8601. */
  readonly started: string;
  readonly state: RunState;
  /** Who drives it. */
  readonly by?: string;
  readonly task: string;
  readonly branches: readonly string[];
  /** Of the branch with which it goes on. */
  readonly steps: number;
  readonly modelCalls: number;
  readonly tokens: number;
  readonly microDollars: number;
}

/** In the order of their start. */
export async function listedRuns(
  storage: StorageManager,
  runs: readonly RunSummary[],
  nowUs: number,
): Promise<readonly ListedRun[]> {
  const ledgers = new Map<string, LedgerRecord[]>();
  for (const record of await storage.ledger()) {
    const known = ledgers.get(record.run);
    if (known === undefined) ledgers.set(record.run, [record]);
    else known.push(record);
  }
  const listed: ListedRun[] = [];
  for (const summary of runs)
    listed.push(await listedRun(storage, summary, ledgers.get(summary.run) ?? [], nowUs));
  return listed;
}

async function listedRun(
  storage: StorageManager,
  summary: RunSummary,
  ledger: readonly LedgerRecord[],
  nowUs: number,
): Promise<ListedRun> {
  const { run, startedUs, branches } = summary;
  const { state, by, processes, branch } = await standingOf(storage, summary, nowUs);
  const steps = storedSteps(await storage.records(run, branch), ledger);
  const settled = ledger.filter(({ what }) => what === 'settled');
  const calls = new Set(settled.map(({ pid, n, seq }) => `${pid} ${n} ${seq}`));
  const sum = (field: 'tokens' | 'microDollars'): number => settled.reduce((all, one) => all + one[field], 0);
  return {
    run,
    started: new Date(startedUs / 1_000).toISOString(),
    state,
    ...(by === undefined ? {} : { by }),
    task: taskOf(processes[0]?.arguments ?? null),
    branches,
    steps: steps.length,
    modelCalls: calls.size,
    tokens: sum('tokens'),
    microDollars: sum('microDollars'),
  };
}
