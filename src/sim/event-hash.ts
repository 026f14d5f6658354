import { Sha256 } from '../base/sha256.ts';
import type { KernelEvent } from '../kernel/events.ts';

/** One line of an event log. */
export const eventLine = (event: KernelEvent): string => `${JSON.stringify(event)}\n`;

/** A SHA-256 of texts that come one after the other; a surrogate pair is never split between two. */
export interface TextHash {
  update(text: string): unknown;
  /** 64 hex digits; once, at the end. */
  digestHex(): string;
}

const charactersAtOnce = 16_384;

/** The SHA-256 of an event log as it would stand in a file, one JSON document a line: two runs are the same when their logs are, to the byte. */
export class EventHash {
  private readonly hash: TextHash;
  /** Lines that are not hashed yet: many at once, because the hash takes a text by whole blocks, but its ends character by character. */
  private lines = '';
  /** Events so far. */
  count = 0;

  /** `hash`: by default the one that runs everywhere. */
  constructor(hash: TextHash = new Sha256()) {
    this.hash = hash;
  }

  add(event: KernelEvent): void {
    this.count++;
    this.lines += eventLine(event);
    if (this.lines.length >= charactersAtOnce) this.flush();
  }

  /** 64 hex digits; nothing can be added afterwards. */
  digest(): string {
    this.flush();
    return this.hash.digestHex();
  }

  private flush(): void {
    this.hash.update(this.lines);
    this.lines = '';
  }
}
