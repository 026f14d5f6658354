/** What watchers read from: entries under numbers of their own, that only grow at their end and are let go of at their front. */
export interface WatchEntry {
  readonly id: string;
  /** The event as JSON, made once for all watchers. */
  readonly json: string;
  /** It tells what is under way: who is behind gets that whole when it has caught up. */
  readonly isLive: boolean;
  /** `stops`: who has been told everything up to here and what is there behind it is told no more; `goes-on`: not for what came before. */
  readonly mark: 'stops' | 'goes-on' | undefined;
  /** Length of all entries up to this one. */
  readonly upTo: number;
}

/** How events stand in what is sent: `array`: JSON, several in one message; `stream`: server-sent events. */
export type FrameForm = 'array' | 'stream';

export interface WatchSource {
  /** The numbers of the first entry that is there, and of the next one to come. */
  readonly first: number;
  readonly end: number;
  entry(index: number): WatchEntry;
  /** Those of `from` to before `to`, as they are sent. */
  frame(form: FrameForm, from: number, to: number): Buffer;
  /** What stands for the live entries that were passed over; undefined: there is nothing to say. */
  underWay(): WatchEntry | undefined;
  /** What stands for entries that are not there any more. */
  gap(from: number): WatchEntry;
  /** It may not know what is under way: that is to be waited for. */
  readonly isReady: boolean;
  /** Nothing more comes. */
  readonly isOver: boolean;
}

export function framed(form: FrameForm, entries: readonly WatchEntry[]): Buffer {
  if (form === 'array') return Buffer.from(`[${entries.map(({ json }) => json).join(',')}]`);
  return Buffer.from(entries.map(({ id, json }) => `id: ${id}\ndata: ${json}\n\n`).join(''));
}
