/**
 * A search library's index behind the kernel's contract, for the live storage in memory: words weighted by how rare they are (BM25+), words that begin like one of the query or are
 * spelled nearly like it count, too. Its weights are logarithms, which platforms round differently: a simulation, whose runs repeat to the byte, counts shared words instead.
 */
import MiniSearch from 'minisearch';

import type { TextIndex, TextMatch } from '../../kernel/text-index.ts';

interface Entry {
  readonly id: number;
  readonly text: string;
}

/** Words from this length on match words that begin with them; longer ones, words that are spelled nearly alike. */
const shortestPrefix = 4;
const shortestFuzzy = 6;

export class RankedIndex implements TextIndex {
  private readonly index = new MiniSearch<Entry>({
    fields: ['text'],
    searchOptions: {
      prefix: (term) => term.length >= shortestPrefix,
      fuzzy: (term) => (term.length >= shortestFuzzy ? 0.2 : false),
    },
  });

  add(number: number, text: string): void {
    this.index.add({ id: number, text });
  }

  remove(number: number, text: string): void {
    this.index.remove({ id: number, text });
  }

  /** The library's own scores have no upper end: they are scaled so that the best text's is the share of the query's words that it answers. */
  search(query: string, limit: number): readonly TextMatch[] {
    const matches = this.index
      .search(query)
      .sort((a, b) => b.score - a.score || (b.id as number) - (a.id as number))
      .slice(0, limit);
    const [best] = matches;
    if (best === undefined) return [];
    const share = best.queryTerms.length / wordsIn(query);
    return matches.map(({ id, score }) => ({
      number: id as number,
      score: Math.min(1, (score / best.score) * share),
    }));
  }
}

const tokenize = MiniSearch.getDefault('tokenize') as (text: string) => string[];

/** Distinct words, as the library takes a text apart. */
function wordsIn(text: string): number {
  const words = tokenize(text).map((word) => word.toLowerCase());
  return new Set(words.filter((word) => word !== '')).size;
}
