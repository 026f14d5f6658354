/**
 * Calls on a memory that is a cache of prefixes: none ever waits. All that a prompt is missing is billed; of that is kept, from the front of the prompt on,
 * what fits beside the pages of running calls and beside those that the policy prefers to keep. The rest is used without being resident.
 */
import { assert } from '../../base/assert.ts';
import type { Pid } from '../ids.ts';
import type { Extent } from './extent.ts';
import type { PageTable } from './page-table.ts';
import { usedPrefetches } from './prefetcher.ts';
import type { Prompt, PromptExaminer } from './prompt-examiner.ts';
import type { ResidentSet } from './resident-set.ts';
import type { TableEditor } from './table-editor.ts';

export class CachedCalls {
  private readonly resident: ResidentSet;
  private readonly tables: TableEditor;
  private readonly examiner: PromptExaminer;

  constructor(resident: ResidentSet, tables: TableEditor, examiner: PromptExaminer) {
    this.resident = resident;
    this.tables = tables;
    this.examiner = examiner;
  }

  /** Of `pid` on this prompt. The result is reused by the next call. */
  begin(table: PageTable, pid: Pid, nowUs: number): Prompt {
    assert(table.room < 0, 'a call of this process runs already');
    const { resident, examiner, tables } = this;
    const { prompt } = examiner;
    let missing = examiner.examine(table, table.entries.length);
    prompt.outcome = 'begun';
    prompt.prefetchedTokens = usedPrefetches(table, prompt.cachedTokens);
    examiner.tellFaults(pid);
    for (const { extent } of table.entries) resident.addPins(extent, 1);
    table.room = 0;
    table.user = pid;
    resident.policy.usedBy?.(pid, true, nowUs);
    // To the policy, what stayed keeps its place and the rest of it comes in anew.
    if (missing > 0) tables.dividePartial(table, table.entries.length, 0);
    const refused = this.tellMisses(table, nowUs);
    const firstRefused = table.entries.findIndex(({ extent }) => refused.has(extent));
    const wanted = firstRefused < 0 ? table.entries.length : firstRefused;
    if (firstRefused >= 0) missing = missingTokens(table, wanted);
    const loaded = tables.divideAt(table, wanted, missing === 0 ? 0 : resident.makeRoomFor(missing));
    for (let at = table.entries.length - 1; at >= 0; at--) {
      const entry = table.entries[at]!;
      const { extent } = entry;
      if (at >= loaded && !extent.isWhole) {
        extent.seen = extent.count;
        extent.lastAccessUs = nowUs;
        continue;
      }
      entry.accesses++;
      resident.use(extent, nowUs);
    }
    return prompt;
  }

  /** Those that the policy would refuse. */
  private tellMisses({ entries }: PageTable, nowUs: number): ReadonlySet<Extent> {
    const { resident } = this;
    if (resident.policy.miss === undefined) return noExtents;
    return resident.tellMisses(entries.map(({ extent }) => extent).reverse(), nowUs);
  }
}

const noExtents: ReadonlySet<Extent> = new Set();

/** Of the first `to` entries; each is resident as a whole or not at all. */
function missingTokens({ entries }: PageTable, to: number): number {
  let tokens = 0;
  for (let at = 0; at < to; at++) if (!entries[at]!.extent.isWhole) tokens += entries[at]!.extent.tokens;
  return tokens;
}
