/** Records as rows of the tables, without the number of their run, and back. What a row has from its place (run, branch, pid) is not told in it again. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

import type { ChainedAuditRecord } from '../../kernel/audit-log.ts';
import type { Pid } from '../../kernel/ids.ts';
import {
  historyVersion,
  type AuditRecord,
  type CheckpointRecord,
  type HistoryRecord,
  type JournalRecord,
  type LedgerRecord,
} from '../../kernel/records.ts';
import type { ProcessAddress } from '../../kernel/storage.ts';
import type { Row, SqlValue } from './sql.ts';

const v = historyVersion;
const parse = (text: SqlValue | undefined): unknown => JSON.parse(text as string);

export function historyRow(
  process: number,
  place: number,
  { n, kind, hash, result, atUs }: HistoryRecord,
): Row {
  return { process, n, place, kind, hash, result: JSON.stringify(result), at_us: atUs };
}

export function historyOf(address: ProcessAddress, row: Row): HistoryRecord {
  return {
    v,
    type: 'history',
    ...address,
    n: row['n'] as number,
    kind: row['kind'] as string,
    hash: row['hash'] as number,
    result: parse(row['result']) as HistoryRecord['result'],
    atUs: row['at_us'] as number,
  };
}

export function journalRow(process: number, record: JournalRecord): Row {
  const { v: _v, run: _run, branch: _branch, pid: _pid, type, seq, atUs, ...body } = record;
  return { process, seq, type, body: JSON.stringify(body), at_us: atUs };
}

export function journalOf(address: ProcessAddress, row: Row): JournalRecord {
  const { type, seq, at_us: atUs } = row;
  return { v, type, ...address, seq, atUs, ...(parse(row['body']) as object) } as JournalRecord;
}

export function checkpointRow(process: number, record: CheckpointRecord): Row {
  const { v: _v, type: _type, run: _run, branch: _branch, pid: _pid, n, atUs, ...body } = record;
  return {
    process,
    n,
    is_start: record.base === '' ? 1 : 0,
    body: packed(JSON.stringify(body)),
    at_us: atUs,
  };
}

export function checkpointOf(address: ProcessAddress, row: Row): CheckpointRecord {
  const { n, at_us: atUs, body } = row;
  const rest = JSON.parse(unpacked(body as Uint8Array)) as object;
  return { v, type: 'checkpoint', ...address, n, atUs, ...rest } as CheckpointRecord;
}

export function ledgerRow(record: LedgerRecord): Row {
  const { pid, n, node, what, seq, tokens, calls } = record;
  return {
    pid,
    n,
    node,
    what,
    reserved_us: record.reservedUs,
    seq,
    tokens,
    tokens_cached: record.tokensCached,
    tokens_out: record.tokensOut,
    calls,
    micro_dollars: record.microDollars,
    core_us: record.coreUs,
    at_us: record.atUs,
  };
}

export function ledgerOf(run: string, row: Row): LedgerRecord {
  return {
    v,
    type: 'ledger',
    run,
    pid: row['pid'] as Pid,
    n: row['n'] as number,
    node: row['node'] as string,
    what: row['what'] as LedgerRecord['what'],
    reservedUs: row['reserved_us'] as number,
    seq: row['seq'] as number,
    tokens: row['tokens'] as number,
    tokensCached: row['tokens_cached'] as number,
    tokensOut: row['tokens_out'] as number,
    calls: row['calls'] as number,
    microDollars: row['micro_dollars'] as number,
    coreUs: row['core_us'] as number,
    atUs: row['at_us'] as number,
  };
}

export function auditRow({ index, previous, hash, record }: ChainedAuditRecord): Row {
  const { pid, n, action, input, output, microDollars, atUs } = record;
  return {
    place: index,
    pid,
    n,
    action,
    input,
    output,
    micro_dollars: microDollars,
    at_us: atUs,
    previous: Buffer.from(previous, 'hex'),
    hash: Buffer.from(hash, 'hex'),
  };
}

export function auditOf(run: string, row: Row): ChainedAuditRecord {
  const record: AuditRecord = {
    v,
    type: 'audit',
    run,
    pid: row['pid'] as Pid,
    n: row['n'] as number,
    action: row['action'] as string,
    input: row['input'] as string,
    output: row['output'] as string,
    microDollars: row['micro_dollars'] as number,
    atUs: row['at_us'] as number,
  };
  return { index: row['place'] as number, previous: hex(row['previous']), hash: hex(row['hash']), record };
}

const hex = (bytes: SqlValue | undefined): string => Buffer.from(bytes as Uint8Array).toString('hex');

/** A text below this size is not made smaller by compression. */
const packedFrom = 128;
const deflated = 1;
/** UTF-8 has no lone surrogates. */
const utf16 = 2;

/** A text in UTF-8 or UTF-16 behind one byte that tells which, and whether it is compressed (RFC 1951). */
export function packed(text: string): Uint8Array {
  const utf8 = Buffer.from(text, 'utf8');
  const encoding = utf8.toString('utf8') === text ? 0 : utf16;
  const bytes = encoding === 0 ? utf8 : Buffer.from(text, 'utf16le');
  if (bytes.length >= packedFrom) {
    const smaller = deflateRawSync(bytes);
    if (smaller.length < bytes.length) return Buffer.concat([Buffer.of(encoding | deflated), smaller]);
  }
  return Buffer.concat([Buffer.of(encoding), bytes]);
}

export function unpacked(bytes: Uint8Array): string {
  const coding = bytes[0]!;
  const rest = bytes.subarray(1);
  const text = Buffer.from((coding & deflated) === 0 ? rest : inflateRawSync(rest));
  return text.toString((coding & utf16) === 0 ? 'utf8' : 'utf16le');
}
