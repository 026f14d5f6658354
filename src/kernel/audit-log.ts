/**
 * The audit log of one run: append-only and hash-chained. Each entry's hash covers its record, its place and the hash before
 * it; the head (how many, and the last hash) is kept apart from the entries, so that cutting off the tail shows as well.
 * Records name inputs and outputs by hash: contents can be pruned while the chain stays whole.
 *
 * Source of the construction: S. Haber and W. S. Stornetta, "How to Time-Stamp a Digital Document", Journal of Cryptology
 * 3(2), 1991 (linking).
 */
import { canonicalJson } from '../base/canonical-json.ts';
import { sha256Hex } from '../base/sha256.ts';
import type { Pid } from './ids.ts';
import type { AuditRecord } from './records.ts';

/** An entry of the log; `index` counts from 0 within the run, `previous` and `hash` are 64 hex digits. */
export interface ChainedAuditRecord {
  readonly index: number;
  readonly previous: string;
  readonly hash: string;
  readonly record: AuditRecord;
}

/** What the log must come to: the number of entries and the hash of the last. */
export interface AuditHead {
  readonly count: number;
  readonly hash: string;
}

/** What happened at `index`, the first place where it shows; `head`: the head itself is not of this log. */
type AuditProblem = 'altered' | 'removed' | 'inserted' | 'reordered' | 'head';

export type AuditVerdict =
  | { readonly ok: true; readonly head: AuditHead }
  | { readonly ok: false; readonly index: number; readonly problem: AuditProblem; readonly message: string };

/** The head of an empty log. */
export const emptyAuditHead: AuditHead = { count: 0, hash: '0'.repeat(64) };

/** SHA-256 of a text in UTF-8, in hexadecimal: a world that has a quicker one than ours may hand it in. */
export type HashText = (text: string) => string;

/** The entry that `record` becomes behind `head`. */
export function chainAudit(
  head: AuditHead,
  record: AuditRecord,
  hashText: HashText = sha256Hex,
): ChainedAuditRecord {
  const { count: index, hash: previous } = head;
  return { index, previous, hash: entryHash({ index, previous, record }, hashText), record };
}

/** In memory: the entries and, apart from them, the head. */
export class AuditLog {
  private readonly chain: ChainedAuditRecord[] = [];
  private end: AuditHead = emptyAuditHead;

  get head(): AuditHead {
    return this.end;
  }

  append(record: AuditRecord): ChainedAuditRecord {
    const entry = chainAudit(this.end, record);
    this.extend([entry]);
    return entry;
  }

  /** Appends entries that were chained behind the head. */
  extend(entries: readonly ChainedAuditRecord[]): void {
    for (const entry of entries) {
      this.chain.push(entry);
      this.end = { count: entry.index + 1, hash: entry.hash };
    }
  }

  /** All entries, or those of one process; copies. */
  entries(pid?: Pid): ChainedAuditRecord[] {
    const chosen = pid === undefined ? this.chain : this.chain.filter(({ record }) => record.pid === pid);
    return chosen.map((entry) => ({ ...entry, record: { ...entry.record } }));
  }

  verify(): AuditVerdict {
    return verifyAuditChain(this.chain, this.end);
  }
}

/**
 * Judges a whole chain by its head. Pure; two hashes for each entry.
 *
 * Forward from the start, `sound` entries each continue the one before: a chain that anybody could have written. Backward
 * from the head, entries from `proven` on are the ones that were appended, because the head names the last and each names
 * the one before it. When those are all, the log is whole; else what lies at the border of the two tells the deed.
 */
export function verifyAuditChain(entries: readonly ChainedAuditRecord[], head: AuditHead): AuditVerdict {
  const proven = provenFrom(entries, head);
  if (proven === 0 && (entries[0]?.previous ?? head.hash) === emptyAuditHead.hash) {
    if (head.count !== entries.length) {
      const what = `the head counts ${head.count} entries, but its hash ends a chain of ${entries.length}`;
      return bad(entries.length, 'head', what);
    }
    const misnumbered = entries.findIndex(({ index }, place) => index !== place);
    if (misnumbered === -1) return { ok: true, head };
    return bad(misnumbered, 'altered', `entry ${misnumbered} is numbered ${entries[misnumbered]!.index}`);
  }
  const sound = soundUntil(entries);
  // The place where the proven rest belongs. Behind it the sound start must be the same entries once more, or it was forged.
  const wanted = entries[proven]?.index ?? head.count;
  let genuine = Math.min(wanted, sound);
  while (genuine < sound && entries[genuine]!.hash === entries[genuine - wanted + proven]?.hash) genuine++;
  const isTooLong = wanted < proven;
  if (genuine < sound || (sound === proven && isTooLong)) {
    return bad(genuine, 'inserted', `${span(genuine, genuine + proven - wanted)} not of this log`);
  }
  // Whatever stands behind a whole log, it is none of it.
  if (sound >= head.count && entries[head.count - 1]?.hash === head.hash)
    return bad(head.count, 'inserted', `${span(head.count, entries.length)} not of this log`);
  if (sound < proven) return judgeBreak(entries, sound);
  if (wanted > sound) return bad(sound, 'removed', `${span(sound, wanted)} missing`);
  if (sound === 0) return bad(0, 'head', 'the head of an empty log has another hash than that of its start');
  return bad(sound - 1, 'altered', `entry ${sound - 1} was written anew: what follows it names another hash`);
}

/** How many entries, from the first on, continue one another and have the hash of their content. */
function soundUntil(entries: readonly ChainedAuditRecord[]): number {
  let count = 0;
  for (let { hash } = emptyAuditHead; count < entries.length; count++) {
    const entry = entries[count]!;
    if (!continues(entry, hash)) break;
    hash = entry.hash;
  }
  return count;
}

/** The first place from which on every entry is named by the next one, and the last by the head. */
function provenFrom(entries: readonly ChainedAuditRecord[], head: AuditHead): number {
  let wanted = head.hash;
  let place = entries.length;
  while (place > 0) {
    const entry = entries[place - 1]!;
    if (entry.hash !== wanted || !isIntact(entry)) break;
    wanted = entry.previous;
    place--;
  }
  return place;
}

/** The entry at `place` doesn't continue the sound ones before it. */
function judgeBreak(entries: readonly ChainedAuditRecord[], place: number): AuditVerdict {
  const found = entries[place]!;
  const { hash } = entries[place - 1] ?? emptyAuditHead;
  const rightPlace = entries.findIndex((entry) => continues(entry, hash));
  const isLaterOne = found.index > place && isIntact(found);
  if (rightPlace === -1) {
    if (isLaterOne) return bad(place, 'removed', `${span(place, found.index)} missing`);
    return bad(place, 'altered', `entry ${place} is not what its hash, or the entry before it, says`);
  }
  if (isLaterOne) return bad(place, 'reordered', `entry ${place} stands at place ${rightPlace}`);
  return bad(
    place,
    'inserted',
    `${span(place, rightPlace)} not of this log: entry ${place} stands at place ${rightPlace}`,
  );
}

function continues(entry: ChainedAuditRecord, hash: string): boolean {
  return entry.previous === hash && isIntact(entry);
}

function isIntact(entry: ChainedAuditRecord): boolean {
  try {
    return entry.hash === entryHash(entry);
  } catch (error) {
    // What JSON can't hold was never chained.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

function entryHash(
  { index, previous, record }: Omit<ChainedAuditRecord, 'hash'>,
  hashText: HashText = sha256Hex,
): string {
  return hashText(previous + canonicalJson({ index, record }));
}

function span(from: number, to: number): string {
  return to - from === 1 ? `entry ${from} is` : `entries ${from} to ${to - 1} are`;
}

function bad(index: number, problem: AuditProblem, message: string): AuditVerdict {
  return { ok: false, index, problem, message };
}
