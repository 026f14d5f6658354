/**
 * The simulated search: ranks a small library of texts about operating systems. It stands for a web search in simulations and
 * lessons: no network, the same results everywhere, and yet results that depend on the query as a real engine's do.
 *
 * Source: S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", Foundations and Trends in
 * Information Retrieval 3(4), 2009, section 3.4; k1 = 1.2, b = 0.75. Departs from it: a word of the title counts three times, and
 * the inverse document frequency is ln(1 + …), which is never negative (as in most engines).
 */
import { ln } from '../../base/math.ts';
import type { ToolSpec } from '../../kernel/tools.ts';
import { searchCorpus } from './search-corpus.ts';

export interface SearchEntry {
  readonly title: string;
  readonly text: string;
}

/** A type, not an interface: so it counts as JSON. */
export type SearchResult = {
  readonly title: string;
  readonly text: string;
  /** Above 0, rounded to four digits; comparable within one answer only. */
  readonly score: number;
};

const searchDefaults = { limit: 5, limitMax: 20, queryLengthMax: 500 } as const;

export const searchTool: ToolSpec = {
  name: 'search',
  description:
    'Searches a small library about operating systems. Returns the best matches, best first, each with title, text and score; ' +
    'an empty list when nothing matches.',
  parameters: {
    type: 'object',
    properties: {
      query: {
        type: 'string',
        minLength: 1,
        maxLength: searchDefaults.queryLengthMax,
        description: 'a few words, for example: page replacement thrashing',
      },
      limit: {
        type: 'integer',
        minimum: 1,
        maximum: searchDefaults.limitMax,
        default: searchDefaults.limit,
        description: 'at most this many results',
      },
    },
    required: ['query'],
    additionalProperties: false,
  },
  effects: () => ({ reads: [], writes: [] }),
};

/** The entries that share a word with the query, best first, ties in the order of the corpus; at most `limit` (default 5). */
export function search(
  args: { readonly query: string; readonly limit?: number },
  corpus: readonly SearchEntry[] = searchCorpus,
): { readonly results: readonly SearchResult[] } {
  const index = corpus === searchCorpus ? builtInIndex : indexOf(corpus);
  const scored = corpus.map((entry, place) => ({ entry, place, score: 0 }));
  for (const term of new Set(termsOf(args.query))) {
    for (const { place, weight } of index.get(term) ?? []) scored[place]!.score += weight;
  }
  const matches = scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.place - b.place);
  const results = matches.slice(0, args.limit ?? searchDefaults.limit).map(({ entry, score }) => ({
    title: entry.title,
    text: entry.text,
    score: Math.round(score * 10_000) / 10_000,
  }));
  return { results };
}

/** Term → the entries that have it, each with what the term adds to the entry's score. */
type Index = ReadonlyMap<string, readonly { readonly place: number; readonly weight: number }[]>;

const SATURATION = 1.2; // k1: how soon a further occurrence adds little
const LENGTH_SHARE = 0.75; // b: how much a long entry's occurrences count less
const TITLE_WEIGHT = 3;

function indexOf(corpus: readonly SearchEntry[]): Index {
  const documents = corpus.map(({ title, text }) =>
    [...Array<string>(TITLE_WEIGHT).fill(title), text].flatMap(termsOf),
  );
  const meanLength = documents.reduce((sum, terms) => sum + terms.length, 0) / corpus.length;
  const frequencies = new Map<string, Map<number, number>>();
  for (const [place, terms] of documents.entries()) {
    for (const term of terms) {
      const places = frequencies.get(term) ?? new Map<number, number>();
      frequencies.set(term, places.set(place, (places.get(place) ?? 0) + 1));
    }
  }
  const index = new Map<string, { place: number; weight: number }[]>();
  for (const [term, places] of frequencies) {
    const rarity = ln(1 + (corpus.length - places.size + 0.5) / (places.size + 0.5));
    const entries = [...places].map(([place, count]) => {
      const length = documents[place]!.length / meanLength;
      const damping = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length);
      return { place, weight: (rarity * count * (SATURATION + 1)) / (count + damping) };
    });
    index.set(term, entries);
  }
  return index;
}

const stopWords = new Set(
  (
    'a an and are as at be but by can do does for from has have how if in into is it its not of on or so than that the their ' +
    'them then there these they this to was what when where which while who why will with'
  ).split(' '),
);

/** Words in lower case without the commonest, plurals and genitives cut: `page` finds `pages`, and `Belady` finds `Belady’s`. */
function termsOf(text: string): string[] {
  const words =
    text
      .toLowerCase()
      .replace(/['’]\p{L}+/gu, '')
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !stopWords.has(word)).map(singular);
}

/** Without an English plural's ending, as far as three letters go; the same mistakes on both sides do no harm. */
function singular(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 4 && /(ss|sh|ch|x)es$/.test(word)) return word.slice(0, -2);
  return word.length > 3 && /[^su]s$/.test(word) ? word.slice(0, -1) : word;
}

const builtInIndex = indexOf(searchCorpus);
