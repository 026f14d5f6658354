import { KeyedHeap } from '../base/heap.ts';
import { Ring } from '../base/ring.ts';
import type { LoadControlPolicy } from './contracts.ts';
import type { EngineOptions } from './engine-options.ts';
import type { GuardedScheduling } from './guarded-scheduling.ts';
import type { CoreId, TimerId } from './ids.ts';
import type { ContextMemory } from './memory/context-memory.ts';
import type { TierLink } from './memory/tier-link.ts';
import type { Process } from './process.ts';

export type StopReason = 'slice' | 'priority' | 'signal' | 'load-control';

/** One sequence slot of an engine. */
export interface Core {
  readonly id: CoreId;
  readonly engine: Engine;
  process: Process | undefined;
  /** When the running stretch began. */
  startedUs: number;
  sliceEndsUs: number;
  /** When the context of its process is back, and its first slice begins, µs. */
  sliceBeginsUs: number;
  /** The pid of who ran here last, or runs; 0: nobody yet. Kept where a switch costs something. */
  lastPid: number;
  /** When its preemption timer is set to fire; Infinity: it is not set. */
  timerUs: number;
  /** The kernel asked the engine to stop the call; the core stays taken until the call's end arrives. */
  stopping: StopReason | undefined;
}

/** Who stands ready for the cores of one engine; of all, where there is one queue for them (`queues: 'one'`). One policy orders them. */
export class ReadyQueue {
  readonly policy: GuardedScheduling;
  readonly engines: Engine[] = [];
  /** Of all its engines. */
  readonly cores: Core[] = [];
  /** Processes in the policy's queue; and those of them that stand ready for their own engine only, of which each engine has its count. */
  readyCount = 0;
  boundCount = 0;
  /** Something became ready since preemption was last considered. */
  hasNews = false;
  /** Cores that got a process since then: the first `freshCount`. */
  readonly fresh: Core[] = [];
  freshCount = 0;
  /** Where others may steal: who stands ready, in the order in which they became so. */
  readonly standing: Set<Process> | undefined;

  constructor(policy: GuardedScheduling, mayLose: boolean) {
    this.policy = policy;
    this.standing = mayLose ? new Set() : undefined;
  }

  /** Of several engines. */
  get isShared(): boolean {
    return this.engines.length > 1;
  }
}

/** How many of those that stand ready may start on `engine`. */
export function readyFor({ queue, boundCount }: Engine): number {
  return queue.readyCount - queue.boundCount + boundCount;
}

/** A model server as the kernel sees it: cores, context memory, a queue of ready processes. */
export class Engine {
  readonly index: number;
  readonly options: EngineOptions;
  readonly cores: readonly Core[];
  /** Free cores; the lowest is used first. */
  readonly idle = new KeyedHeap();
  readonly memory: ContextMemory;
  readonly queue: ReadyQueue;
  /** The queue's. */
  readonly policy: GuardedScheduling;
  readonly loadControl: LoadControlPolicy | undefined;
  /** Of those that stand ready in the queue: who may go to no other engine, where it has several. */
  boundCount = 0;
  /** Processes placed here that have not ended. */
  population = 0;
  /** Pids whose calls wait for memory, by the call's seq; the first is not overtaken. */
  readonly memoryWaiters = new KeyedHeap();
  /**
   * No call ran here, and the first that waits for memory did not fit beside what processes pin: it may wait for these. And it was so in this step, which
   * has still to be looked at.
   */
  isStarved = false;
  hasStarved = false;
  /** `queue.held` was told and `queue.released` was not. */
  isHeld = false;
  /** What load control keeps out or has suspended, in order. */
  readonly held = new Ring<Process>();
  loadTimer: TimerId | undefined = undefined;
  /** Where there is a slower tier and a policy that prefetches from it; and when its transfer is over. */
  readonly tier: TierLink | undefined;
  transferTimer: TimerId | undefined = undefined;

  constructor(index: number, firstCore: number, options: EngineOptions, parts: EngineParts) {
    this.index = index;
    this.options = options;
    this.memory = parts.memory;
    this.queue = parts.queue;
    this.policy = parts.queue.policy;
    this.loadControl = parts.loadControl;
    this.tier = parts.tier;
    this.cores = Array.from({ length: options.cores }, (_, slot) => ({
      id: (firstCore + slot) as CoreId,
      engine: this,
      process: undefined,
      startedUs: 0,
      sliceEndsUs: Infinity,
      sliceBeginsUs: Infinity,
      lastPid: 0,
      timerUs: Infinity,
      stopping: undefined,
    }));
    for (let slot = 0; slot < options.cores; slot++) this.idle.push(slot, slot, 0);
    this.queue.engines.push(this);
    this.queue.cores.push(...this.cores);
  }

  starve(): void {
    this.isStarved = true;
    this.hasStarved = true;
  }
}

export interface EngineParts {
  readonly memory: ContextMemory;
  readonly queue: ReadyQueue;
  readonly loadControl: LoadControlPolicy | undefined;
  readonly tier: TierLink | undefined;
}
