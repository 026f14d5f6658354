/**
 * Recall by shared words: a memory's score is the share of the query's distinct words that it has. Words are runs of letters
 * and digits, in lower case. No model and no logarithm: the same everywhere, and good enough to find what was said in like words.
 */
import type { TextIndex, TextMatch } from './text-index.ts';

export class TermOverlapIndex implements TextIndex {
  /** Numbers of the texts that have a word, by word. */
  private readonly postings = new Map<string, Set<number>>();

  add(number: number, text: string): void {
    for (const term of termsOf(text)) {
      const numbers = this.postings.get(term);
      if (numbers === undefined) this.postings.set(term, new Set([number]));
      else numbers.add(number);
    }
  }

  remove(number: number, text: string): void {
    for (const term of termsOf(text)) {
      const numbers = this.postings.get(term);
      numbers?.delete(number);
      if (numbers?.size === 0) this.postings.delete(term);
    }
  }

  search(query: string, limit: number): readonly TextMatch[] {
    const wanted = termsOf(query);
    const shared = new Map<number, number>();
    for (const term of wanted)
      for (const number of this.postings.get(term) ?? []) shared.set(number, (shared.get(number) ?? 0) + 1);
    const matches = Array.from(shared, ([number, count]) => ({ number, score: count / wanted.size }));
    return matches.sort((a, b) => b.score - a.score || b.number - a.number).slice(0, limit);
  }
}

export function termsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}
