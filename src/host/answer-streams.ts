import type { Pid } from '../kernel/ids.ts';
import type { CallIdentity, CallStart } from '../kernel/requests.ts';
import type { ModelDelta } from './ports.ts';

/** A piece of an answer, numbered within its call without gaps, from 0. */
export interface NumberedDelta {
  /** Whose, in the kernel. */
  readonly pid: Pid;
  readonly call: CallIdentity;
  /** Its answer joins no prompt: a reflection, a critique, a summary. */
  readonly aside: boolean;
  /** How often the answer has begun anew, because its call was stopped and its model cannot go on: what earlier stretches said is void. */
  readonly stretch: number;
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

/** `continues`: behind what a stopped stretch of the call said. */
type AnsweredCall = Pick<CallStart, 'pid' | 'identity' | 'aside' | 'continues'>;

/**
 * The answers under way, fanned out to whoever watches. Deltas are no inputs of the kernel: who comes late, or again, gets the text so far and goes on with the numbers behind it.
 */
export class AnswerStreams {
  private readonly streams = new Map<
    number,
    { call: CallIdentity; aside: boolean; stretch: number; next: number; texts: string[]; isOver: boolean }
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
    if (stream === undefined || stream.isOver) return undefined;
    return { call: stream.call, next: stream.next, text: stream.texts.join('') };
  }

  begin({ pid, identity: call, aside, continues: goesOn }: AnsweredCall): void {
    const before = this.streams.get(pid);
    const isSame = before?.call.n === call.n;
    const [stretch, next] = isSame ? [before.stretch + (goesOn ? 0 : 1), before.next] : [0, 0];
    const texts = isSame && goesOn ? before.texts : [];
    this.streams.set(pid, { call, aside, stretch, next, texts, isOver: false });
  }

  tell({ pid, identity: call }: AnsweredCall, delta: ModelDelta): void {
    const stream = this.streams.get(pid);
    // What comes behind the end of its call is nobody's.
    if (stream?.call !== call || stream.isOver) return;
    if (delta.type === 'text') stream.texts.push(delta.text);
    const { aside, stretch } = stream;
    const numbered = { pid, call, aside, stretch, number: stream.next++, delta };
    for (const listener of this.listeners) listener(numbered);
  }

  end({ pid, identity: call }: AnsweredCall): void {
    const stream = this.streams.get(pid);
    if (stream?.call !== call) return;
    stream.isOver = true;
  }

  /** The process asks for nothing more. */
  forget(pid: number): void {
    this.streams.delete(pid);
  }
}
