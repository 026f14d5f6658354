/** Watching by server-sent events (HTML, 9.2): each event with its id, so that a browser that connects again says where it was. */
import type { Watcher, WatchEnd, WatchSink } from './watcher.ts';
import { goodbye } from './web-socket.ts';

/** What a browser waits before it connects again, ms. */
const retryMs = 1_000;
/** Between comments, which keep whatever stands between from taking the connection for dead. */
const commentMs = 15_000;
/** Bytes that the stream is asked for ahead. */
const aheadBytes = 65_536;

export function eventStream(watcher: Watcher): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(Buffer.from(`retry: ${retryMs}\n\n`));
        watcher.connect(new StreamSink(controller));
      },
      pull: () => watcher.pump(),
      cancel: () => watcher.end('gone'),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: aheadBytes }),
  );
}

class StreamSink implements WatchSink {
  readonly form = 'stream';
  private readonly controller: ReadableStreamDefaultController<Uint8Array>;
  private saidMs: number | undefined;

  constructor(controller: ReadableStreamDefaultController<Uint8Array>) {
    this.controller = controller;
  }

  get held(): number {
    return aheadBytes - (this.controller.desiredSize ?? aheadBytes);
  }

  send(data: Buffer): void {
    this.controller.enqueue(data);
  }

  end(why: WatchEnd, resumeId: string | undefined): void {
    if (why === 'gone') return;
    // Nothing that is said would be read.
    if (why === 'slow') return this.controller.error(new Error('the watcher reads too slowly'));
    if (why === 'failed' || why === 'shutdown') this.send(Buffer.from(`data: ${goodbye(why, resumeId)}\n\n`));
    this.controller.close();
  }

  beat(nowMs: number): void {
    this.saidMs ??= nowMs;
    if (nowMs - this.saidMs < commentMs || this.held > 0) return;
    this.saidMs = nowMs;
    this.send(comment);
  }
}

const comment = Buffer.from(':\n\n');
