/** The story that the demonstration tells of the kernel's events, a line for each that matters, none longer than 80 columns. */
import { assert } from '../base/assert.ts';
import type { KernelEvent } from '../kernel/events.ts';
import type { PageId, Pid } from '../kernel/ids.ts';

const secondUs = 1_000_000;

/** Turns events into the lines that matter to a newcomer. */
export class Storyteller {
  private readonly print: (line: string) => void;
  private readonly names = new Map<Pid, string>();
  /** Who brought a page in first. */
  private readonly owners = new Map<PageId, Pid>();
  private loadedFor: PageId[] = [];
  private answering: Pid | undefined = undefined;
  /** Which pages were evicted, and the tokens of the fault that brings some of them back. */
  private readonly evicted = new Set<PageId>();
  private faultedTokens = 0;
  /** Whose call runs, and whose the crash cut off. */
  private running: Pid | undefined = undefined;
  private cutOff: Pid | undefined = undefined;
  private budgetWaitSince = new Map<Pid, number>();

  constructor(print: (line: string) => void) {
    this.print = print;
  }

  /** The machine failed: pages that come now are others, whatever their numbers. */
  memoryLost(): void {
    this.owners.clear();
    this.evicted.clear();
    this.cutOff = this.running;
  }

  tell(event: KernelEvent): void {
    const say = (text: string): void => this.print(`${at(event.atUs)}  ${text}`);
    switch (event.type) {
      case 'process.spawned':
        // A restored process has arrived before.
        if (this.names.has(event.pid)) return;
        this.names.set(event.pid, event.name);
        return say(`${event.name} arrives (pid ${event.pid}, priority ${event.priority}).`);
      case 'process.restored':
        if (event.fromCheckpoint === 0)
          return say(
            `${this.name(event.pid)} has no checkpoint: its ${event.replayed} results are fed to it again.`,
          );
        say(`checkpoint restored: ${this.name(event.pid)} goes on from syscall ${event.fromCheckpoint}.`);
        return say(
          `What had ended is not done or paid for again${event.pid === this.cutOff ? '; the call cut off is' : ''}.`,
        );
      case 'page.loaded':
        if (this.answering === undefined) this.loadedFor.push(...pagesOf(event));
        else this.owners.set(event.page, this.answering);
        this.answering = undefined;
        return;
      case 'call.ended':
        // The page that is loaded next is its answer.
        this.answering = event.pid;
        this.running = undefined;
        return;
      case 'page.evicted':
        for (const page of pagesOf(event)) this.evicted.add(page);
        return say(
          `eviction: page ${event.page} of ${this.name(this.owners.get(event.page))} (${event.tokens} tokens) leaves memory.`,
        );
      case 'page.faulted':
        // Told when its pages are there: only then it is known which ones.
        if (event.kind === 'capacity') this.faultedTokens = event.tokens;
        return;
      case 'process.dispatched': {
        this.answering = undefined;
        this.running = event.pid;
        const back = this.loadedFor.filter((page) => this.evicted.delete(page));
        for (const page of this.loadedFor) this.owners.set(page, event.pid);
        this.loadedFor = [];
        if (back.length > 0)
          say(
            `fault: ${this.name(event.pid)} gets ${listed(back)} back (${this.faultedTokens} tokens prefilled).`,
          );
        const { newTokens, repeatedTokens, cachedTokens } = event;
        return say(
          `${this.name(event.pid)} runs: ${newTokens} tokens new, ${repeatedTokens} again, ${cachedTokens} found in memory.`,
        );
      }
      case 'call.stopped':
        this.running = undefined;
        return say(
          `preemption: ${this.name(event.pid)} makes way (${event.by}; ${event.tokensOut} tokens out).`,
        );
      case 'process.waiting':
        if (event.on !== 'budget') return;
        // A crash doesn't begin the wait anew.
        if (this.budgetWaitSince.has(event.pid))
          return say(`budget wait: ${this.name(event.pid)} still waits for the next hour.`);
        this.budgetWaitSince.set(event.pid, event.atUs);
        return say(`budget wait: ${this.name(event.pid)} has used its hour’s tokens; only it waits.`);
      case 'budget.reserved': {
        const since = this.budgetWaitSince.get(event.pid);
        if (since === undefined) return;
        this.budgetWaitSince.delete(event.pid);
        return say(
          `The hour is over: ${this.name(event.pid)} waited ${minutes(event.atUs - since)} for its budget.`,
        );
      }
      case 'tool.ended':
        return say(
          `${this.name(event.pid)}: tool ${event.tool} ${event.ok ? 'answered' : `failed (${event.code})`}.`,
        );
      case 'checkpoint.saved':
        return say(`${this.name(event.pid)} saves a checkpoint (prompt ${event.tip.slice(0, 12)}…).`);
      case 'process.terminated':
        return say(`${this.name(event.pid)} ends: ${event.outcome}.`);
      default:
        return undefined;
    }
  }

  private name(pid: Pid | undefined): string {
    const name = pid === undefined ? undefined : this.names.get(pid);
    assert(name !== undefined, `the story has no name for process ${pid}`);
    return name;
  }
}

function pagesOf({ page, pages }: { readonly page: PageId; readonly pages: number }): PageId[] {
  return Array.from({ length: pages }, (_, index) => (page + index) as PageId);
}

function listed(pages: readonly PageId[]): string {
  const numbers = pages.toSorted((a, b) => a - b);
  return numbers.length === 1
    ? `page ${numbers[0]!}`
    : `pages ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)!}`;
}

function minutes(us: number): string {
  const seconds = Math.round(us / secondUs);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** A time of the story: minutes and seconds. */
export function at(us: number): string {
  const tenths = Math.floor(us / 100_000);
  const minutes = Math.floor(tenths / 600);
  return `${String(minutes).padStart(3)}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}
