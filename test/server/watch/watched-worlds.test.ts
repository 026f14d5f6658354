/** Property: whatever happens in the runs of a kernel, whenever watchers are cut off and come back, and whenever the server begins anew, each of them is told every event once, in order. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import { BranchEvents } from '../../../src/agents/traces/branch-events.ts';
import { parseEventId } from '../../../src/agents/traces/watch-event.ts';
import type { Input } from '../../../src/kernel/inputs.ts';
import { MemoryStore } from '../../../src/kernel/memory-store.ts';
import type { StepOutput } from '../../../src/kernel/outbox.ts';
import { RunWatches } from '../../../src/server/watch/run-watches.ts';
import type { Watcher, WatchEnd, WatchSink } from '../../../src/server/watch/watcher.ts';
import { Draw } from '../../sim/random-draw.ts';
import { runWorld } from '../../sim/random-world.ts';
import { seedCount } from '../../support/seeds.ts';

interface Told {
  readonly id: string;
  readonly type: string;
  readonly pid?: number;
  readonly n?: number;
  readonly index?: number;
  readonly offset?: number;
  readonly text?: string;
  readonly steps?: readonly { readonly pid: number; readonly n: number; readonly text?: string }[];
}

/** A client of one run: what it has got over all its connections. */
class Client {
  readonly run: string;
  readonly numbered: string[] = [];
  readonly seen = new Map<string, number>();
  /** Pieces of answers that were told twice or are missing. */
  readonly faults: string[] = [];
  lastId: string | undefined;
  end: WatchEnd | undefined;
  /** Frames that are under way to it. */
  frames: (readonly Told[])[] = [];
  watcher: Watcher | undefined;
  isComing = false;
  /** What it knows of answers under way. */
  private texts = new Map<string, string>();

  constructor(run: string) {
    this.run = run;
  }

  /** Takes the first `count` of the frames under way; the others are lost. */
  take(count: number): void {
    for (const frame of this.frames.splice(0, count)) for (const event of frame) this.told(event);
    this.watcher?.pump();
  }

  private told(event: Told): void {
    const { id, type, pid, n, index } = event;
    this.lastId = id;
    this.seen.set(type, (this.seen.get(type) ?? 0) + 1);
    const key = `${pid} ${n} ${index}`;
    if (parseEventId(id)!.live === undefined) {
      this.texts.delete(key);
      this.numbered.push(JSON.stringify({ ...event }));
    } else if (type === 'under_way')
      this.texts = new Map(event.steps!.map((step) => [`${step.pid} ${step.n} 0`, step.text ?? '']));
    else if (type === 'step_started') this.texts.set(key, '');
    else if (type === 'llm_call_restarted') this.texts.set(key, '');
    else if (type === 'text_delta') {
      const known = this.texts.get(key);
      if (known?.length !== event.offset) this.faults.push(`${id} ${key}: ${event.offset}, ${known?.length}`);
      this.texts.set(key, `${known}${event.text}`);
    }
  }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Server {
  readonly watches: RunWatches;
  readonly errors: unknown[] = [];

  constructor(store: MemoryStore, draw: Draw) {
    const late = async <Result>(read: () => Result): Promise<Result> => {
      while (draw.chance(0.4)) await tick();
      return read();
    };
    this.watches = new RunWatches({
      storage: {
        branches: (run) => late(() => store.branches(run)),
        records: (run, branch) => late(() => store.records(run, branch)),
        ledger: (filter) => late(() => store.ledger(filter)),
      },
      nowUs: () => (clockUs += 1),
      onError: (error) => this.errors.push(error),
      tail: draw.chance(0.7) ? 500 : 100_000,
      lingerMs: 0,
    });
  }

  async connect(client: Client): Promise<void> {
    client.isComing = true;
    const { lastId } = client;
    const after = lastId === undefined ? undefined : parseEventId(lastId);
    const watcher = await this.watches.watch(client.run, { after });
    client.isComing = false;
    if (typeof watcher === 'string') throw new Error(`${client.run} ${lastId}: ${watcher}`);
    client.frames = [];
    client.watcher = watcher;
    watcher.connect(new FakeSink(client, watcher));
  }
}

let clockUs = 1_000_000;

class FakeSink implements WatchSink {
  readonly form = 'array';
  private readonly client: Client;
  private readonly watcher: Watcher;

  constructor(client: Client, watcher: Watcher) {
    this.client = client;
    this.watcher = watcher;
  }

  /** Who does not take what is sent is given no more. */
  get held(): number {
    return this.client.frames.length > 2 ? Infinity : 0;
  }

  private get isCurrent(): boolean {
    return this.client.watcher === this.watcher;
  }

  send(data: Buffer): void {
    if (this.isCurrent) this.client.frames.push(JSON.parse(data.toString()) as readonly Told[]);
  }

  end(why: WatchEnd): void {
    if (!this.isCurrent) return;
    this.client.end = why;
    this.client.watcher = undefined;
  }

  beat(): void {}
}

interface Taken {
  readonly output: StepOutput;
  readonly input: Input;
}

function worldOf(seed: number): readonly Taken[] {
  const taken: Taken[] = [];
  runWorld(seed, {
    alter: (setup) => ({ ...setup, kernel: { ...setup.kernel, records: true } }),
    onOutput: ({ records, requests, events, hasEnds }, input) =>
      taken.push({ output: { records, requests, events, hasEnds }, input }),
  });
  return taken;
}

/** What storage alone says, from the start. */
function storedEvents(store: MemoryStore, run: string): readonly string[] {
  const events: string[] = [];
  const [started] = store.branches(run);
  const fold = new BranchEvents(started!, undefined, ({ number, atUs, body }) =>
    events.push(JSON.stringify({ id: String(number), atUs, ...body })),
  );
  for (const record of store.ledger({ run })) fold.settled(record);
  for (const record of store.records(run, 'main')) fold.take(record);
  return events;
}

async function play(seed: number, seen: Map<string, number>): Promise<void> {
  const draw = new Draw(rngFor(seed, 'watched'));
  const store = new MemoryStore();
  const clients: Client[] = [];
  let server = new Server(store, draw);
  const coming: Promise<void>[] = [];
  const come = (client: Client): void => {
    if (client.watcher === undefined && !client.isComing && client.end !== 'over')
      coming.push(server.connect(client));
  };
  for (const { output, input } of worldOf(seed)) {
    store.append(output.records);
    server.watches.kept(output, input);
    for (const record of output.records)
      if (record.type === 'run.started')
        for (let count = draw.between(0, 2); count > 0; count--) clients.push(new Client(record.run));
    for (const request of output.requests)
      if (request.type === 'call.start')
        for (let count = draw.between(0, 3); count > 0; count--)
          server.watches.told({
            call: request.identity,
            delta: { type: 'text', text: `a piece ${count} of an answer ` },
          });
    if (draw.chance(0.3)) await tick();
    for (const client of clients) {
      if (draw.chance(0.3)) client.take(draw.between(0, 3));
      if (draw.chance(0.05)) {
        // Some of what was sent arrived.
        client.take(draw.between(0, client.frames.length));
        client.frames = [];
        client.watcher?.end('gone');
        client.watcher = undefined;
        client.end = undefined;
      }
      if (draw.chance(0.2)) come(client);
    }
    if (draw.chance(0.02)) {
      await Promise.all(coming);
      expect(server.errors).toEqual([]);
      const why = draw.chance(0.5) ? 'shutdown' : 'failed';
      server.watches.close(why);
      for (const client of clients) {
        client.take(draw.between(0, client.frames.length));
        client.frames = [];
        client.end = undefined;
      }
      server = new Server(store, draw);
    }
  }
  for (const client of clients) {
    for (let tries = 0; client.end !== 'over'; tries++) {
      expect(tries).toBeLessThan(1_000);
      client.take(client.frames.length);
      come(client);
      await tick();
    }
    client.take(client.frames.length);
  }
  await Promise.all(coming);
  expect(server.errors).toEqual([]);
  for (const client of clients) {
    expect(client.faults, `seed ${seed}`).toEqual([]);
    expect(client.numbered, `seed ${seed} ${client.run}`).toEqual(storedEvents(store, client.run));
    for (const [type, count] of client.seen) seen.set(type, (seen.get(type) ?? 0) + count);
  }
}

test('every watcher is told every event once, in order, whenever it is cut off and whenever the server begins anew', async () => {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= seedCount(5, 2_000); seed++) await play(seed, seen);
  for (const type of [
    'trace_started',
    'process_started',
    'llm_call_completed',
    'tool_result',
    'conclusion',
    'message_sent',
    'step_started',
    'text_delta',
    'tool_executing',
    'tool_ended',
    'awaiting_user_action',
    'under_way',
  ])
    expect(seen.get(type) ?? 0, type).toBeGreaterThan(0);
});
