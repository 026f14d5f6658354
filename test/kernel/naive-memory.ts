/**
 * A naive model of context memory, for comparison: single pages in lists, every count made anew, every victim found by a scan. It follows
 * the design's words, not the code: no extents, no index, no heap.
 */

/** Space 1: contents that are like no other. */
export const ownSpace = 1;

export interface NaivePage {
  readonly id: number;
  readonly parent: NaivePage | undefined;
  readonly space: number;
  readonly content: number;
  readonly tokens: number;
  isResident: boolean;
  /** It has been computed at some time. */
  isSeen: boolean;
  importance: number;
  accesses: number;
  lastAccessUs: number;
}

interface Entry {
  readonly number: number;
  readonly page: NaivePage;
  importance: number;
  pinned: boolean;
  accesses: number;
}

export interface NaiveTable {
  readonly entries: Entry[];
  nextNumber: number;
  /** Room of the running call; -1 while none runs. */
  room: number;
  isBypassed: boolean;
}

export interface NaiveOptions {
  readonly capacity: number;
  readonly residency: 'independent' | 'prefix';
  readonly victims: 'any' | 'leaf';
  readonly paging: 'importance-lru' | 'lru' | 'fifo';
}

export class NaiveMemory {
  /** What moved in the last operation: faults as text, page ids in order. */
  faults: string[] = [];
  evicted: number[] = [];
  loaded: number[] = [];
  freed: number[] = [];
  readonly tables: NaiveTable[] = [];
  private readonly options: NaiveOptions;
  private readonly isPrefix: boolean;
  private pages: NaivePage[] = [];
  /** Resident pages in the order in which they came in, or were last used. */
  private queue: NaivePage[] = [];
  private nextId = 1;

  constructor(options: NaiveOptions) {
    this.options = options;
    this.isPrefix = options.residency === 'prefix';
  }

  addTable(): NaiveTable {
    const table: NaiveTable = { entries: [], nextNumber: 1, room: -1, isBypassed: false };
    this.tables.push(table);
    return table;
  }

  residentIds(): number[] {
    return this.pages
      .filter(({ isResident }) => isResident)
      .map(({ id }) => id)
      .sort((a, b) => a - b);
  }

  startOperation(): void {
    this.faults = [];
    this.evicted = [];
    this.loaded = [];
    this.freed = [];
  }

  append(
    table: NaiveTable,
    space: number,
    first: number,
    count: number,
    tokens: number,
    importance: number,
    pinned: boolean,
    number = table.nextNumber,
  ): void {
    let next = number;
    for (let content = first; content < first + count; content++) {
      const parent = this.isPrefix ? table.entries.at(-1)?.page : undefined;
      const isSame = (page: NaivePage): boolean =>
        page.parent === parent && page.space === space && page.content === content;
      let page = this.pages.find((known) => isSame(known) && (this.isPrefix || space !== ownSpace));
      if (page === undefined) {
        page = {
          id: this.nextId++,
          parent,
          space,
          content,
          tokens,
          isResident: false,
          isSeen: false,
          importance,
          accesses: 0,
          lastAccessUs: 0,
        };
        this.pages.push(page);
      }
      table.entries.push({ page, number: next++, importance, pinned, accesses: 0 });
      this.updateImportance(page);
    }
    table.nextNumber = Math.max(table.nextNumber, next);
  }

  truncate(table: NaiveTable, pages: number): void {
    while (table.entries.length > pages) this.remove(table, table.entries.length - 1, false);
  }

  takeOut(table: NaiveTable, numbers: readonly number[], free: boolean): void {
    const isLeaving = ({ number }: NaiveTable['entries'][number]): boolean => numbers.includes(number);
    if (!this.isPrefix) {
      for (const number of numbers.toReversed()) this.remove(table, this.indexOf(table, number), free);
      return;
    }
    const from = this.indexOf(table, numbers[0]!);
    const behind = table.entries.slice(from);
    for (const entry of behind.toReversed())
      this.remove(table, table.entries.length - 1, free && isLeaving(entry));
    for (const entry of behind) {
      const { page, number, importance, pinned } = entry;
      if (!isLeaving(entry))
        this.append(table, page.space, page.content, 1, page.tokens, importance, pinned, number);
    }
  }

  setImportance(table: NaiveTable, number: number, importance: number): boolean {
    const entry = table.entries[this.indexOf(table, number)];
    if (entry === undefined) return false;
    entry.importance = importance;
    this.updateImportance(entry.page);
    return true;
  }

  setPinned(table: NaiveTable, number: number, pinned: boolean): boolean {
    const entry = table.entries[this.indexOf(table, number)];
    if (entry === undefined) return false;
    entry.pinned = pinned;
    return true;
  }

  release(table: NaiveTable): void {
    this.end(table);
    while (table.entries.length > 0) this.remove(table, table.entries.length - 1, !this.isPrefix);
  }

  begin(table: NaiveTable, room: number, nowUs: number): 'begun' | 'waits' | 'too-large' {
    const { capacity } = this.options;
    // What stands twice is held once, where a page is its content.
    const pages = table.entries.map(({ page }) => page);
    const held = this.isPrefix ? pages : [...new Set(pages)];
    const promptTokens = held.reduce((sum, { tokens }) => sum + tokens, 0);
    if (promptTokens + room > capacity) return 'too-large';
    const missing = this.missing(table.entries);
    table.room = room;
    if (this.pinnedTokens() + this.roomTokens() + missing > capacity) {
      table.room = -1;
      return 'waits';
    }
    this.use(table.entries, missing, nowUs);
    return 'begun';
  }

  beginBypassed(table: NaiveTable): void {
    const kinds = this.kinds(table.entries);
    this.tell(
      table.entries,
      kinds.map((kind) => (kind === 'cached' ? 'hole' : kind)),
    );
    for (const { page } of table.entries) page.isSeen = true;
    table.room = 0;
    table.isBypassed = true;
  }

  end(table: NaiveTable): void {
    table.room = -1;
    table.isBypassed = false;
  }

  /** An answer joins the prompt of a call that has just ended. */
  appendResident(
    table: NaiveTable,
    space: number,
    content: number,
    tokens: number,
    importance: number,
    nowUs: number,
  ): void {
    this.append(table, space, content, 1, tokens, importance, false);
    const entry = table.entries.at(-1)!;
    const { page } = entry;
    if (page.parent?.isResident === false) return;
    const missing = page.isResident ? 0 : page.tokens;
    // As if a call ran: what it stands on must not leave for it.
    table.room = 0;
    if (this.pinnedTokens() + this.roomTokens() + missing <= this.options.capacity) {
      this.makeRoom(missing);
      this.access(entry, nowUs);
    }
    table.room = -1;
  }

  touch(table: NaiveTable, number: number, nowUs: number): 'touched' | 'unknown' | 'waits' {
    const index = this.indexOf(table, number);
    if (index < 0) return 'unknown';
    const used = table.entries.slice(this.isPrefix ? 0 : index, index + 1);
    const missing = this.missing(used);
    if (this.pinnedTokens(used) + this.roomTokens() + missing > this.options.capacity) return 'waits';
    this.use(used, missing, nowUs, used);
    return 'touched';
  }

  // ---- Counting ------------------------------------------------------------------------------------------------------

  /** What a use of these entries finds, page by page. */
  private kinds(entries: readonly Entry[]): ('cached' | 'hole' | 'compulsory' | 'capacity')[] {
    let isUsable = true;
    const met = new Set<NaivePage>();
    return entries.map(({ page }) => {
      const isThere = page.isResident || met.has(page);
      met.add(page);
      if (isThere) return isUsable ? 'cached' : 'hole';
      if (this.isPrefix) isUsable = false;
      return page.isSeen ? 'capacity' : 'compulsory';
    });
  }

  private missing(entries: readonly Entry[]): number {
    const pages = new Set(entries.map(({ page }) => page).filter(({ isResident }) => !isResident));
    return [...pages].reduce((sum, { tokens }) => sum + tokens, 0);
  }

  private isPinned(page: NaivePage, used: readonly Entry[]): boolean {
    if (used.some((entry) => entry.page === page)) return true;
    return this.tables.some(({ entries, room, isBypassed }) => {
      const isCalled = room >= 0 && !isBypassed;
      return entries.some((entry, index) => {
        if (entry.page !== page) return false;
        return (
          isCalled || entry.pinned || (this.isPrefix && entries.slice(index).some(({ pinned }) => pinned))
        );
      });
    });
  }

  /** `used`: pinned beside the rest for the time of one access. */
  private pinnedTokens(used: readonly Entry[] = []): number {
    return this.pages.reduce(
      (sum, page) => sum + (page.isResident && this.isPinned(page, used) ? page.tokens : 0),
      0,
    );
  }

  private roomTokens(): number {
    return this.tables.reduce((sum, { room }) => sum + Math.max(0, room), 0);
  }

  // ---- Moving --------------------------------------------------------------------------------------------------------

  private use(entries: readonly Entry[], missing: number, nowUs: number, used: readonly Entry[] = []): void {
    this.tell(entries, this.kinds(entries));
    this.makeRoom(missing, used);
    // The tail of a prefix is the colder end.
    for (const entry of this.isPrefix ? [...entries].reverse() : entries) this.access(entry, nowUs);
  }

  private access(entry: Entry, nowUs: number): void {
    const { page } = entry;
    entry.accesses++;
    page.accesses++;
    page.lastAccessUs = nowUs;
    page.isSeen = true;
    if (!page.isResident) {
      page.isResident = true;
      this.loaded.push(page.id);
      this.queue.push(page);
    } else if (this.options.paging !== 'fifo') {
      this.queue = this.queue.filter((other) => other !== page);
      this.queue.push(page);
    }
  }

  private tell(entries: readonly Entry[], kinds: readonly string[]): void {
    for (const kind of ['compulsory', 'capacity', 'hole']) {
      const pages = entries.filter((_, index) => kinds[index] === kind).map(({ page }) => page);
      if (pages.length > 0)
        this.faults.push(
          `${kind} ${pages.length} pages ${pages.reduce((sum, { tokens }) => sum + tokens, 0)} tokens`,
        );
    }
  }

  private makeRoom(missing: number, used: readonly Entry[] = []): void {
    const held = (): number =>
      this.pages.reduce((sum, { isResident, tokens }) => sum + (isResident ? tokens : 0), 0);
    while (held() + this.roomTokens() + missing > this.options.capacity) {
      const eligible = this.queue.filter((page) => {
        if (this.isPinned(page, used)) return false;
        return (
          this.options.victims === 'any' ||
          !this.pages.some((child) => child.parent === page && child.isResident)
        );
      });
      const victim = this.options.paging === 'importance-lru' ? largestKey(eligible) : eligible[0];
      if (victim === undefined) throw new Error('nothing can leave');
      this.evicted.push(victim.id);
      this.leave(victim);
    }
  }

  private leave(page: NaivePage): void {
    page.isResident = false;
    this.queue = this.queue.filter((other) => other !== page);
    this.forget();
  }

  private remove(table: NaiveTable, index: number, free: boolean): void {
    const [entry] = table.entries.splice(index, 1) as [Entry];
    const { page } = entry;
    if (this.users(page).length > 0) {
      page.accesses -= entry.accesses;
      this.updateImportance(page);
      return;
    }
    const isBare = !this.pages.some((child) => child.parent === page && child.isResident);
    if ((free || page.space === ownSpace) && isBare && page.isResident) {
      this.freed.push(page.id);
      this.leave(page);
    }
    this.forget();
  }

  /** What nobody uses, is not resident and has nothing behind it is not known any more, unless it was seen and may come back. */
  private forget(): void {
    for (;;) {
      const kept = this.pages.filter(
        (page) =>
          page.isResident ||
          this.users(page).length > 0 ||
          (page.isSeen && page.space !== ownSpace) ||
          this.pages.some(({ parent }) => parent === page),
      );
      if (kept.length === this.pages.length) return;
      this.pages = kept;
    }
  }

  private users(page: NaivePage): Entry[] {
    return this.tables.flatMap(({ entries }) => entries.filter((entry) => entry.page === page));
  }

  private updateImportance(page: NaivePage): void {
    const users = this.users(page);
    if (users.length > 0) page.importance = Math.max(...users.map(({ importance }) => importance));
  }

  private indexOf(table: NaiveTable, number: number): number {
    return table.entries.findIndex((entry) => entry.number === number);
  }
}

/** Of the default formula, without what is common to all pages: design, section 5. */
function largestKey(pages: readonly NaivePage[]): NaivePage | undefined {
  const key = ({ accesses, importance, lastAccessUs }: NaivePage): number =>
    0.3 / (accesses + 1) - 0.3 * importance - (0.4 * lastAccessUs) / 3.6e9;
  let best: NaivePage | undefined;
  for (const page of pages) {
    if (best === undefined || key(page) > key(best) || (key(page) === key(best) && page.id < best.id))
      best = page;
  }
  return best;
}
