import { messageOfPage, type Message } from './messages.ts';

/** The messages that pages hold, by the hashes of the pages' texts. A text is read when the first prompt has it, and once: the prompts behind it have it again, and a page that no model is asked with costs nothing. */
export class PageMessages {
  private readonly pages = new Map<string, string | Message>();
  /** By run, what it has told; by hash, how many runs have. */
  private readonly runs = new Map<string, Set<string>>();
  private readonly uses = new Map<string, number>();

  /** `run`: whose it is; absent: it stays. */
  add(hash: string, text: string, run = ''): void {
    if (!this.pages.has(hash)) this.pages.set(hash, text);
    let told = this.runs.get(run);
    if (told === undefined) this.runs.set(run, (told = new Set()));
    if (told.has(hash)) return;
    told.add(hash);
    this.uses.set(hash, (this.uses.get(hash) ?? 0) + 1);
  }

  /** undefined: nobody has told that text here. */
  of(hash: string): Message | undefined {
    const page = this.pages.get(hash);
    if (typeof page !== 'string') return page;
    const message = messageOfPage(page);
    this.pages.set(hash, message);
    return message;
  }

  /** Lets go of what only `run` has told. */
  release(run: string): void {
    for (const hash of this.runs.get(run) ?? []) {
      const left = this.uses.get(hash)! - 1;
      if (left > 0) this.uses.set(hash, left);
      else {
        this.uses.delete(hash);
        this.pages.delete(hash);
      }
    }
    this.runs.delete(run);
  }

  /** How many texts there are. */
  get size(): number {
    return this.pages.size;
  }
}
