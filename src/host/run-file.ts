/**
 * A run as lines of JSON, to keep elsewhere or to take along: a header, its records in an order in which a storage takes them, its audit log with its hashes, and a footer with a checksum of
 * all lines before it. Nothing in it tells when or from where it was written: the same run is the same lines, whatever storage it came from.
 */
import { canonicalJson } from '../base/canonical-json.ts';
import { sha256Hex } from '../base/sha256.ts';
import { emptyAuditHead, verifyAuditChain, type ChainedAuditRecord } from '../kernel/audit-log.ts';
import { KernelError } from '../kernel/errors.ts';
import { MemoryStorage } from '../kernel/memory-storage.ts';
import { historyVersion, type KernelRecord } from '../kernel/records.ts';
import type { StorageManager, WholeRun } from '../kernel/storage.ts';
import { recordProblem } from './run-file-record.ts';

const runFileFormat = 'ringzero-run';
const runFileVersion = 1;

interface RunFileFooter {
  readonly end: true;
  readonly lines: number;
  /** Chained over the lines: each with the checksum of those before it. */
  readonly checksum: string;
}

/** What became of an import. `restored`: the run was pruned here, and has all that it had. `same`: it was here already, all of it, and nothing was changed. */
type ImportOutcome = 'imported' | 'restored' | 'same';

export interface ImportedRun {
  readonly run: string;
  readonly outcome: ImportOutcome;
  readonly records: number;
  readonly audit: number;
}

/** Line by line, without line ends. */
export function* runFileLines(run: string, { records, audit }: WholeRun): Generator<string> {
  let checksum = '';
  let lines = 0;
  const told = (value: object): string => {
    const line = JSON.stringify(value);
    checksum = sha256Hex(checksum + line);
    lines++;
    return line;
  };
  yield told({ format: runFileFormat, v: runFileVersion, history: historyVersion, run });
  for (const record of records) yield told(inOrder(record));
  for (const { index, previous, hash, record } of audit)
    yield told({ index, previous, hash, record: inOrder(record) });
  const footer: RunFileFooter = { end: true, lines, checksum };
  yield canonicalJson(footer);
}

/** Storages give a record's own fields in any order, and what is in them as it was: hashes and prompts are of that spelling. */
const inOrder = (record: object): object =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Checks all before anything is stored. `name`: of the file, for whoever reads a refusal. Throws KernelError INVALID_FILE that names file and line. */
export async function readRunFile(
  name: string,
  lines: AsyncIterable<string>,
): Promise<WholeRun & { readonly run: string }> {
  const records: WholeRun['records'][number][] = [];
  const audit: ChainedAuditRecord[] = [];
  let run: string | undefined;
  let checksum = '';
  let count = 0;
  let footer: RunFileFooter | undefined;
  for await (const line of lines) {
    const at = `${name}: line ${count + 1}`;
    if (footer !== undefined) throw badFile(`${at}: nothing may stand behind the last line of a run`);
    const value = parsed(at, line);
    if (run === undefined) run = runOf(at, value);
    else if ('end' in value) {
      footer = value as unknown as RunFileFooter;
      continue;
    } else {
      const entry = 'record' in value ? (value as unknown as ChainedAuditRecord) : undefined;
      const record = entry?.record ?? (value as unknown as WholeRun['records'][number]);
      if (record.run !== run) throw badFile(`${at}: is of another run than ${JSON.stringify(run)}`);
      const problem = recordProblem(record);
      if (problem !== undefined) throw badFile(`${at}: ${problem}`);
      // Runs share their pages: another text would stand in the place of theirs.
      if (record.type === 'page' && sha256Hex(record.text) !== record.hash)
        throw badFile(`${at}: the text of this page has another hash`);
      if (entry === undefined) records.push(record as WholeRun['records'][number]);
      else audit.push(entry);
    }
    checksum = sha256Hex(checksum + line);
    count++;
  }
  if (run === undefined) throw badFile(`${name}: is empty; allowed: a file made with ringzero export`);
  if (footer === undefined) throw badFile(`${name}: is cut off: it has no last line`);
  if (footer.lines !== count || footer.checksum !== checksum)
    throw badFile(`${name}: is damaged: its lines have another checksum than its last one says`);
  const last = audit.at(-1);
  const verdict = verifyAuditChain(
    audit,
    last === undefined ? emptyAuditHead : { count: audit.length, hash: last.hash },
  );
  if (!verdict.ok) throw badFile(`${name}: its audit log is not whole: ${verdict.message}`);
  return { run, records, audit };
}

/**
 * Stores the run whole, or nothing of it: its audit log gets the same hashes, because they are made of its records alone. Of a run that was pruned the log makes room first: who is cut off
 * between finds no run, and imports it again. `nowUs`, `holder`: for the lease that keeps others out meanwhile.
 * Throws KernelError STORAGE_FAILED when a run of this name has another content, and LEASE_LOST when somebody is driving it.
 */
export async function importRun(
  storage: StorageManager,
  { run, records, audit }: WholeRun & { readonly run: string },
  { nowUs, holder }: { readonly nowUs: () => number; readonly holder: string },
): Promise<ImportedRun> {
  const lease = await storage.lease({ run, holder, atUs: nowUs(), untilUs: nowUs() + leaseUs });
  if (!lease.ok) throw driven(run, lease.holder);
  try {
    const done = { run, records: records.length, audit: audit.length };
    const all: readonly KernelRecord[] = [...records, ...audit.map(({ record }) => record)];
    const known = (await storage.runs()).find((summary) => summary.run === run);
    if (known !== undefined && known.prunedUs === undefined) {
      const here = await storage.whole(run);
      if (here !== undefined && isSame(here, { records, audit })) return { ...done, outcome: 'same' };
      throw otherContent(run);
    }
    if (known !== undefined) {
      if (canonicalJson(await storage.audit(run)) !== canonicalJson(audit)) throw otherContent(run);
      // What no storage takes must not cost the log that is here.
      await new MemoryStorage().append(all);
      await storage.release({ run, holder });
      await storage.prune({ runs: [run], atUs: nowUs(), withAudit: true });
      const again = await storage.lease({ run, holder, atUs: nowUs(), untilUs: nowUs() + leaseUs });
      if (!again.ok) throw driven(run, again.holder);
    }
    await storage.append(all);
    return { ...done, outcome: known === undefined ? 'imported' : 'restored' };
  } finally {
    await storage.release({ run, holder });
  }
}

/** Long enough for a large one. */
const leaseUs = 600_000_000;

function isSame(a: WholeRun, b: WholeRun): boolean {
  if (a.records.length !== b.records.length || a.audit.length !== b.audit.length) return false;
  return (
    a.records.every((record, index) => canonicalJson(record) === canonicalJson(b.records[index])) &&
    a.audit.every((entry, index) => canonicalJson(entry) === canonicalJson(b.audit[index]))
  );
}

function runOf(at: string, header: Readonly<Record<string, unknown>>): string {
  const { format, v, history, run } = header;
  if (format !== runFileFormat)
    throw badFile(`${at}: is no run that was exported; allowed: a file made with ringzero export`);
  if (v !== runFileVersion || history !== historyVersion)
    throw badFile(
      `${at}: version ${String(v)}/${String(history)} is not allowed; allowed: ${runFileVersion}/${historyVersion}, that of this ringzero`,
    );
  if (typeof run !== 'string' || run === '') throw badFile(`${at}: names no run`);
  return run;
}

function parsed(at: string, line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // What the parser says would show a piece of a file that may be anything.
    throw badFile(`${at}: is not JSON; allowed: a file made with ringzero export`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badFile(`${at}: is no object of JSON`);
  return value as Readonly<Record<string, unknown>>;
}

const driven = (run: string, holder: string): KernelError =>
  new KernelError('LEASE_LOST', `run ${JSON.stringify(run)}: ${holder} is driving it here`);

function otherContent(run: string): KernelError {
  return new KernelError(
    'STORAGE_FAILED',
    `run ${JSON.stringify(run)}: is here already, with another content; its name is part of its audit log, so it can't get another one`,
  );
}

const badFile = (message: string): KernelError =>
  new KernelError('INVALID_FILE', message.replaceAll('\n', ' '));
