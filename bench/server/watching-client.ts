/** Watches one run over a WebSocket, is cut off and comes back, and checks that nothing is missing, told twice or out of order. */
import { WebSocket } from 'ws';

import { parseEventId } from '../../src/agents/traces/watch-event.ts';

interface Told {
  readonly id?: string;
  readonly type: string;
  readonly atUs: number;
  readonly pid: number;
  readonly n: number;
  readonly index: number;
  readonly offset: number;
  readonly text: string;
  readonly questionId: string;
  readonly steps: readonly {
    readonly pid: number;
    readonly n: number;
    readonly text?: string;
    readonly asks?: { readonly questionId: string };
  }[];
}

/** Of all clients together. */
export interface Tally {
  events: number;
  frames: number;
  numbered: number;
  reconnects: number;
  /** What was wrong, one line each. */
  readonly faults: string[];
  /** From what an event tells until it is read, ms; of connections that have caught up. */
  readonly delaysMs: number[];
}

export class WatchingClient {
  readonly run: string;
  /** The run has ended, and everything was told. */
  isOver = false;
  /** Of the last numbered event. */
  number = 0;
  private readonly url: string;
  private readonly tally: Tally;
  private readonly onOver: () => void;
  private readonly onQuestion: (id: string) => void;
  private onOpen: () => void = () => {};
  private socket: WebSocket | undefined;
  private lastId: string | undefined;
  private texts = new Map<string, string>();
  /** Events of before it was connected are no measure of how fast they come. */
  private connectedUs = Infinity;

  constructor(
    url: string,
    run: string,
    tally: Tally,
    { onOver, onQuestion }: { readonly onOver: () => void; readonly onQuestion: (id: string) => void },
  ) {
    this.url = url.replace('http', 'ws');
    this.run = run;
    this.tally = tally;
    this.onOver = onOver;
    this.onQuestion = onQuestion;
  }

  connect(): void {
    const after = this.lastId === undefined ? '' : `?after=${this.lastId}`;
    const socket = new WebSocket(`${this.url}/api/traces/${this.run}/watch${after}`, {
      perMessageDeflate: false,
    });
    this.socket = socket;
    this.connectedUs = Infinity;
    socket.on('open', () => {
      this.connectedUs = nowUs();
      if (socket === this.socket) this.onOpen();
    });
    socket.on('message', (data: Buffer) => {
      if (socket !== this.socket) return;
      this.tally.frames++;
      const events = JSON.parse(data.toString()) as readonly Told[];
      const readUs = nowUs();
      for (const event of events) this.told(event, readUs);
    });
    socket.on('error', (error) => {
      if (socket === this.socket) this.fault(error.message);
    });
    socket.on('close', (code, reason) => {
      if (socket !== this.socket || this.isOver) return;
      this.fault(`closed with ${code} ${reason.toString()}`);
      setTimeout(() => this.connect(), 50);
    });
  }

  /** Resolves when it watches. */
  watching(): Promise<void> {
    return new Promise((resolve) => {
      this.onOpen = resolve;
      this.connect();
    });
  }

  /** The connection breaks, and another is made. */
  reconnect(): void {
    this.tally.reconnects++;
    this.close();
    this.connect();
  }

  close(): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.terminate();
  }

  private told(event: Told, readUs: number): void {
    const { id, type, atUs, pid, n, index } = event;
    if (id === undefined) return this.fault(`told ${type}`);
    this.tally.events++;
    if (atUs > this.connectedUs) this.tally.delaysMs.push((readUs - atUs) / 1_000);
    this.lastId = id;
    const place = parseEventId(id)!;
    const key = `${pid} ${n} ${index}`;
    if (place.live === undefined) {
      this.tally.numbered++;
      if (place.number !== this.number + 1) this.fault(`${place.number} comes behind ${this.number}`);
      this.number = place.number;
      this.texts.delete(key);
      if (type !== 'trace_completed') return;
      this.isOver = true;
      return this.onOver();
    }
    if (place.number !== this.number) this.fault(`${id} comes behind ${this.number}`);
    if (type === 'awaiting_user_action') this.onQuestion(event.questionId);
    else if (type === 'under_way') {
      for (const { asks } of event.steps) if (asks !== undefined) this.onQuestion(asks.questionId);
      this.texts = new Map(event.steps.map((step) => [`${step.pid} ${step.n} 0`, step.text ?? '']));
    } else if (type === 'step_started') this.texts.set(key, '');
    else if (type === 'text_delta') {
      const known = this.texts.get(key) ?? '';
      if (known.length !== event.offset) this.fault(`${id} begins at ${event.offset}, not ${known.length}`);
      this.texts.set(key, known + event.text);
    }
  }

  private fault(what: string): void {
    this.tally.faults.push(`${this.run}: ${what}`);
  }
}

const nowUs = (): number => (performance.timeOrigin + performance.now()) * 1_000;
