/** Texts to be found by words: what a storage in memory searches with. The numbers of texts rise as they come. */
export interface TextIndex {
  /** `number` is higher than any before it. */
  add(number: number, text: string): void;
  /** `text` as it was added. */
  remove(number: number, text: string): void;
  /** At most `limit` (an integer of at least 1): best first, of equal ones the one with the higher number. */
  search(query: string, limit: number): readonly TextMatch[];
}

export interface TextMatch {
  readonly number: number;
  /** Above 0, at most 1; 1: the text has every word of the query. */
  readonly score: number;
}
