/** Watchers that send what no client should, do not read, or are gone: none crashes the server, holds more than it may, or leaves anything behind. */
import { connect, type Socket } from 'node:net';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { listen, type Listening } from '../../../src/server/listen.ts';
import { BranchEvents } from '../../../src/agents/traces/branch-events.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import type { Input } from '../../../src/kernel/inputs.ts';
import { MemoryStore } from '../../../src/kernel/memory-store.ts';
import type { KernelRecord } from '../../../src/kernel/records.ts';
import { RunWatches } from '../../../src/server/watch/run-watches.ts';
import type { WatchEnd, WatchSink } from '../../../src/server/watch/watcher.ts';
import { HostileServer, type Behaviour } from '../../support/hostile-server.ts';
import { openServer, type OpenServer } from '../../support/open-server.ts';

let model: HostileServer;
let server: OpenServer;
let port: Listening;
beforeEach(async () => {
  model = await HostileServer.start();
  server = await openServer({ words: ['--model', 'm', '--model-url', model.url, '--retries', '0'] });
  port = await listen(server.app, { host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await server.services.close(Promise.resolve());
  await port.close(0);
  await server[Symbol.asyncDispose]();
  await model.close();
});

const stalls: Behaviour = (exchange) => exchange.stall();
const mask = Buffer.from([1, 2, 3, 4]);

/** A frame as a client sends it, or not masked. */
function frame(first: number, payload: Buffer, { isMasked = true, claims = payload.length } = {}): Buffer {
  const length = claims < 126 ? Buffer.from([claims]) : Buffer.from([127, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (claims >= 126) length.writeBigUInt64BE(BigInt(claims), 1);
  if (!isMasked) return Buffer.concat([Buffer.from([first]), length, payload]);
  length[0]! |= 0x80;
  const masked = Buffer.from(payload.map((byte, index) => byte ^ mask[index % 4]!));
  return Buffer.concat([Buffer.from([first]), length, mask, masked]);
}

/** Resolves, to all that came, when the server has closed the connection. */
async function sends(path: string, bytes: (socket: Socket) => void): Promise<Buffer> {
  const { hostname, port: number } = new URL(port.url);
  const socket = connect(Number(number), hostname);
  const heard: Buffer[] = [];
  let isUpgraded = false;
  return new Promise((resolve) => {
    socket.on('data', (data) => {
      heard.push(data);
      if (!isUpgraded && Buffer.concat(heard).includes('\r\n\r\n')) {
        isUpgraded = true;
        bytes(socket);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(heard)));
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
  });
}

/** The code of the close that the server has sent; undefined: it has cut the connection off. */
function closeCode(heard: Buffer): number | undefined {
  for (let at = heard.length - 4; at >= 0; at--)
    if (heard[at] === 0x88 && at + 2 + heard.readUInt8(at + 1) === heard.length)
      return heard.readUInt16BE(at + 2);
  return undefined;
}

const many = (count: number, one: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => one));

test('hostile frames close their connection, and leave nothing behind', async () => {
  model.behave(stalls);
  const made = await server.post('/api/traces', { messages: [{ role: 'user', content: 'Go.' }] });
  const { trace_id: id } = (await made.json()) as { trace_id: string };
  const empty = Buffer.alloc(0);
  const cases: (readonly [string, Buffer, readonly (number | undefined)[]])[] = [
    ['a text', frame(0x81, Buffer.from('{}')), [1_008]],
    ['bytes', frame(0x82, Buffer.from('{}')), [1_003]],
    ['a large text', frame(0x81, Buffer.alloc(70_000)), [1_009]],
    ['a length of 2^60', frame(0x81, empty, { claims: 2 ** 60 }), [1_009]],
    ['no mask', frame(0x81, Buffer.from('x'), { isMasked: false }), [1_002]],
    ['no UTF-8', frame(0x81, Buffer.from([0xff, 0xfe])), [1_007]],
    ['a reserved bit', frame(0xf1, Buffer.from('x')), [1_002]],
    ['a reserved opcode', frame(0x83, Buffer.from('x')), [1_002]],
    ['a continuation of nothing', frame(0x80, Buffer.from('x')), [1_002]],
    [
      'fragments without end',
      Buffer.concat([frame(0x01, Buffer.from('x')), many(3_000, frame(0x00, Buffer.from('x')))]),
      [1_009, 1_008],
    ],
    ['a long ping', frame(0x89, Buffer.alloc(126)), [1_002]],
    ['pings without end', many(5_000, frame(0x89, Buffer.alloc(100))), [undefined]],
    ['a close of one byte', frame(0x88, Buffer.from([3])), [1_002]],
    ['a close', frame(0x88, Buffer.from([0x03, 0xe8])), [1_000]],
  ];
  const paths = [`/api/traces/${id}/watch`, '/api/events'];
  const heard = await Promise.all(
    paths.flatMap((path) =>
      cases.map(async ([name, bytes, codes]) => {
        const code = closeCode(await sends(path, (socket) => socket.write(bytes)));
        return codes.includes(code) ? [] : [`${path} ${name}: ${code}`];
      }),
    ),
  );
  expect(heard.flat()).toEqual([]);
  await sends(`/api/traces/${id}/watch`, (socket) => socket.destroy());
  await expect.poll(() => server.services.watches.runs.held.watchers).toBe(0);
  expect(server.services.watches.kernel.watching).toBe(0);
  expect((await server.get('/health')).status).toBe(200);
});

/** Takes nothing. */
class Silent implements WatchSink {
  readonly form = 'array';
  held = 0;
  given = 0;
  ended: WatchEnd | undefined;

  send(data: Buffer): void {
    this.held += data.length;
    this.given++;
  }

  end(why: WatchEnd): void {
    this.ended = why;
  }

  beat(): void {}
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const limits = { heldBytes: 20_000, behind: 50_000, stallMs: 10_000, tail: 10_000 };
const place = { v: 1, run: 'run-1', branch: 'main', pid: 1 as Pid } as const;

/** A run that is told many long messages, and whoever watches it. */
async function toldMuch(
  store: MemoryStore,
  watches: RunWatches,
  count: number,
  perTurn = 1,
): Promise<number> {
  let largest = 0;
  for (let seq = 1; seq <= count; seq++) {
    const message = 'm'.repeat(1_000);
    keep(store, watches, [{ ...place, type: 'message.sent', seq, from: 0, message, atUs: seq }]);
    if (seq % perTurn === 0) await turn();
    largest = Math.max(largest, watches.held.size);
  }
  return largest;
}

function keep(store: MemoryStore, watches: RunWatches, records: readonly KernelRecord[]): void {
  store.append(records);
  const input: Input = { atUs: 1, type: 'storage.done', request: 1 as never, ok: true, value: null };
  watches.kept({ records, requests: [], events: [], hasEnds: false }, input);
}

function begun(): { readonly store: MemoryStore; readonly watches: RunWatches; readonly errors: unknown[] } {
  const store = new MemoryStore();
  const errors: unknown[] = [];
  const watches = new RunWatches({
    storage: {
      branches: async (run) => store.branches(run),
      records: async (run, branch) => store.records(run, branch),
      ledger: async (filter) => store.ledger(filter),
    },
    nowUs: () => 1,
    onError: (error) => errors.push(error),
    ...limits,
  });
  const { run, branch } = place;
  keep(store, watches, [
    { v: 1, type: 'run.started', run, branch, atUs: 0 },
    {
      ...place,
      type: 'process.started',
      parent: 0,
      name: 'a',
      program: 'a',
      programVersion: 1,
      arguments: null,
      priority: 50,
      budget: '',
      engine: '',
      capabilities: {} as never,
      atUs: 0,
    },
  ]);
  return { store, watches, errors };
}

test('a watcher that never reads is cut off when it is too far behind; until then it holds what it may, and its log no more', async () => {
  const { store, watches, errors } = begun();
  const watcher = await watches.watch('run-1', {});
  const sink = new Silent();
  if (typeof watcher === 'string') throw new Error(watcher);
  watcher.connect(sink);
  const largest = await toldMuch(store, watches, 1_000);
  expect(sink.ended).toBe('slow');
  expect(sink.held).toBeGreaterThan(limits.heldBytes);
  expect(sink.held).toBeLessThan(limits.heldBytes + 70_000);
  expect(largest).toBeGreaterThan(limits.behind / 2);
  expect(largest).toBeLessThan(limits.behind + 3 * limits.tail);
  // What was kept for it is let go of.
  expect(watches.held.size).toBeLessThan(3 * limits.tail);
  expect(errors).toEqual([]);
});

test('who takes nothing for too long is cut off, also before it has caught up', async () => {
  const { store, watches } = begun();
  await toldMuch(store, watches, 200);
  const watcher = await watches.watch('run-1', {});
  if (typeof watcher === 'string') throw new Error(watcher);
  const sink = new Silent();
  watcher.connect(sink);
  expect(sink.ended).toBeUndefined();
  watcher.beat(1_000);
  watcher.beat(9_000);
  sink.held--;
  watcher.beat(12_000);
  watcher.beat(20_000);
  expect(sink.ended).toBeUndefined();
  watcher.beat(31_000);
  expect(sink.ended).toBe('slow');
});

test('one who reads is told everything, however much it is, and costs the tail', async () => {
  const { store, watches } = begun();
  const told: string[] = [];
  const watcher = await watches.watch('run-1', {});
  if (typeof watcher === 'string') throw new Error(watcher);
  watcher.connect({
    form: 'array',
    held: 0,
    send: (data) => told.push(...(JSON.parse(data.toString()) as { id: string }[]).map(({ id }) => id)),
    end: () => {},
    beat: () => {},
  });
  const largest = await toldMuch(store, watches, 1_000, 10);
  await turn();
  expect(told).toEqual(Array.from({ length: 1_001 }, (_, index) => String(index + 1)));
  expect(largest).toBeLessThan(4 * limits.tail);
  let stored = 0;
  const fold = new BranchEvents(store.branches('run-1')[0]!, undefined, () => stored++);
  for (const record of store.records('run-1', 'main')) fold.take(record);
  expect(stored).toBe(told.length);
});
