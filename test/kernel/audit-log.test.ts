import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { AuditLog, chainAudit, emptyAuditHead, verifyAuditChain } from '../../src/kernel/audit-log.ts';
import type { AuditHead, ChainedAuditRecord } from '../../src/kernel/audit-log.ts';
import { audit, pidOf } from './storage-records.ts';

function logOf(count: number): { entries: ChainedAuditRecord[]; head: AuditHead } {
  const log = new AuditLog();
  for (let n = 0; n < count; n++) log.append(audit(n, { pid: pidOf((n % 2) + 1) }));
  return { entries: log.entries(), head: log.head };
}

/** What somebody with the program could make of a log: every hash right, but not the log that the head ends. */
function rechained(
  entries: readonly ChainedAuditRecord[],
  before: AuditHead = emptyAuditHead,
): ChainedAuditRecord[] {
  let head = before;
  return entries.map(({ record }) => {
    const entry = chainAudit(head, record);
    head = { count: entry.index + 1, hash: entry.hash };
    return entry;
  });
}

const forged = (entry: ChainedAuditRecord): ChainedAuditRecord => ({
  ...entry,
  record: { ...entry.record, microDollars: 0 },
});

test('a log is verified whole, an empty one too', () => {
  const { entries, head } = logOf(5);
  expect(verifyAuditChain(entries, head)).toEqual({ ok: true, head });
  expect(verifyAuditChain([], emptyAuditHead)).toEqual({ ok: true, head: emptyAuditHead });
});

test('an entry names its place, the hash before it and its own, over canonical JSON', () => {
  const { entries } = logOf(2);
  expect(entries[0]!.previous).toBe('0'.repeat(64));
  expect(entries[1]).toMatchObject({ index: 1, previous: entries[0]!.hash });
  // Computed once by another program: sha256 of the previous hash and {"index":…,"record":…} with sorted members.
  expect(entries[0]!.hash).toBe('0f9e648cefb3372cf33b47eca71caa1da093f89a7b50c522979d7bca73accdbd');
});

test('entries of one process are shown out of a chain that is verified whole', () => {
  const log = new AuditLog();
  for (let n = 0; n < 4; n++) log.append(audit(n, { pid: pidOf((n % 2) + 1) }));
  expect(log.entries(pidOf(2)).map(({ index }) => index)).toEqual([1, 3]);
  expect(log.verify()).toMatchObject({ ok: true });
});

test('an altered entry is found, whatever was altered', () => {
  const { entries, head } = logOf(5);
  const changes: ((entry: ChainedAuditRecord) => ChainedAuditRecord)[] = [
    forged,
    (entry) => ({ ...entry, index: 9 }),
    (entry) => ({ ...entry, previous: 'f'.repeat(64) }),
    (entry) => ({ ...entry, hash: 'f'.repeat(64) }),
    (entry) => ({ ...entry, record: { ...entry.record, atUs: Number.NaN } }),
  ];
  for (const change of changes) {
    for (let place = 0; place < 5; place++) {
      const tampered = entries.with(place, change(entries[place]!));
      expect(verifyAuditChain(tampered, head)).toMatchObject({ ok: false, index: place, problem: 'altered' });
    }
  }
});

test('an entry written anew with a right hash is found by what follows it, the last one by the head', () => {
  const { entries, head } = logOf(5);
  for (let place = 0; place < 5; place++) {
    const before = { count: place, hash: entries[place]!.previous };
    const tampered = entries.with(place, chainAudit(before, forged(entries[place]!).record));
    expect(verifyAuditChain(tampered, head)).toMatchObject({ ok: false, index: place, problem: 'altered' });
  }
});

test('an entry with another number is found, though its hash is right', () => {
  const { entries, head } = logOf(4);
  const { previous, record } = entries[2]!;
  const renumbered = chainAudit({ count: 9, hash: previous }, record);
  expect(verifyAuditChain(entries.with(2, renumbered), head)).toMatchObject({
    ok: false,
    index: 2,
    problem: 'altered',
  });
  // A whole log that was never numbered right, with the head that belongs to it.
  const only = chainAudit({ count: 1, hash: emptyAuditHead.hash }, record);
  const verdict = verifyAuditChain([only], { count: 1, hash: only.hash });
  expect(verdict).toMatchObject({
    ok: false,
    index: 0,
    problem: 'altered',
    message: 'entry 0 is numbered 1',
  });
});

test('a log written anew to its end does not have the head', () => {
  const { entries, head } = logOf(5);
  const verdict = verifyAuditChain(rechained(entries.with(1, forged(entries[1]!))), head);
  expect(verdict).toMatchObject({ ok: false, index: 4, problem: 'altered' });
});

test('removed entries are found anywhere, the tail by the head', () => {
  const { entries, head } = logOf(5);
  for (let place = 0; place < 5; place++) {
    const verdict = verifyAuditChain(entries.toSpliced(place, 1), head);
    expect(verdict).toMatchObject({ ok: false, index: place, problem: 'removed' });
    expect(verdict).toMatchObject({ message: `entry ${place} is missing` });
  }
  expect(verifyAuditChain(entries.slice(0, 2), head)).toMatchObject({
    index: 2,
    message: 'entries 2 to 4 are missing',
  });
  expect(verifyAuditChain([], head)).toMatchObject({ ok: false, index: 0, problem: 'removed' });
  // Renumbered and chained again: too short, and another end.
  expect(verifyAuditChain(rechained(entries.toSpliced(2, 1)), head)).toMatchObject({
    ok: false,
    problem: 'removed',
  });
});

test('inserted entries are found: a repeated one, one of another log, one that is chained', () => {
  const { entries, head } = logOf(5);
  for (let place = 1; place <= 5; place++) {
    const repeated = entries.toSpliced(place, 0, entries[place - 1]!);
    expect(verifyAuditChain(repeated, head)).toMatchObject({ ok: false, index: place, problem: 'inserted' });
  }
  for (let place = 0; place <= 5; place++) {
    const before = { count: place, hash: entries[place - 1]?.hash ?? emptyAuditHead.hash };
    const chained = entries.toSpliced(place, 0, chainAudit(before, audit(77)));
    expect(verifyAuditChain(chained, head)).toMatchObject({ ok: false, index: place, problem: 'inserted' });
    const unchained = entries.toSpliced(place, 0, forged(entries[0]!));
    expect(verifyAuditChain(unchained, head)).toMatchObject({ ok: false, index: place });
  }
});

test('an inserted entry is not taken for a moved one', () => {
  const { entries, head } = logOf(5);
  const earlier = entries.toSpliced(3, 0, entries[0]!);
  expect(verifyAuditChain(earlier, head)).toMatchObject({ ok: false, index: 3, problem: 'inserted' });
  const numberedLater = entries.toSpliced(3, 0, { ...entries[0]!, index: 9 });
  expect(verifyAuditChain(numberedLater, head)).toMatchObject({ ok: false, index: 3, problem: 'inserted' });
});

test('of two deeds the first is told', () => {
  const { entries, head } = logOf(6);
  const both = entries.with(4, forged(entries[4]!)).toSpliced(2, 1);
  expect(verifyAuditChain(both, head)).toMatchObject({ ok: false, index: 2, problem: 'removed' });
});

test('reordered entries are found', () => {
  const { entries, head } = logOf(5);
  for (let place = 0; place < 4; place++) {
    const swapped = entries.with(place, entries[place + 1]!).with(place + 1, entries[place]!);
    expect(verifyAuditChain(swapped, head)).toMatchObject({ ok: false, index: place, problem: 'reordered' });
  }
});

test('a head that is not of this log is found', () => {
  const { entries, head } = logOf(3);
  expect(verifyAuditChain(entries, { ...head, count: 4 })).toMatchObject({ ok: false, problem: 'head' });
  expect(verifyAuditChain([], { count: 0, hash: 'f'.repeat(64) })).toMatchObject({
    ok: false,
    problem: 'head',
  });
  expect(verifyAuditChain(entries, emptyAuditHead)).toMatchObject({
    ok: false,
    index: 0,
    problem: 'inserted',
  });
});

test('no rearrangement of entries passes, and the first place that differs is named', () => {
  const { entries, head } = logOf(6);
  const place = fc.nat({ max: 6 });
  const edits = fc.array(
    fc.record({ from: place, cut: fc.nat({ max: 2 }), to: place, copy: fc.nat({ max: 2 }) }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(edits, (list) => {
      const order = [0, 1, 2, 3, 4, 5];
      for (const { from, cut, to, copy } of list) {
        const taken = order.slice(from, from + copy);
        order.splice(from, cut);
        order.splice(to, 0, ...taken);
      }
      const isWhole = order.length === 6 && order.every((index, at) => index === at);
      const verdict = verifyAuditChain(
        order.map((index) => entries[index]!),
        head,
      );
      expect(verdict.ok).toBe(isWhole);
      if (verdict.ok) return;
      const firstWrong = order.findIndex((index, at) => index !== at);
      expect(verdict.index).toBe(firstWrong === -1 ? order.length : firstWrong);
    }),
    { seed: 7, numRuns: 3_000 },
  );
});
