/**
 * Removal of runs from a database, in two steps, so that others wait for the second alone. The first looks, as of one moment, which pages the runs have for themselves; the second keeps
 * everybody else from writing, takes out what a run that was written to since uses now, and removes the rest. A run's version tells whether it was written to.
 */
import { emptyAuditHead } from '../../kernel/audit-log.ts';
import type { KeptBecause, PruneOrder, PruneReport, StorageSizes } from '../../kernel/storage.ts';
import type { Row, SqlSession } from './sql.ts';
import { hashOfKey, pageKey } from './page-key.ts';
import {
  auditTable,
  branchesTable,
  checkpointsTable,
  ledgerTable,
  pagesTable,
  pageUsesTable,
  passagesTable,
  processesTable,
  recordingsTable,
  runsTable,
  type Table,
} from './tables.ts';

export interface PrunePlan {
  readonly targets: readonly Row[];
  readonly kept: PruneReport['kept'];
  /** Hashes of what only the targets use. */
  readonly pages: ReadonlySet<string>;
  /** Of all runs, by number. */
  readonly versions: ReadonlyMap<number, number>;
}

/** `changed`: they were written to since the plan was made. */
export interface PrunedNow extends PruneReport {
  readonly changed: readonly string[];
}

/** What a run has beside its audit log and its ledger. */
const contentTables: readonly Table[] = [
  branchesTable,
  processesTable,
  passagesTable,
  checkpointsTable,
  recordingsTable,
  pageUsesTable,
];

export async function planPrune(session: SqlSession, order: PruneOrder): Promise<PrunePlan> {
  const rows = await session.query('select * from runs order by id');
  const byName = new Map(rows.map((row) => [row['name'] as string, row]));
  const targets: Row[] = [];
  const kept: { readonly run: string; readonly because: KeptBecause }[] = [];
  for (const run of new Set(order.runs)) {
    const row = byName.get(run);
    const because = await keptBecause(session, row, order);
    if (because === undefined) targets.push(row!);
    else kept.push({ run, because });
  }
  const versions = new Map(rows.map(({ id, version }) => [id as number, version as number]));
  return { targets, kept, pages: await ownPages(session, targets), versions };
}

/** Nobody else writes to runs while it works. */
export async function carryOut(
  session: SqlSession,
  order: PruneOrder,
  { targets, kept, pages, versions }: PrunePlan,
): Promise<PrunedNow> {
  await session.lock(runsTable);
  const doomed = new Set(pages);
  const chosen = new Set(targets.map(({ id }) => id as number));
  const changed: string[] = [];
  for (const { id, name, version } of await session.query('select id, name, version from runs')) {
    if (versions.get(id as number) === version) continue;
    if (chosen.delete(id as number)) changed.push(name as string);
    for (const { hash } of await session.query(
      'select hash from page_uses where run = $1 union select hash from pages where run = $1',
      [id!],
    ))
      doomed.delete(hashOfKey(hash as Uint8Array));
  }
  const gone = targets.filter(({ id }) => chosen.has(id as number));
  if (gone.length > 0) {
    const keys = gone.map(({ id }) => ({ run: id! }));
    for (const table of contentTables) await session.remove(table, ['run'], keys);
    if (order.withAudit === true) await session.remove(auditTable, ['run'], keys);
    await session.remove(
      pagesTable,
      ['hash'],
      Array.from(doomed, (hash) => ({ hash: pageKey(hash) })),
    );
    // What others use has come to them.
    await session.query(
      `update pages set run = coalesce((select min(page_uses.run) from page_uses where page_uses.hash = pages.hash), 0) where run in (${gone.map(({ id }) => id).join(', ')})`,
    );
    await session.update(
      runsTable,
      ['version', 'places', 'fence', 'holder', 'leased_until_us', 'audit_count', 'audit_hash', 'pruned_us'],
      gone.map((row) => prunedRow(row, order)),
    );
  }
  return {
    pruned: gone.map(({ name }) => name as string),
    kept,
    pages: gone.length > 0 ? doomed.size : 0,
    changed,
  };
}

/** Whoever drove it is fenced off: nothing brings it back by chance. */
function prunedRow(row: Row, { atUs, withAudit = false }: PruneOrder): Row {
  return {
    ...row,
    version: (row['version'] as number) + 1,
    places: 0,
    fence: (row['fence'] as number) + 1,
    holder: null,
    leased_until_us: null,
    ...(withAudit
      ? { audit_count: emptyAuditHead.count, audit_hash: emptyAuditHead.hash, pruned_us: null }
      : { pruned_us: atUs }),
  };
}

/** Undefined: it may go. */
async function keptBecause(
  session: SqlSession,
  row: Row | undefined,
  { atUs, unfinished = false, withAudit = false }: PruneOrder,
): Promise<KeptBecause | undefined> {
  if (row === undefined) return 'unknown';
  if (row['holder'] !== null && (row['leased_until_us'] as number) > atUs) return 'leased';
  if (row['pruned_us'] !== null) return withAudit ? undefined : 'pruned';
  const [branch] = await session.query('select branch from branches where run = $1 limit 1', [row['id']!]);
  if (branch === undefined) return 'unknown';
  const [open] = await session.query(
    'select process from processes where run = $1 and ended_place is null limit 1',
    [row['id']!],
  );
  return open !== undefined && !unfinished ? 'unfinished' : undefined;
}

async function ownPages(session: SqlSession, targets: readonly Row[]): Promise<ReadonlySet<string>> {
  if (targets.length === 0) return new Set();
  const numbers = targets.map(({ id }) => id).join(', ');
  const rows = await session.query(
    `select hash from pages where run in (${numbers}) and not exists (select 1 from page_uses where page_uses.hash = pages.hash and page_uses.run not in (${numbers}))`,
  );
  return new Set(rows.map(({ hash }) => hashOfKey(hash as Uint8Array)));
}

// ---- Sizes -----------------------------------------------------------------------------------------------------------

/** Bytes of a row beside its texts: its numbers, and what a database puts around it. */
const rowBytes = 40;

/** What has a size of its own, by table; the texts of a row. */
const weighed: readonly (readonly [Table, readonly string[]])[] = [
  [branchesTable, ['started']],
  [processesTable, ['started', 'ended', 'tip']],
  [passagesTable, ['body']],
  [checkpointsTable, ['body']],
  [recordingsTable, ['session', 'lines']],
  [ledgerTable, ['body']],
  [auditTable, ['action', 'input', 'output', 'reasoning', 'person', 'hash', 'previous']],
  [pageUsesTable, ['hash']],
];

/** Each run's share of what is `used`, by the bytes that it has stored. */
export async function runSizes(session: SqlSession, used: number): Promise<StorageSizes['runs']> {
  const weights = new Map<number, number>();
  const add = (rows: readonly Row[]): void => {
    for (const { run, bytes } of rows)
      weights.set(run as number, (weights.get(run as number) ?? 0) + Number(bytes));
  };
  for (const [{ name }, columns] of weighed) {
    const texts = columns.map((column) => `coalesce(octet_length(${column}), 0)`).join(' + ');
    add(await session.query(`select run, sum(${rowBytes} + ${texts}) as bytes from ${name} group by run`));
  }
  // What several use goes with the last of them, who started last when they go in the order of their start.
  const latest = new Map<string, number>();
  for (const { run, hash } of await session.query('select run, hash from page_uses order by run'))
    latest.set(hashOfKey(hash as Uint8Array), run as number);
  for (const { hash, run, bytes } of await session.query(
    `select hash, run, octet_length(hash) + octet_length(text) + ${rowBytes} as bytes from pages`,
  )) {
    const other = latest.get(hashOfKey(hash as Uint8Array)) ?? 0;
    add([{ run: Math.max(other, run as number), bytes: bytes! }]);
  }
  let whole = 0;
  for (const bytes of weights.values()) whole += bytes;
  const runs = await session.query(
    'select id, name from runs where pruned_us is not null or exists (select 1 from branches where branches.run = runs.id) order by id',
  );
  return runs.map(({ id, name }) => ({
    run: name as string,
    bytes: Math.floor(((weights.get(id as number) ?? 0) * used) / Math.max(1, whole)),
  }));
}
