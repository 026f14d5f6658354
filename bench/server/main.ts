/**
 * `npm run bench:server [-- --quick] [-- --write]`: a real `ringzero serve` process whose runs are all watched, by a load generator in a process of its own that checks what each watcher is told. `--quick` takes less of everything
 * (CI: does it run); `--write` keeps the output as docs/results/server.md. Exits with 1 when anything was missing, told twice or out of order, or a watcher that never reads cost more than it may.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { rngFor } from '../../src/base/rng.ts';
import { commit, machine } from '../machine.ts';
import { WatchingClient, type Tally } from './watching-client.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string' },
    reconnects: { type: 'string' },
    rate: { type: 'string' },
    tools: { type: 'string' },
  },
});
const numberOf = (text: string | undefined, quick: number, whole: number): number =>
  text === undefined ? (flags.quick ? quick : whole) : Number(text);
const seed = Number(flags.seed);
const runs = numberOf(flags.runs, 40, 500);
const reconnects = numberOf(flags.reconnects, 80, 1_000);
/** Events a second, all watchers together. */
const rate = numberOf(flags.rate, 3_000, 10_000);
/** Tools that the model calls side by side. */
const tools = numberOf(flags.tools, 20, 60);
/** Behind the answer of the person, about: each tool has its result, and the model says what they gave. */
const eventsOfAnswer = 4 * tools + 33;
const rng = rngFor(seed, 'bench/server');

const lines: string[] = [];
const say = (line = ''): void => {
  console.log(line);
  lines.push(line);
};
const children: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'ringzero-bench-server-'));

/** Starts a script of Node that says where it listens. */
async function started(script: string, words: readonly string[]): Promise<{ url: string; pid: number }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      const [, found] = /(http:\/\/\S+)\s/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.on('exit', () => reject(new Error(`${script} ended: ${said}`)));
  });
  return { url, pid: child.pid! };
}

async function post<Body>(url: string, body: unknown): Promise<Body> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}

/** The tools are called and a person is asked; behind the answer the model says what they gave. */
const task = `ask_person {"question":"Go on?"} ${'calculator {"expression":"6*7"} '.repeat(tools)}`;

const create = async (url: string): Promise<string> =>
  (
    await post<{ trace_id: string }>(`${url}/api/traces`, {
      messages: [{ role: 'user', content: task }],
    })
  ).trace_id;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Of a process, MB. */
function residentMb(pid: number): number {
  const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1_024;
}

/** Of a process, s, in user and system mode. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Connects to watch a run, and never reads. */
function neverReads(url: string, run: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.pause();
  socket.on('error', () => {});
  socket.write(
    `GET /api/traces/${run}/watch HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  return socket;
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;

/** Answers questions in random order, at a pace. */
class Person {
  private readonly open = new Set<string>();
  private readonly known = new Set<string>();
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  ask(id: string): void {
    if (this.known.has(id)) return;
    this.known.add(id);
    this.open.add(id);
  }

  /** Until `over`. */
  async answer(over: () => boolean): Promise<void> {
    const perSecond = rate / eventsOfAnswer;
    const answering = new Set<Promise<unknown>>();
    let allowed = 0;
    for (let lastMs = performance.now(); !over(); await sleep(5)) {
      const nowMs = performance.now();
      // What nobody asked for is not made up for.
      allowed = Math.min(allowed + ((nowMs - lastMs) * perSecond) / 1_000, 8);
      lastMs = nowMs;
      for (; allowed >= 1 && this.open.size > 0; allowed--) {
        const id = [...this.open][Math.floor(rng.next() * this.open.size)]!;
        this.open.delete(id);
        const answered = post(`${this.url}/api/questions/${encodeURIComponent(id)}/answer`, {
          decision: 'answer',
          value: 'yes',
        }).finally(() => answering.delete(answered));
        answering.add(answered);
      }
    }
    await Promise.all(answering);
  }
}

async function watchedRuns(url: string, pid: number): Promise<readonly string[]> {
  const tally: Tally = { events: 0, frames: 0, numbered: 0, reconnects: 0, faults: [], delaysMs: [] };
  let left = runs;
  let tellOver: () => void = () => {};
  const over = new Promise<void>((resolve) => (tellOver = resolve));
  const clients: WatchingClient[] = [];
  const before = { ms: performance.now(), cpu: processorSeconds(pid) };
  const names = await Promise.all(Array.from({ length: runs }, () => create(url)));
  const createdMs = performance.now();
  const person = new Person(url);
  const onQuestion = (id: string): void => person.ask(id);
  const onOver = (): void => {
    if (--left === 0) tellOver();
  };
  for (const run of names) clients.push(new WatchingClient(url, run, tally, { onOver, onQuestion }));
  await Promise.all(clients.map((client) => client.watching()));
  // All are watched, and none goes on, before the first question is answered.
  const watchedMs = performance.now();
  const watched = tally.events;
  let isGivenUp = false;
  const answering = person.answer(() => left === 0 || isGivenUp);
  let rates: number[] = [];
  let last = { ms: performance.now(), events: tally.events };
  const measuring = setInterval(() => {
    const nowMs = performance.now();
    rates.push(((tally.events - last.events) * 1_000) / (nowMs - last.ms));
    last = { ms: nowMs, events: tally.events };
  }, 1_000);
  // At random moments, of random watchers, over the time that the model takes.
  const wholeMs = ((runs * eventsOfAnswer) / rate) * 1_000;
  const cut = async (): Promise<void> => {
    while (tally.reconnects < reconnects && clients.some(({ isOver }) => !isOver)) {
      const client = clients[Math.floor(rng.next() * clients.length)]!;
      if (client.isOver) continue;
      client.reconnect();
      await sleep(rng.next() * 2 * ((wholeMs * 0.8) / reconnects));
    }
  };
  const cutting = cut();
  await Promise.race([over.then(() => cutting), sleep(wholeMs * 10 + 60_000)]);
  clearInterval(measuring);
  isGivenUp = true;
  await answering;
  const seconds = (performance.now() - watchedMs) / 1_000;
  if (left > 0) tally.faults.push(`${left} runs have not ended`);
  for (const client of clients) client.close();
  const delays = tally.delaysMs.toSorted((a, b) => a - b);
  rates = rates.toSorted((a, b) => a - b);
  say('## Watched runs');
  say();
  say(`| what | measured |`);
  say('| --- | ---: |');
  say(`| runs, each with its watcher, at once | ${runs} |`);
  say(`| created and durable, a second | ${Math.round((runs * 1_000) / (createdMs - before.ms))} |`);
  say(`| watched, a second | ${Math.round((runs * 1_000) / (watchedMs - createdMs))} |`);
  say(`| events told | ${tally.events} |`);
  say(`| of them numbered | ${tally.numbered} |`);
  say(`| events in one message, on average | ${(tally.events / tally.frames).toFixed(1)} |`);
  say(`| forced reconnects | ${tally.reconnects} |`);
  say(
    `| events a second, on average over ${seconds.toFixed(1)} s | ${Math.round((tally.events - watched) / seconds)} |`,
  );
  say(`| in the median second | ${Math.round(quantile(rates, 0.5))} |`);
  say(`| delay p50, ms | ${quantile(delays, 0.5).toFixed(1)} |`);
  say(`| delay p99, ms | ${quantile(delays, 0.99).toFixed(1)} |`);
  say(`| delay max, ms | ${quantile(delays, 1).toFixed(1)} |`);
  say(`| missing, told twice or out of order | ${tally.faults.length} |`);
  say(`| processor of the server, s | ${(processorSeconds(pid) - before.cpu).toFixed(1)} |`);
  say(`| memory of the server, MB | ${residentMb(pid).toFixed(0)} |`);
  say();
  return tally.faults;
}

/** Many that never read, on runs that go on: what they cost. */
async function silentWatchers(url: string, pid: number): Promise<readonly string[]> {
  const count = Math.min(runs, 100);
  const measure = async (isWatched: boolean): Promise<number> => {
    const person = new Person(url);
    const names = await Promise.all(Array.from({ length: count }, () => create(url)));
    const sockets = isWatched ? names.map((run) => neverReads(url, run)) : [];
    let peak = 0;
    const sampling = setInterval(() => (peak = Math.max(peak, residentMb(pid))), 50);
    let isOver = false;
    const answering = person.answer(() => isOver);
    for (; !isOver; await sleep(500)) {
      const asked = (await (await fetch(`${url}/api/questions`)).json()) as {
        questions: readonly { readonly question_id: string }[];
      };
      for (const { question_id: id } of asked.questions) person.ask(id);
      const running = (await (await fetch(`${url}/api/traces/running`)).json()) as {
        traces: readonly unknown[];
      };
      isOver = running.traces.length === 0;
    }
    await answering;
    clearInterval(sampling);
    for (const socket of sockets) socket.destroy();
    return peak;
  };
  const without = await measure(false);
  const withThem = await measure(true);
  const each = Math.max(0, (withThem - without) / count) * 1_024;
  say('## Watchers that never read');
  say();
  say('| what | measured |');
  say('| --- | ---: |');
  say(`| runs | ${count} |`);
  say(`| peak memory of the server without watchers, MB | ${without.toFixed(0)} |`);
  say(`| with a watcher of each that never reads, MB | ${withThem.toFixed(0)} |`);
  say(`| for each of them, KiB | ${each.toFixed(0)} |`);
  say();
  // What its connection may hold and what it may be behind, in bytes and UTF-16 units of one byte each.
  const mostKib = (262_144 + 1_048_576 + 2 * 65_536) / 1_024;
  return each > mostKib ? [`a watcher that never reads costs ${each.toFixed(0)} KiB`] : [];
}

try {
  const server = await started('../../src/cli/main.ts', [
    'serve',
    '--port',
    '0',
    '--model',
    'scripted',
    '--tool-calls',
    '100000',
    '--rate',
    '100000',
  ]);
  say('# Watching a server');
  say();
  say(
    `Made by \`npm run bench:server${flags.quick ? ' -- --quick' : ''}\` at commit ${commit()}, Node ${process.version}, ${machine()}, seed ${seed}, load average ${loadavg()[0]!.toFixed(1)} at the start. Server and load generator are two processes of one machine, which is shared. ${runs} runs, in each of which a scripted model calls ${tools} tools and asks a person; the person answers in random order, at a pace of about ${rate} events a second.`,
  );
  say();
  const faults = [
    ...(await watchedRuns(server.url, server.pid)),
    ...(await silentWatchers(server.url, server.pid)),
  ];
  for (const fault of faults.slice(0, 20)) say(fault);
  if (flags.write)
    writeFileSync(
      new URL('../../docs/results/server.md', import.meta.url),
      `${lines.join('\n').trimEnd()}\n`,
    );
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
