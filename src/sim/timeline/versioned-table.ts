/**
 * A table by small integers of which versions are kept: `fork` gives another table with the same entries, and what is changed in the one is not changed in the other. They share
 * every chunk and every entry that neither has changed since, so that a version costs what is changed after it, not what it holds.
 *
 * Cost: get O(1); edit O(1), and the first change of an entry since the last fork copies it, that of a chunk its 64 references; fork O(chunks).
 */

/** Entries of a chunk: one bit each in two words. */
const chunkSize = 64;
const chunkShift = 6;
const chunkMask = chunkSize - 1;

interface Chunk<Entry> {
  /** Of the version that may write into it. */
  readonly owner: object;
  readonly entries: (Entry | undefined)[];
  /** Bit by bit: which entries are this version's own. */
  ownLow: number;
  ownHigh: number;
}

export class VersionedTable<Entry extends object> {
  private readonly copyEntry: (entry: Entry) => Entry;
  private chunks: (Chunk<Entry> | undefined)[];
  private owner: object = {};

  constructor(copyEntry: (entry: Entry) => Entry) {
    this.copyEntry = copyEntry;
    this.chunks = [];
  }

  /** For reading only: an entry may belong to other versions, too. */
  get(index: number): Entry | undefined {
    return this.chunks[index >> chunkShift]?.entries[index & chunkMask];
  }

  /** An entry of this version alone, which may be changed. There must be one. */
  edit(index: number): Entry {
    const chunk = this.ownChunk(index >> chunkShift);
    const at = index & chunkMask;
    const entry = chunk.entries[at]!;
    if (isOwn(chunk, at)) return entry;
    const copy = this.copyEntry(entry);
    chunk.entries[at] = copy;
    own(chunk, at);
    return copy;
  }

  set(index: number, entry: Entry): void {
    const chunk = this.ownChunk(index >> chunkShift);
    const at = index & chunkMask;
    chunk.entries[at] = entry;
    own(chunk, at);
  }

  delete(index: number): void {
    if (this.get(index) === undefined) return;
    this.ownChunk(index >> chunkShift).entries[index & chunkMask] = undefined;
  }

  /** Entries before this index are needed no more: whole chunks of them go. */
  forget(before: number): void {
    for (let index = (before >> chunkShift) - 1; index >= 0 && this.chunks[index] !== undefined; index--)
      this.chunks[index] = undefined;
  }

  /** In the order of their indexes. */
  *entries(): Generator<readonly [index: number, entry: Entry]> {
    for (let chunk = 0; chunk < this.chunks.length; chunk++) {
      const { entries } = this.chunks[chunk] ?? empty;
      for (let at = 0; at < entries.length; at++) {
        const entry = entries[at] as Entry | undefined;
        if (entry !== undefined) yield [chunk * chunkSize + at, entry];
      }
    }
  }

  fork(): VersionedTable<Entry> {
    const other = new VersionedTable(this.copyEntry);
    other.chunks = this.chunks.slice();
    // Neither may write into what both have.
    this.owner = {};
    return other;
  }

  private ownChunk(index: number): Chunk<Entry> {
    const chunk = this.chunks[index];
    if (chunk !== undefined && chunk.owner === this.owner) return chunk;
    // Without holes in the list of chunks.
    while (this.chunks.length < index) this.chunks.push(undefined);
    const { owner } = this;
    const entries = chunk?.entries.slice() ?? [];
    return (this.chunks[index] = { owner, entries, ownLow: 0, ownHigh: 0 });
  }
}

const empty = { entries: [] as readonly unknown[] };

const isOwn = (chunk: Chunk<object>, at: number): boolean =>
  at < 32 ? (chunk.ownLow & (1 << at)) !== 0 : (chunk.ownHigh & (1 << (at - 32))) !== 0;

function own(chunk: Chunk<object>, at: number): void {
  if (at < 32) chunk.ownLow |= 1 << at;
  else chunk.ownHigh |= 1 << (at - 32);
}
