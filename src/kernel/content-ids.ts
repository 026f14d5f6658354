import { assert } from '../base/assert.ts';
import { sha256Hex } from '../base/sha256.ts';
import { ownSpace, type ContentRun } from './memory/extent.ts';
import type { PromptNode } from './records.ts';

/** Space 0 holds single contents by hash, space 1 contents of their own, others the recorded block spaces. */
const hashSpace = 0;
/** Content ids stay below 2^32 and spaces below 2^20 so that the prefix tree's keys are exact. */
const idLimit = 4_294_967_296;
const spaceLimit = 1_048_576;

/**
 * Names contents by integers: the same hash and size always get the same id, so that identical pages are found and held once. Contents
 * themselves are never kept here.
 */
export class ContentIds {
  /** By size, then by hash. */
  private readonly ids = new Map<number, Map<string, number>>();
  private readonly hashes: (string | undefined)[] = [];
  /** By id: how many extents of all memories hold it. */
  private readonly uses: number[] = [];
  /** Contents that the last extent has left since the last `collect`; undefined: nobody collects. */
  private idle: { readonly id: number; readonly tokens: number }[] | undefined = undefined;
  /**
   * By run, the hashes of the texts that were told to be new: a hash alone, as a checkpoint or a program names it, stores no text. Each run tells its own: what another has told may be
   * removed with it.
   */
  private readonly texts = new Map<string, Set<string>>();
  private readonly spaces = new Map<string, number>();
  private readonly spaceNames = ['', 'own'];
  private nextOwn = 1;

  /** One page of this hash. */
  ofHash(hash: string, tokens: number): ContentRun {
    let ids = this.ids.get(tokens);
    if (ids === undefined) this.ids.set(tokens, (ids = new Map()));
    let id = ids.get(hash);
    if (id === undefined) {
      id = this.hashes.length;
      ids.set(hash, id);
      this.hashes.push(hash);
    }
    return { space: hashSpace, first: id, count: 1, tokensEach: tokens };
  }

  /** One page of this text. `isNew` when `run` has not told the text before: it should be stored. */
  ofText(run: string, text: string, tokens: number): { run: ContentRun; isNew: boolean; hash: string } {
    const hash = sha256Hex(text);
    let texts = this.texts.get(run);
    if (texts === undefined) this.texts.set(run, (texts = new Set()));
    const isNew = !texts.has(hash);
    if (isNew) texts.add(hash);
    return { run: this.ofHash(hash, tokens), isNew, hash };
  }

  /** An extent holds these from now on. */
  used(space: number, first: number, count: number): void {
    if (space !== hashSpace) return;
    const { uses } = this;
    for (let id = first; id < first + count; id++) uses[id] = (uses[id] ?? 0) + 1;
  }

  /** An extent that held them is forgotten. */
  gone(space: number, first: number, count: number, tokens: number): void {
    if (space !== hashSpace) return;
    const { uses, idle } = this;
    for (let id = first; id < first + count; id++) if (--uses[id]! === 0) idle?.push({ id, tokens });
  }

  /** Forgets the names of contents that no memory knows: they get other ids when they are seen again. */
  collect(): void {
    const { idle, hashes, uses } = this;
    this.idle = [];
    if (idle === undefined) {
      for (const byHash of this.ids.values())
        for (const [hash, id] of byHash) {
          if ((uses[id] ?? 0) > 0) continue;
          byHash.delete(hash);
          hashes[id] = undefined;
        }
      return;
    }
    for (const { id, tokens } of idle) {
      const hash = hashes[id];
      if (hash === undefined || uses[id]! > 0) continue;
      this.ids.get(tokens)!.delete(hash);
      hashes[id] = undefined;
    }
  }

  /** The run is over: what it still tells is told again. */
  forgetTexts(run: string): void {
    this.texts.delete(run);
  }

  /** One page like no other. */
  own(tokens: number): ContentRun {
    return { space: ownSpace, first: this.nextOwn++, count: 1, tokensEach: tokens };
  }

  blocks(name: string, first: number, count: number, tokens: number): ContentRun {
    assert(
      first >= 0 && first + count <= idLimit,
      () => `block ids ${first} to ${first + count} of ${name} are not below 2^32`,
    );
    const key = `${name}/${tokens}`;
    let space = this.spaces.get(key);
    if (space === undefined) {
      space = this.spaceNames.length;
      assert(space < spaceLimit, 'more than 2^20 block spaces');
      this.spaces.set(key, space);
      this.spaceNames.push(name);
    }
    return { space, first, count, tokensEach: tokens };
  }

  /** Adds the hash of each content to `to`; undefined: it has none. */
  tellHashes({ space, first, count }: ContentRun, to: (string | undefined)[]): void {
    for (let id = first; id < first + count; id++) to.push(space === hashSpace ? this.hashes[id] : undefined);
  }

  /** How a checkpoint names this content: contents by hash one by one, though they may stand in one extent. */
  describe(
    { space, first, count, tokensEach: tokens }: ContentRun,
    importance: number,
    pinned: boolean,
    number: number,
  ): PromptNode[] {
    if (space !== hashSpace)
      return [
        { hash: '', tokens, number, pages: count, space: this.spaceNames[space]!, first, importance, pinned },
      ];
    const hashes = this.hashes.slice(first, first + count);
    return hashes.map((hash, at) => ({
      hash: hash!,
      tokens,
      number: number + at,
      pages: 1,
      space: '',
      first: 0,
      importance,
      pinned,
    }));
  }

  /** The contents that a checkpoint named. */
  recall(node: PromptNode): ContentRun {
    if (node.hash !== '') return this.ofHash(node.hash, node.tokens);
    if (node.space === 'own') {
      const first = this.nextOwn;
      this.nextOwn += node.pages;
      return { space: ownSpace, first, count: node.pages, tokensEach: node.tokens };
    }
    return this.blocks(node.space, node.first, node.pages, node.tokens);
  }
}
