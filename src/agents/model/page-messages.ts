import { messageOfPage, type Message } from './messages.ts';

/** The messages that pages hold, by the hashes of the pages' texts. A text is read when the first prompt has it, and once: the prompts behind it have it again, and a page that no model is asked with costs nothing. */
export class PageMessages {
  private readonly pages = new Map<string, string | Message>();

  add(hash: string, text: string): void {
    this.pages.set(hash, text);
  }

  /** undefined: nobody has told that text here. */
  of(hash: string): Message | undefined {
    const page = this.pages.get(hash);
    if (typeof page !== 'string') return page;
    const message = messageOfPage(page);
    this.pages.set(hash, message);
    return message;
  }
}
