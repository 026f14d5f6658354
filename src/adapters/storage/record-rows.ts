/** Records as rows of the tables, and back. What a row has from its place (run, branch, pid) is not told in it again. */
import type { ChainedAuditRecord } from '../../kernel/audit-log.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import {
  historyVersion,
  type AuditRecord,
  type CheckpointRecord,
  type RecordingRecord,
  type RunStarted,
} from '../../kernel/records.ts';
import type { ProcessAddress } from '../../kernel/storage.ts';
import { packJson, unpackJson } from './packed-json.ts';
import type { SharedReader, SharedTexts } from './shared-texts.ts';
import type { Row, SqlValue } from './sql.ts';

const v = historyVersion;

/** As one text, the settings are stored once for all runs that have the same. */
export function branchBytes(texts: SharedTexts, { settings, ...record }: RunStarted): Uint8Array {
  return texts.write({
    ...record,
    ...(settings === undefined ? {} : { settings: JSON.stringify(settings) }),
  });
}

export function branchOf(texts: SharedReader, started: Uint8Array): RunStarted {
  const record = texts.parse(started) as RunStarted;
  const { settings } = record;
  return settings === undefined ? record : { ...record, settings: JSON.parse(settings as string) as Json };
}

export function checkpointRow(
  texts: SharedTexts,
  place: { readonly run: number; readonly process: number; readonly place: number },
  record: CheckpointRecord,
): Row {
  const { v: _v, type: _type, run: _run, branch: _branch, pid: _pid, n, atUs, ...body } = record;
  return {
    ...place,
    n,
    is_start: record.base === '' ? 1 : 0,
    keep: record.keep,
    body: texts.write(body),
    at_us: atUs,
  };
}

export function checkpointOf(
  texts: SharedReader,
  { run, branch, pid }: ProcessAddress,
  row: Row,
): CheckpointRecord {
  const { n, at_us: atUs, body } = row;
  const rest = texts.parse(body as Uint8Array) as object;
  return { v, type: 'checkpoint', run, branch, pid, n, atUs, ...rest } as CheckpointRecord;
}

export function auditRow(run: number, { index, previous, hash, record }: ChainedAuditRecord): Row {
  const { pid, n, action, input, output, microDollars, atUs, reasoning, person } = record;
  return {
    run,
    place: index,
    pid,
    n,
    action,
    input: packJson(input),
    output: packJson(output),
    micro_dollars: microDollars,
    at_us: atUs,
    previous: Buffer.from(previous, 'hex'),
    hash: Buffer.from(hash, 'hex'),
    reasoning: reasoning ?? null,
    person: person ?? null,
  };
}

export function auditOf(run: string, row: Row): ChainedAuditRecord {
  const { reasoning, person } = row;
  const record: AuditRecord = {
    v,
    type: 'audit',
    run,
    pid: row['pid'] as Pid,
    n: row['n'] as number,
    action: row['action'] as string,
    input: unpackJson(row['input'] as Uint8Array) as string,
    output: unpackJson(row['output'] as Uint8Array) as string,
    microDollars: row['micro_dollars'] as number,
    ...(typeof reasoning === 'string' ? { reasoning } : {}),
    ...(typeof person === 'string' ? { person } : {}),
    atUs: row['at_us'] as number,
  };
  return { index: row['place'] as number, previous: hex(row['previous']), hash: hex(row['hash']), record };
}

export function recordingRow(
  texts: SharedTexts,
  place: { readonly run: number; readonly place: number },
  { session, part, lines, atUs }: RecordingRecord,
): Row {
  return { ...place, session, part, lines: texts.write(lines), at_us: atUs };
}

/** `texts`: with all that the row's text refers to. */
export function recordingOf(texts: SharedReader, run: string, row: Row): RecordingRecord {
  return {
    v,
    type: 'recording',
    run,
    session: row['session'] as string,
    part: row['part'] as number,
    lines: texts.parse(row['lines'] as Uint8Array) as readonly Json[],
    atUs: row['at_us'] as number,
  };
}

const hex = (bytes: SqlValue | undefined): string => Buffer.from(bytes as Uint8Array).toString('hex');
