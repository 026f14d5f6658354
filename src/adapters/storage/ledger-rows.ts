/** What one append told of the budget, as one row: packed JSON, a list of the records, each a list of its fields without the run. */
import type { Pid } from '../../kernel/ids.ts';
import { historyVersion, type LedgerRecord } from '../../kernel/records.ts';
import { packJson, unpackJson } from './packed-json.ts';

type Entry = readonly [
  pid: number,
  n: number,
  node: string,
  isSettled: 0 | 1,
  atUs: number,
  /** Between the reservation and this. */
  laterUs: number,
  seq: number,
  tokens: number,
  tokensCached: number,
  tokensOut: number,
  calls: number,
  microDollars: number,
  coreUs: number,
];

export function ledgerBody(records: readonly LedgerRecord[]): Uint8Array {
  return packJson(records.map(entryOf));
}

export function ledgerOf(run: string, body: Uint8Array): LedgerRecord[] {
  return (unpackJson(body) as Entry[]).map((entry) => recordOf(run, entry));
}

function entryOf(record: LedgerRecord): Entry {
  return [
    record.pid,
    record.n,
    record.node,
    record.what === 'settled' ? 1 : 0,
    record.atUs,
    record.atUs - record.reservedUs,
    record.seq,
    record.tokens,
    record.tokensCached,
    record.tokensOut,
    record.calls,
    record.microDollars,
    record.coreUs,
  ];
}

function recordOf(
  run: string,
  [
    pid,
    n,
    node,
    isSettled,
    atUs,
    laterUs,
    seq,
    tokens,
    tokensCached,
    tokensOut,
    calls,
    microDollars,
    coreUs,
  ]: Entry,
): LedgerRecord {
  return {
    v: historyVersion,
    type: 'ledger',
    run,
    pid: pid as Pid,
    n,
    node,
    what: isSettled === 1 ? 'settled' : 'reserved',
    reservedUs: atUs - laterUs,
    seq,
    tokens,
    tokensCached,
    tokensOut,
    calls,
    microDollars,
    coreUs,
    atUs,
  };
}
