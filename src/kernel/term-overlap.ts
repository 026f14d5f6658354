/**
 * Recall by shared words: a memory's score is the share of the query's distinct words that it has. Words are runs of letters
 * and digits, in lower case. No model and no index: the same everywhere, and good enough to find what was said in like words.
 */

/** One answer: `index` is that of the text. */
export interface TermMatch {
  readonly index: number;
  /** Above 0, at most 1. */
  readonly score: number;
}

/** The texts that share a word with the query, best first; of equal ones the one with the higher index first. */
export function rankByTermOverlap(query: string, texts: readonly string[]): TermMatch[] {
  const wanted = termsOf(query);
  const matches: TermMatch[] = [];
  texts.forEach((text, index) => {
    const terms = termsOf(text);
    let shared = 0;
    for (const term of wanted) if (terms.has(term)) shared++;
    if (shared > 0) matches.push({ index, score: shared / wanted.size });
  });
  return matches.sort((a, b) => b.score - a.score || b.index - a.index);
}

function termsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}
