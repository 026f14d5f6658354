/**
 * One watcher of a run: its events in order, none lost, however slowly it reads. Nobody can be made to wait for it, so what it has not read is kept; pieces of text that follow one another
 * in one answer are kept as one piece, so that a lagging reader costs no more than the text and the events of the trace itself.
 */
import { Ring } from '../../base/ring.ts';
import { isTraceEnd, type TraceEvent } from './trace.ts';

type TextDelta = Extract<TraceEvent, { readonly type: 'text_delta' }>;
/** The text of a piece that nobody has read yet may grow. */
type UnreadDelta = { -readonly [Field in keyof TextDelta]: TextDelta[Field] };

export class EventReader implements AsyncIterableIterator<TraceEvent> {
  private readonly queue = new Ring<TraceEvent>();
  private readonly waiting = new Ring<(result: IteratorResult<TraceEvent>) => void>();
  /** Behind the last event of another kind, by step: pieces of different answers have no order among them, all else keeps its own. */
  private readonly unread = new Map<number, UnreadDelta>();
  private readonly onReturn: () => void;
  private isEnded = false;

  /** `onReturn`: the reader wants no more. */
  constructor(onReturn: () => void) {
    this.onReturn = onReturn;
  }

  /** Events that wait to be read. */
  get length(): number {
    return this.queue.length;
  }

  push(event: TraceEvent): void {
    if (this.isEnded) return;
    if (isTraceEnd(event)) this.isEnded = true;
    const reader = this.waiting.shift();
    if (reader !== undefined) {
      reader({ done: false, value: event });
      if (this.isEnded) this.dismiss();
      return;
    }
    if (event.type !== 'text_delta') this.unread.clear();
    else {
      const last = this.unread.get(event.step);
      if (last !== undefined) {
        last.text += event.text;
        return;
      }
      const unread = { ...event };
      this.unread.set(event.step, unread);
      this.queue.push(unread);
      return;
    }
    this.queue.push(event);
  }

  /** Nothing more comes; what waits can still be read. */
  end(): void {
    this.isEnded = true;
    this.dismiss();
  }

  next(): Promise<IteratorResult<TraceEvent>> {
    const event = this.queue.shift();
    if (event !== undefined) {
      // Who has it must not see it grow.
      if (event.type === 'text_delta' && this.unread.get(event.step) === event)
        this.unread.delete(event.step);
      return Promise.resolve({ done: false, value: event });
    }
    if (this.isEnded) return Promise.resolve(over);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  return(): Promise<IteratorResult<TraceEvent>> {
    while (this.queue.shift() !== undefined);
    this.unread.clear();
    this.end();
    this.onReturn();
    return Promise.resolve(over);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private dismiss(): void {
    for (let reader = this.waiting.shift(); reader !== undefined; reader = this.waiting.shift()) reader(over);
  }
}

const over: IteratorResult<TraceEvent> = { done: true, value: undefined };
