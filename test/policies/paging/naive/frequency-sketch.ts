import { doorsHash, sketchHash } from '../../../../src/policies/paging/frequency-sketch.ts';

/** The counters of the sketch in a map, found by text. Only the hashes are those of the fast one. */
export class NaiveSketch {
  private counters = new Map<string, number>();
  private doors = new Set<string>();
  private readonly hasDoors: boolean;
  private blocks = 1;
  private pages: number;
  private uses = 0;

  constructor(pages: number, doorkeeper: boolean) {
    this.pages = pages;
    this.hasDoors = doorkeeper;
  }

  /** A table twice as large, that says of each block what the one said that both come from. */
  hold(pages: number): void {
    this.pages = Math.max(this.pages, pages);
    if (pages <= 8 * this.blocks) return;
    const renamed = (key: string): string => {
      const [block, ...rest] = key.split(' ');
      return [Number(block) + this.blocks, ...rest].join(' ');
    };
    const counters = [...this.counters].map(([key, count]) => [renamed(key), count] as const);
    this.counters = new Map([...this.counters, ...counters]);
    this.doors = new Set([...this.doors, ...[...this.doors].map(renamed)]);
    this.blocks *= 2;
  }

  record(page: number): void {
    const doors = this.doorsOf(page);
    if (!this.hasDoors || doors.every((door) => this.doors.has(door))) {
      const keys = this.keysOf(page);
      const smallest = this.smallest(keys);
      for (const key of keys)
        if (smallest < 15 && this.count(key) === smallest) this.counters.set(key, smallest + 1);
    } else for (const door of doors) this.doors.add(door);
    this.uses++;
    if (this.uses < 10 * this.pages) return;
    for (const [key, count] of this.counters) this.counters.set(key, Math.floor(count / 2));
    this.doors.clear();
    this.uses = Math.floor(this.uses / 2);
  }

  estimate(page: number): number {
    const isIn = this.doorsOf(page).every((door) => this.doors.has(door));
    return this.smallest(this.keysOf(page)) + (this.hasDoors && isIn ? 1 : 0);
  }

  private count(key: string): number {
    return this.counters.get(key) ?? 0;
  }

  private smallest(keys: readonly string[]): number {
    return Math.min(...keys.map((key) => this.count(key)));
  }

  private keysOf(page: number): string[] {
    const block = Math.floor(page / 8) % this.blocks;
    return [0, 1, 2, 3].map((row) => `${block} ${row} ${(sketchHash(page) >>> (5 * row)) % 32}`);
  }

  private doorsOf(page: number): string[] {
    const block = Math.floor(page / 8) % this.blocks;
    return [0, 1, 2].map((at) => `${block} ${(doorsHash(sketchHash(page)) >>> (8 * at)) % 256}`);
  }
}
