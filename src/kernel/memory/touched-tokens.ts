/** What touches outside of calls bring in: they take no time of a core, and so the next call pays for it. */
import type { PageTable } from './page-table.ts';
import type { Prompt } from './prompt-examiner.ts';

/** A touch has brought in what `prompt` was missing. */
export function noteTouch(table: PageTable, { compulsoryTokens, capacityTokens, holeTokens }: Prompt): void {
  if (compulsoryTokens + capacityTokens + holeTokens === 0) return;
  table.touched ??= { newTokens: 0, repeatedTokens: 0 };
  table.touched.newTokens += compulsoryTokens;
  table.touched.repeatedTokens += capacityTokens + holeTokens;
}

/** The call finds it in memory, and pays for it; what was evicted again meanwhile it pays for as a fault. There must be something to pay. */
export function payTouches(table: PageTable, prompt: Prompt): void {
  const { newTokens, repeatedTokens } = table.touched!;
  table.touched = undefined;
  const asNew = Math.min(newTokens, prompt.cachedTokens);
  const again = Math.min(repeatedTokens, prompt.cachedTokens - asNew);
  prompt.compulsoryTokens += asNew;
  prompt.capacityTokens += again;
  prompt.cachedTokens -= asNew + again;
  prompt.prefetchedTokens = Math.min(prompt.prefetchedTokens, prompt.cachedTokens);
}
