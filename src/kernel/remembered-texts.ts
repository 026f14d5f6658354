/** The memories of a store in memory: what was remembered under each scope, and how it is found. */
import { copyJson } from '../base/copy-json.ts';
import { KernelError } from './errors.ts';
import { checkMemory, checkMemoryFilter, checkRecollection, isSameRecord } from './storage.ts';
import type { Memory, MemoryFilter, Recollection } from './storage.ts';
import type { RecalledMemory } from './syscalls.ts';
import type { TextIndex } from './text-index.ts';

export class RememberedTexts {
  /** By the call that remembered, replaced ones too: it may come again. */
  private readonly calls = new Map<string, Memory>();
  private readonly scopes = new Map<string, Scope>();
  private readonly newIndex: () => TextIndex;

  /** `newIndex`: how texts of a scope are found. */
  constructor(newIndex: () => TextIndex) {
    this.newIndex = newIndex;
  }

  remember(memory: Memory): void {
    checkMemory(memory);
    const { run, branch, pid, n, index } = memory.identity;
    const call = JSON.stringify([run, branch, pid, n, index]);
    const known = this.calls.get(call);
    if (known === undefined) {
      const copy = copyJson(memory);
      this.calls.set(call, copy);
      this.scopeOf(memory.scope).add(copy);
      return;
    }
    // A crash may lie between the two: the first one's time stands.
    if (!isSameRecord(known, { ...memory, atUs: known.atUs })) {
      throw new KernelError(
        'STORAGE_FAILED',
        `memory of call ${call}: is stored already, with another content`,
      );
    }
  }

  recall(question: Recollection): RecalledMemory[] {
    checkRecollection(question);
    return this.scopes.get(question.scope)?.recall(question.query, question.limit) ?? [];
  }

  latest(filter: MemoryFilter): RecalledMemory[] {
    checkMemoryFilter(filter);
    return this.scopes.get(filter.scope)?.latest(filter.limit) ?? [];
  }

  private scopeOf(name: string): Scope {
    let scope = this.scopes.get(name);
    if (scope === undefined) {
      scope = new Scope(this.newIndex());
      this.scopes.set(name, scope);
    }
    return scope;
  }
}

/** What is remembered now under one scope. */
class Scope {
  private readonly index: TextIndex;
  /** By number, in the order in which they came. */
  private readonly memories = new Map<number, Memory>();
  private readonly numbers = new Map<string, number>();
  private next = 0;

  constructor(index: TextIndex) {
    this.index = index;
  }

  add(memory: Memory): void {
    const { key, text } = memory;
    const number = this.next++;
    if (key !== undefined) {
      const replaced = this.numbers.get(key);
      if (replaced !== undefined) {
        this.index.remove(replaced, this.memories.get(replaced)!.text);
        this.memories.delete(replaced);
      }
      this.numbers.set(key, number);
    }
    this.memories.set(number, memory);
    this.index.add(number, text);
  }

  recall(query: string, limit: number): RecalledMemory[] {
    return this.index
      .search(query, limit)
      .map(({ number, score }) => recalled(this.memories.get(number)!, score));
  }

  latest(limit: number): RecalledMemory[] {
    return [...this.memories.values()]
      .slice(-limit)
      .reverse()
      .map((memory) => recalled(memory, 1));
  }
}

function recalled({ text, key, data, atUs }: Memory, score: number): RecalledMemory {
  return {
    text,
    score,
    ...(key === undefined ? {} : { key }),
    ...(data === undefined ? {} : { data: copyJson(data) }),
    atUs,
  };
}
