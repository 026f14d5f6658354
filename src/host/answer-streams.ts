import type { CallIdentity } from '../kernel/requests.ts';
import type { ModelDelta } from './ports.ts';

/** A piece of an answer, numbered within its call without gaps, from 0. */
export interface NumberedDelta {
  readonly call: CallIdentity;
  /** Its answer joins no prompt: a reflection, a critique, a summary. */
  readonly aside: boolean;
  readonly number: number;
  readonly delta: ModelDelta | Restart;
}
/** The call was stopped, and its model cannot go on: the answer begins anew, and what was told of it is void. */
interface Restart {
  readonly type: 'restart';
  readonly text: '';
}
export type DeltaListener = (delta: NumberedDelta) => void;

/** An answer under way. */
export interface AnswerSoFar {
  readonly call: CallIdentity;
  /** The number of the next delta: who has read this much of it goes on there. */
  readonly next: number;
  readonly text: string;
}

/**
 * The answers under way, fanned out to whoever watches. Deltas are no inputs of the kernel: who comes late, or again, gets the text so far and goes on with the numbers behind it.
 */
export class AnswerStreams {
  private readonly streams = new Map<
    number,
    { call: CallIdentity; aside: boolean; next: number; texts: string[] }
  >();
  private readonly listeners = new Set<DeltaListener>();

  /** Returns what ends the watching. */
  watch(listener: DeltaListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The answer that process `pid` is getting; undefined: none. */
  soFar(pid: number): AnswerSoFar | undefined {
    const stream = this.streams.get(pid);
    return stream && { call: stream.call, next: stream.next, text: stream.texts.join('') };
  }

  /** `goesOn`: behind what a stopped stretch of the call said. The numbers of a call go on in any case. */
  begin(call: CallIdentity, aside: boolean, goesOn: boolean): void {
    const { pid, n } = call;
    const before = this.streams.get(pid);
    const { next, texts } = before?.call.n === n ? before : { next: 0, texts: [] };
    this.streams.set(pid, { call, aside, next, texts: goesOn ? texts : [] });
    if (next > 0 && !goesOn) this.tell(call, { type: 'restart', text: '' });
  }

  tell(call: CallIdentity, delta: NumberedDelta['delta']): void {
    const stream = this.streams.get(call.pid);
    // What comes behind the end of its call is nobody's.
    if (stream?.call !== call) return;
    if (delta.type === 'text') stream.texts.push(delta.text);
    const numbered = { call, aside: stream.aside, number: stream.next++, delta };
    for (const listener of this.listeners) listener(numbered);
  }

  /** The answer of process `pid` is whole, or nobody waits for it any more. */
  end(pid: number): void {
    this.streams.delete(pid);
  }
}
