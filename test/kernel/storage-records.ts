/** Records for the storage tests: each valid as it stands, with the fields that a test is about. */
import type { Pid } from '../../src/kernel/ids.ts';
import { historyVersion } from '../../src/kernel/records.ts';
import type {
  AuditRecord,
  CheckpointRecord,
  HistoryRecord,
  JournalBody,
  JournalRecord,
  LedgerRecord,
  PageRecord,
  ProcessEnded,
  ProcessStarted,
  PromptNode,
  RecordingRecord,
  RunStarted,
} from '../../src/kernel/records.ts';
import { defaultCapabilities } from '../../src/kernel/syscalls.ts';

export const pidOf = (value: number): Pid => value as Pid;

const v = historyVersion;
const place = { v, run: 'r1', branch: 'main', pid: pidOf(1), n: 1, atUs: 1_000 } as const;

export function runStarted(fields: Partial<RunStarted> = {}): RunStarted {
  return { v, type: 'run.started', run: 'r1', branch: 'main', atUs: 0, ...fields };
}

export function processStarted(fields: Partial<ProcessStarted> = {}): ProcessStarted {
  return {
    v,
    type: 'process.started',
    run: 'r1',
    branch: 'main',
    pid: pidOf(1),
    parent: 0,
    name: 'researcher',
    program: 'loop',
    programVersion: 1,
    arguments: { topic: 'paging' },
    priority: 50,
    budget: 'root',
    engine: 'engine',
    capabilities: defaultCapabilities,
    atUs: 0,
    ...fields,
  };
}

export function history(n: number, fields: Partial<HistoryRecord> = {}): HistoryRecord {
  const result = { ok: true, value: { text: `answer ${n}` } } as const;
  return { ...place, type: 'history', kind: 'think', hash: 17, result, n, ...fields };
}

/** A signal, unless the fields say otherwise. */
export function journal(
  seq: number,
  fields: Partial<JournalBody> & { readonly pid?: Pid; readonly atUs?: number } = {},
): JournalRecord {
  const { n: _, ...unnumbered } = place;
  const body = 'type' in fields ? fields : { type: 'signal.sent', signal: 'stop', ...fields };
  return { ...unnumbered, seq, ...body } as JournalRecord;
}

/** A checkpoint with an empty prompt, unless the fields say otherwise. */
export function checkpoint(n: number, fields: Partial<CheckpointRecord> = {}): CheckpointRecord {
  const prompt = { tip: '', base: '', keep: 0, nodes: [], nextPage: 1 };
  return { ...place, type: 'checkpoint', state: { step: n }, random: null, ...prompt, n, ...fields };
}

export function ledger(what: LedgerRecord['what'], fields: Partial<LedgerRecord> = {}): LedgerRecord {
  const amounts = { tokens: 500, tokensCached: 50, tokensOut: 100, calls: 1, microDollars: 20, coreUs: 900 };
  const { branch: _, ...unbranched } = place;
  return { ...unbranched, type: 'ledger', node: 'root', reservedUs: 1, seq: 1, what, ...amounts, ...fields };
}

export function audit(n: number, fields: Partial<AuditRecord> = {}): AuditRecord {
  const { branch: _, ...unbranched } = place;
  return {
    ...unbranched,
    type: 'audit',
    action: 'think',
    input: 'in',
    output: 'out',
    microDollars: 5,
    n,
    ...fields,
  };
}

export function page(fields: Partial<PageRecord> = {}): PageRecord {
  return { v, type: 'page', run: 'r1', hash: 'h', text: 'text', ...fields };
}

export function ended(fields: Partial<ProcessEnded> = {}): ProcessEnded {
  const { n: _, ...unnumbered } = place;
  return { ...unnumbered, type: 'process.ended', outcome: 'completed', value: 'done', ...fields };
}

export function node(hash: string, fields: Partial<PromptNode> = {}): PromptNode {
  return {
    hash,
    tokens: 100,
    number: 1,
    pages: 1,
    space: '',
    first: 0,
    importance: 0.5,
    pinned: false,
    ...fields,
  };
}

export function recording(part: number, fields: Partial<RecordingRecord> = {}): RecordingRecord {
  return { v, type: 'recording', run: 'r1', session: 's1', part, lines: [{ part }], atUs: 1_000, ...fields };
}
