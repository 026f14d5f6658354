import type { EventBody, KernelEvent } from './events.ts';
import type { KernelRecord } from './records.ts';
import type { Request } from './requests.ts';

/** What one step returns. Arrays that hold something are the caller's; the next step has others. */
export interface StepOutput {
  readonly records: readonly KernelRecord[];
  readonly requests: readonly Request[];
  readonly events: readonly KernelEvent[];
  /** Some event says that a process terminated; there is no need to look for one otherwise. */
  readonly hasEnds: boolean;
}

/** Collects the output of a step and stamps events. */
export class Outbox implements StepOutput {
  records: KernelRecord[] = [];
  requests: Request[] = [];
  events: KernelEvent[] = [];
  hasEnds = false;
  /** Sequence number of the last event, from 1 without gaps. */
  seq = 0;
  nowUs = 0;

  clear(nowUs: number): void {
    this.nowUs = nowUs;
    this.hasEnds = false;
    // New ones, because shortening an array costs more than making one.
    if (this.records.length > 0) this.records = [];
    if (this.requests.length > 0) this.requests = [];
    if (this.events.length > 0) this.events = [];
  }

  /** For events off the hot path; there, literals are pushed whole, with the same members in the same order. */
  emit(body: EventBody): void {
    this.events.push({ seq: ++this.seq, atUs: this.nowUs, ...body });
  }
}
