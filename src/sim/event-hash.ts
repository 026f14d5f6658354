import { Sha256 } from '../base/sha256.ts';
import type { KernelEvent } from '../kernel/events.ts';

/** One line of an event log. */
export const eventLine = (event: KernelEvent): string => `${JSON.stringify(event)}\n`;

/** The SHA-256 of an event log as it would stand in a file, one JSON document a line: two runs are the same when their logs are, to the byte. */
export class EventHash {
  private readonly hash = new Sha256();
  /** Events so far. */
  count = 0;

  add(event: KernelEvent): void {
    this.count++;
    this.hash.update(eventLine(event));
  }

  /** 64 hex digits; nothing can be added afterwards. */
  digest(): string {
    return this.hash.digestHex();
  }
}
