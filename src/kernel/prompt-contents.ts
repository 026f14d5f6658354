/**
 * Names the contents of a process's prompt by the tip of a chain over them, as a checkpoint names a prompt; importance and pins are no contents.
 * The same contents have the same name, whatever happened in this kernel before: neighbours of one block space are told as one, however memory
 * has divided them, and pages like no other by their sizes alone. Cost: only what changed since the last time.
 */
import { PromptChain } from './checkpoint-chain.ts';
import type { ContentIds } from './content-ids.ts';
import type { PageTable } from './memory/page-table.ts';
import type { PromptNode } from './records.ts';

export class PromptContents {
  private readonly chain = new PromptChain();
  /** How many pages stand up to the end of each node. */
  private readonly ends: number[] = [];

  /** The name of all that stands in `table` now: 64 hex digits, '' for nothing. Always the same table. */
  tip(table: PageTable, contents: ContentIds): string {
    const { chain, ends } = this;
    let keep = ends.length;
    while (keep > 0 && ends[keep - 1]! > table.unchanged) keep--;
    let start = ends[keep - 1] ?? 0;
    if (keep < ends.length || start < table.pages) {
      const added = told(table, start, contents);
      const [first] = added;
      const last = keep === 0 ? undefined : chain.at(keep - 1);
      const whole = last && first && joined(last, first);
      if (whole !== undefined) {
        added[0] = whole;
        start = ends[--keep - 1] ?? 0;
      }
      chain.replace(keep, added);
      ends.length = keep;
      for (const { pages } of added) ends.push((start += pages));
    }
    table.unchanged = table.pages;
    return chain.tip;
  }
}

/** The pages of `table` from place `start` on, in as few nodes as can be. */
function told({ entries, pages }: PageTable, start: number, contents: ContentIds): PromptNode[] {
  let at = entries.length;
  let place = pages;
  while (place > start) place -= entries[--at]!.extent.count;
  const nodes: PromptNode[] = [];
  for (; at < entries.length; at++) {
    const { space, first, count, tokensEach } = entries[at]!.extent;
    const skipped = Math.max(0, start - place);
    place += count;
    if (skipped === count) continue;
    const run = { space, first: first + skipped, count: count - skipped, tokensEach };
    for (const node of contents.describe(run, 0, false, 0)) {
      // Numbers are the process's, no contents.
      const own = { ...node, number: 0, first: node.space === 'own' ? 0 : node.first };
      const last = nodes.at(-1);
      const whole = last && joined(last, own);
      if (whole === undefined) nodes.push(own);
      else nodes[nodes.length - 1] = whole;
    }
  }
  return nodes;
}

/** The two as one run of contents; undefined when they are not neighbours. */
function joined(last: PromptNode, next: PromptNode): PromptNode | undefined {
  if (last.hash !== '' || next.hash !== '' || last.space !== next.space || last.tokens !== next.tokens)
    return undefined;
  if (last.space !== 'own' && last.first + last.pages !== next.first) return undefined;
  return { ...last, pages: last.pages + next.pages };
}
