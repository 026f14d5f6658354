/**
 * A run as a Chrome trace, which ui.perfetto.dev opens: a track for every core with its stretches and their phases, one for every process with its
 * states, faults, preemptions, refusals and other points, flows from causes to the ends of waits, and counters. Made from the events alone, while
 * they come: it holds what lives, never the run.
 */
import { assert } from '../base/assert.ts';
import type { KernelEvent } from '../kernel/events.ts';
import {
  IntervalReader,
  type Interval,
  type IntervalProcess,
  type IntervalSink,
  type Stretch,
} from './intervals.ts';
import { BudgetCounters, type TraceBudget } from './perfetto-budgets.ts';
import { Causes, type CauseKind, type CausePen } from './perfetto-causes.ts';
import {
  counterLine,
  flowLine,
  instantLine,
  members,
  nameLine,
  placeLine,
  sliceLine,
  traceHead,
  traceSeparator,
  traceTail,
  trackOf,
  type Track,
} from './perfetto-lines.ts';

export interface TraceMachine {
  /** Cores are numbered from 0 over all engines in this order. */
  readonly engines: readonly { readonly name: string; readonly cores: number }[];
  readonly budgets: readonly TraceBudget[];
}

export interface PerfettoOptions extends TraceMachine {
  /** Stands in the file: version, seed, how to repeat the run. */
  readonly about: Readonly<Record<string, string | number>>;
  /** Takes pieces of the file, in order. */
  readonly write: (text: string) => void;
}

/** No number stands for two tracks, and those of processes are their pids. */
const firstNumber = 1_000_000_000;
const processesPid = firstNumber;
const budgetsPid = firstNumber + 1;
const enginePid = (engine: number): number => firstNumber + 100_000_000 + engine;
const memoryTid = (engine: number): number => firstNumber + 200_000_000 + engine;
const coreTid = (core: number): number => firstNumber + 300_000_000 + core;

export class PerfettoWriter implements IntervalSink, CausePen {
  private readonly write: (text: string) => void;
  private readonly intervals = new IntervalReader(this);
  private readonly causes: Causes;
  private readonly budgets: BudgetCounters;
  private readonly engines: readonly EngineTrack[];
  private readonly cores: readonly Track[];
  private event: KernelEvent | undefined;
  private nowUs = -1;

  constructor({ engines, budgets, about, write }: PerfettoOptions) {
    this.write = write;
    this.budgets = new BudgetCounters(budgets);
    this.causes = new Causes(this.intervals, this, (node) => this.budgets.nodesAbove(node));
    this.engines = engines.map((_, engine) => new EngineTrack(engine));
    const owners = engines.flatMap(({ cores }, engine) => Array.from({ length: cores }, () => engine));
    this.cores = owners.map((engine, core) => trackOf(enginePid(engine), coreTid(core)));
    write(traceHead(about));
    // From above: the engines, what ran there, and what it cost.
    write(nameLine('process_name', trackOf(processesPid, processesPid), 'processes'));
    this.line(placeLine('process_sort_index', trackOf(processesPid, processesPid), engines.length));
    this.line(nameLine('process_name', budgetsTrack, 'budgets'));
    this.line(placeLine('process_sort_index', budgetsTrack, engines.length + 1));
    for (const [index, { counters, memory }] of this.engines.entries()) {
      this.line(nameLine('process_name', counters, `engine ${engines[index]!.name}`));
      this.line(placeLine('process_sort_index', counters, index));
      this.line(nameLine('thread_name', memory, 'context memory'));
      this.line(placeLine('thread_sort_index', memory, this.cores.length));
    }
    for (const [core, track] of this.cores.entries()) {
      this.line(nameLine('thread_name', track, `core ${core}`));
      this.line(placeLine('thread_sort_index', track, core));
    }
  }

  onEvent(event: KernelEvent): void {
    if (event.atUs !== this.nowUs) {
      this.endInstant();
      this.nowUs = event.atUs;
      this.causes.startInstant();
    }
    this.event = event;
    this.intervals.read(event);
    this.causes.read(event);
    this.tell(event);
  }

  /** The run ended at `atUs`: what is under way is closed there. */
  end(atUs: number): void {
    this.endInstant();
    if (this.nowUs !== atUs) this.causes.startInstant();
    this.nowUs = atUs;
    this.event = undefined;
    this.intervals.end(atUs);
    this.causes.cutOff();
    this.endInstant();
    this.write(traceTail);
  }

  // ---- What the intervals and the causes tell ------------------------------------------------------------------------

  interval(interval: Interval): void {
    const { process, fromUs, toUs, state } = interval;
    const span = { cat: 'state', fromUs, toUs };
    const track = processTrack(process.pid);
    switch (state) {
      case 'ready':
        this.line(sliceLine(track, { name: 'ready', ...span }));
        break;
      case 'running':
        this.stretch(process, interval.stretch, fromUs, toUs);
        break;
      case 'waiting': {
        const { on, detail } = interval;
        this.line(
          sliceLine(track, { name: `waiting: ${on}`, ...span }, detail === '' ? '' : members({ detail })),
        );
        break;
      }
      case 'suspended':
        this.line(sliceLine(track, { name: `suspended: ${interval.by}`, ...span }));
        break;
    }
    // None at the end of the run.
    if (this.event !== undefined) this.causes.ended(interval, this.event);
  }

  crashed(): void {
    this.causes.cutOff();
    this.budgets.crashed();
    for (const engine of this.engines) {
      engine.resident = 0;
      this.line(instantLine(engine.memory, { name: 'crash', cat: 'crash', atUs: this.nowUs }));
    }
  }

  mark(pid: number, name: string): void {
    const slice = { name, cat: 'cause', fromUs: this.nowUs, toUs: this.nowUs };
    this.line(sliceLine(processTrack(pid), slice));
  }

  flow(ph: 's' | 'f', pid: number, cat: CauseKind, id: number): void {
    this.line(flowLine(ph, processTrack(pid), { cat, id, atUs: this.nowUs }));
  }

  /** On its core, with its phases in it, and on the track of its process. */
  private stretch(process: IntervalProcess, stretch: Stretch, fromUs: number, toUs: number): void {
    const { pid, name } = process;
    const { core, n, end, phases, tokensOut, newTokens, repeatedTokens, loadTokens, cachedTokens } = stretch;
    const track = this.cores[core];
    assert(track !== undefined, () => `core ${core} of ${this.cores.length}`);
    const span = { fromUs, toUs };
    this.line(
      sliceLine(processTrack(pid), { name: 'running', cat: 'state', ...span }, `"core":${core},"n":${n}`),
    );
    const tokens = { newTokens, repeatedTokens, loadTokens, cachedTokens, tokensOut };
    this.line(sliceLine(track, { name, cat: 'stretch', ...span }, members({ pid, n, end, ...tokens })));
    if (phases === undefined) return;
    let atUs = fromUs;
    for (const [phase, us, count] of [
      ['switch', phases.switchUs, 0],
      ['load', phases.loadUs, loadTokens],
      ['repeated prefill', phases.repeatedPrefillUs, repeatedTokens],
      ['new prefill', phases.newPrefillUs, newTokens],
      ['decode', phases.decodeUs, tokensOut],
    ] as const) {
      if (us === 0) continue;
      this.line(
        sliceLine(track, { name: phase, cat: 'phase', fromUs: atUs, toUs: atUs + us }, `"tokens":${count}`),
      );
      atUs += us;
    }
  }

  // ---- Points and counters -------------------------------------------------------------------------------------------

  private tell(event: KernelEvent): void {
    switch (event.type) {
      case 'page.loaded':
      case 'page.prefetched':
        this.engine(event.engine).resident += event.tokens;
        return;
      case 'page.evicted':
        this.engine(event.engine).evict(event.pages, event.tokens);
        return;
      case 'page.freed':
        this.engine(event.engine).resident -= event.tokens;
        return;
      case 'budget.reserved':
        return this.budgets.reserve(event.pid, event.node, event.tokens);
      case 'budget.settled':
        return this.budgets.settle(event.pid, event.node, event.tokens, event.microDollars);
      case 'process.spawned':
        this.line(nameLine('thread_name', processTrack(event.pid), event.name));
        return this.line(placeLine('thread_sort_index', processTrack(event.pid), event.pid));
      case 'process.terminated': {
        const { code, message } = event;
        const args = code === '' ? '' : members({ code, message });
        const span = { cat: 'end', fromUs: event.atUs, toUs: event.atUs };
        return this.line(sliceLine(processTrack(event.pid), { name: event.outcome, ...span }, args));
      }
      case 'process.restored':
        return this.point(event, 'restored', {
          fromCheckpoint: event.fromCheckpoint,
          replayed: event.replayed,
        });
      case 'page.faulted':
        return this.point(event, `fault: ${event.kind}`, { pages: event.pages, tokens: event.tokens });
      case 'call.stopped': {
        const isPreempted = event.by === 'slice' || event.by === 'priority';
        return this.point(event, `${isPreempted ? 'preempted' : 'stopped'}: ${event.by}`, {
          core: event.core,
        });
      }
      case 'call.refused':
        return this.point(event, `call refused: ${event.code}`, { n: event.n });
      case 'call.bypassed':
        return this.point(event, 'call bypasses memory', { n: event.n, tokens: event.tokens });
      case 'budget.overrun':
        return this.point(event, `overrun: ${event.resource}`, { node: event.node, amount: event.amount });
      case 'tool.refused':
        return this.point(event, `tool refused: ${event.code}`, { tool: event.tool });
      case 'tool.interrupted':
        return this.point(event, 'tool interrupted', { tool: event.tool });
      case 'tool.ended':
        return event.ok ? undefined : this.point(event, `tool failed: ${event.code}`, { tool: event.tool });
      case 'signal.delivered':
        return this.point(event, `signal: ${event.signal}`, {});
      case 'checkpoint.saved':
        return this.point(event, 'checkpoint', { n: event.n });
      case 'program.failed':
        return this.point(event, 'program failed', { message: event.message });
      case 'process.boosted':
      case 'process.unboosted':
        return this.point(event, `runs with priority ${event.priority}`, {});
      case 'process.migrated':
        return this.point(event, 'migrated', {
          from: event.from,
          to: event.to,
          lostTokens: event.lostTokens,
        });
      case 'deadlock.detected': {
        const { type, atUs, members, victim } = event;
        const among = members.map(({ pid }) => pid).join(', ');
        for (const { pid, what } of members)
          this.point({ pid, type, atUs }, pid === victim ? 'deadlock: gives way' : 'deadlock', {
            among,
            what,
          });
        return;
      }
      default:
        return;
    }
  }

  private point(
    { pid, type, atUs }: { readonly pid: number; readonly type: string; readonly atUs: number },
    name: string,
    args: Readonly<Record<string, string | number>>,
  ): void {
    this.line(instantLine(processTrack(pid), { name, cat: type, atUs }, members(args)));
  }

  /** What comes and goes at one instant is one step of a counter. */
  private endInstant(): void {
    const atUs = this.nowUs;
    if (atUs === -1) return;
    for (const [index, engine] of this.engines.entries()) {
      const { ready, running } = this.intervals.counts(index);
      for (const line of engine.linesAt(atUs, ready, running)) this.line(line);
    }
    this.budgets.tell((name, args) => this.line(counterLine(budgetsTrack, name, atUs, args)));
  }

  private engine(index: number): EngineTrack {
    const engine = this.engines[index];
    assert(engine !== undefined, () => `engine ${index} of ${this.engines.length}`);
    return engine;
  }

  private line(text: string): void {
    this.write(traceSeparator + text);
  }
}

const budgetsTrack = trackOf(budgetsPid, budgetsPid);

function processTrack(pid: number): Track {
  return trackOf(processesPid, pid);
}

/** The counters of one engine, and its context memory while an instant lasts. */
class EngineTrack {
  readonly counters: Track;
  readonly memory: Track;
  resident = 0;
  private evictedPages = 0;
  private evictedTokens = 0;
  // As told last.
  private toldResident = -1;
  private toldReady = -1;
  private toldRunning = -1;

  constructor(engine: number) {
    this.counters = trackOf(enginePid(engine), enginePid(engine));
    this.memory = trackOf(enginePid(engine), memoryTid(engine));
  }

  evict(pages: number, tokens: number): void {
    this.resident -= tokens;
    this.evictedPages += pages;
    this.evictedTokens += tokens;
  }

  linesAt(atUs: number, ready: number, running: number): string[] {
    const lines: string[] = [];
    if (this.evictedPages > 0) {
      const args = members({ pages: this.evictedPages, tokens: this.evictedTokens });
      lines.push(instantLine(this.memory, { name: 'evicted', cat: 'page.evicted', atUs }, args));
      this.evictedPages = 0;
      this.evictedTokens = 0;
    }
    if (this.resident !== this.toldResident) {
      assert(this.resident >= 0, () => `${this.resident} tokens resident at ${atUs} µs`);
      this.toldResident = this.resident;
      lines.push(counterLine(this.counters, 'context memory', atUs, `"tokens":${this.resident}`));
    }
    if (ready !== this.toldReady) {
      this.toldReady = ready;
      lines.push(counterLine(this.counters, 'ready queue', atUs, `"processes":${ready}`));
    }
    if (running !== this.toldRunning) {
      this.toldRunning = running;
      lines.push(counterLine(this.counters, 'running', atUs, `"cores":${running}`));
    }
    return lines;
  }
}
