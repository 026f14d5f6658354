import { PromptChain, type PromptDelta } from './checkpoint-chain.ts';
import type { ContentIds } from './content-ids.ts';
import { entryBehind, type PageTable } from './memory/page-table.ts';
import type { PromptNode } from './records.ts';

/** A process's prompt as its last checkpoint told it. Cost of the next one: what changed since, however long the prompt. */
export class ToldPrompt {
  private readonly chain: PromptChain;
  /** How many pages stand up to the end of each node. */
  private readonly ends: number[] = [];

  /** `nodes`: the prompt of the checkpoint that the process is restored from. */
  constructor(nodes: readonly PromptNode[] = []) {
    this.chain = new PromptChain(nodes);
    this.add(nodes);
  }

  /** The page table as a checkpoint tells it, as what is new in it. Always the same table. */
  next(table: PageTable, contents: ContentIds): PromptDelta {
    const { ends } = this;
    const { entries } = table;
    const from = entryBehind(table, table.told);
    let place = table.pages;
    const nodes: PromptNode[] = [];
    for (let at = from; at < entries.length; at++) {
      const { extent, importance, pinned, number } = entries[at]!;
      place -= extent.count;
      nodes.push(...contents.describe(extent, importance, pinned, number));
    }
    let same = ends.length;
    while (same > 0 && ends[same - 1]! > place) same--;
    const delta = this.chain.nextFrom(same, nodes);
    ends.length = same;
    this.add(nodes);
    table.told = table.pages;
    return delta;
  }

  private add(nodes: readonly PromptNode[]): void {
    let pages = this.ends.at(-1) ?? 0;
    for (const node of nodes) this.ends.push((pages += node.pages));
  }
}
