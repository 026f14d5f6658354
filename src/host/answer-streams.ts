import type { CallIdentity } from '../kernel/requests.ts';
import type { ModelDelta } from './ports.ts';

/** A piece of an answer, numbered within its call without gaps, from 0. */
export interface NumberedDelta {
  readonly call: CallIdentity;
  /** Its answer joins no prompt: a reflection, a critique, a summary. */
  readonly aside: boolean;
  readonly number: number;
  readonly delta: ModelDelta;
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

  begin(call: CallIdentity, aside: boolean): void {
    this.streams.set(call.pid, { call, aside, next: 0, texts: [] });
  }

  tell(call: CallIdentity, delta: ModelDelta): void {
    const stream = this.streams.get(call.pid);
    // What comes behind the end of its call is nobody's.
    if (stream?.call !== call) return;
    if (delta.type === 'text') stream.texts.push(delta.text);
    const numbered = { call, aside: stream.aside, number: stream.next++, delta };
    for (const listener of this.listeners) listener(numbered);
  }

  end(call: CallIdentity): void {
    if (this.streams.get(call.pid)?.call === call) this.streams.delete(call.pid);
  }
}
