/**
 * Watching over a WebSocket: each message is a JSON array of events, as many as have come. The other side has nothing to say: whatever it sends but pongs, few pings and the close ends the connection.
 */
import type { serve } from '@hono/node-server';
import { WebSocketServer, type WebSocket } from 'ws';

import type { Watcher, WatchEnd, WatchSink } from './watcher.ts';

/** Which of the protocols that a client offers is spoken; others are tokens (auth/authenticate.ts), which no answer repeats. */
const watchProtocol = 'ringzero.watch';

/** The server side of all WebSockets. What a client may send is small: frames and messages above a thousand bytes end its connection. */
export function webSocketServer(): WebSocketSide {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: 1_024,
    perMessageDeflate: false,
    clientTracking: false,
    // Who sends pings and reads no pongs would fill the memory.
    autoPong: false,
    handleProtocols: (offered) => (offered.has(watchProtocol) ? watchProtocol : false),
  });
  // Its types leave options open that are not.
  return server as unknown as WebSocketSide;
}

type WebSocketSide = NonNullable<Parameters<typeof serve>[0]['websocket']>['server'];

/** Between pings; who has not answered one when the next is due is gone. */
const pingMs = 15_000;
/** Of the other side, between two beats. */
const mostPings = 10;
/** For the other side to take what was said last, ms. */
const goodbyeMs = 1_000;

/** By RFC 6455, 7.4.1, and the registry of IANA. */
const closeCodes: Readonly<Record<WatchEnd, number>> = {
  over: 1_000,
  stopped: 1_000,
  gone: 1_000,
  failed: 1_011,
  shutdown: 1_012,
  slow: 1_013,
};

export class WebSocketSink implements WatchSink {
  readonly form = 'array';
  private readonly socket: WebSocket;
  private pingedMs: number | undefined;
  private isAnswered = true;
  private pings = 0;

  /** Connects `watcher` with `socket`. */
  constructor(socket: WebSocket, watcher: Watcher) {
    this.socket = socket;
    this.onSent = () => watcher.pump();
    socket.on('close', () => watcher.end('gone'));
    // A close follows.
    socket.on('error', () => {});
    socket.on('message', (_data, isBinary) => {
      socket.close(isBinary ? 1_003 : 1_008, 'there is nothing to be said here');
      this.terminateSoon();
      watcher.end('gone');
    });
    socket.on('pong', () => (this.isAnswered = true));
    socket.on('ping', (data: Buffer) => {
      if (++this.pings > mostPings) return socket.terminate();
      socket.pong(data, false, noop);
    });
    watcher.connect(this);
  }

  private readonly onSent: () => void;

  get held(): number {
    return this.socket.bufferedAmount;
  }

  send(data: Buffer): void {
    this.socket.send(data, { binary: false }, this.onSent);
  }

  end(why: WatchEnd, resumeId: string | undefined): void {
    const { socket } = this;
    if (why === 'gone') return;
    if (why === 'failed' || why === 'shutdown') this.send(Buffer.from(`[${goodbye(why, resumeId)}]`));
    socket.close(closeCodes[why], reasonOf(why, resumeId));
    if (why !== 'over' && why !== 'stopped') this.terminateSoon();
  }

  beat(nowMs: number): void {
    const { socket } = this;
    this.pings = 0;
    this.pingedMs ??= nowMs;
    if (nowMs - this.pingedMs < pingMs) return;
    if (!this.isAnswered) return socket.terminate();
    this.pingedMs = nowMs;
    this.isAnswered = false;
    socket.ping(undefined, false, noop);
  }

  private terminateSoon(): void {
    setTimeout(() => this.socket.terminate(), goodbyeMs).unref();
  }
}

/** Told in place of an event, without an id, where a connection ends before its run. */
export function goodbye(why: WatchEnd, resumeId: string | undefined): string {
  return JSON.stringify({ type: 'watch_ended', why, resume: resumeId ?? '0' });
}

/** At most 123 bytes. */
function reasonOf(why: WatchEnd, resumeId: string | undefined): string {
  const reason = resumeId === undefined || why === 'over' ? why : `${why}; after=${resumeId}`;
  return reason.length <= 123 ? reason : why;
}

const noop = (): void => {};
