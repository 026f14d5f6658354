import { CallModels } from './call-models.ts';
import {
  checkOf,
  type CheckedEngine,
  type CheckerFacts,
  type Check,
  type Checker,
  type EventOf,
} from './checker.ts';

/** A call on its core. */
interface Stretch {
  readonly start: EventOf<'process.dispatched'>;
  readonly queue: Queue;
  /** When its context is back and its first slice begins, µs. */
  readonly beginsUs: number;
  /** When its present slice ends, µs; a new one follows where nobody wanted the core. */
  endsUs: number;
}

/** The cores that those may start on who stand ready: of one engine, or of all. */
interface Pool {
  idleCores: number;
  /** When something last happened after which slices of that instant can't be judged, µs. */
  unclearUs: number;
}

/** Who asks for the cores of one engine. */
interface Queue {
  readonly engine: CheckedEngine;
  readonly sliceUs: number;
  readonly pool: Pool;
  /** Who stands ready, and since when. */
  readonly ready: Map<number, number>;
  readonly memoryWaiters: Set<number>;
}

/**
 * At the end of its slice a call makes way if somebody stood ready before and stands ready still; bringing its context back doesn't count as
 * use of its slice, and neither does switching to it. Not judged while somebody waits for memory: who is ready then may have to wait all the same. Where one queue stands before all
 * engines, who was on this one last may always start on it; not judged while other cores are idle.
 */
export function slices(facts: CheckerFacts): Checker {
  const { engines } = facts;
  const check: Check = checkOf('slices');
  const allCores = engines.reduce((sum, { cores }) => sum + cores, 0);
  const shared: Pool = { idleCores: allCores, unclearUs: -1 };
  const queues = engines.map((engine): Queue => ({
    engine,
    sliceUs: isJudged(engine) ? engine.sliceUs! : Infinity,
    pool: facts.queues === 'one' ? shared : { idleCores: engine.cores, unclearUs: -1 },
    ready: new Map(),
    memoryWaiters: new Set(),
  }));
  const queueOf = new Map<number, Queue>();
  const models = new CallModels(facts);
  /** By core. */
  const running = new Map<number, Stretch>();
  /** By core: who ran there last. */
  const lastPids = new Map<number, number>();
  /** By pid: what its last stretch left of bringing its context back, µs. */
  const restoreLeftUs = new Map<number, number>();
  /** No slice ends before; Infinity: none ends. */
  let earliestUs = Infinity;
  let atUs = 0;

  /** The instant `atUs` is over, and nothing has happened since, up to `nowUs`. */
  function judge(nowUs: number, event: Parameters<Check>[1]): void {
    earliestUs = Infinity;
    for (const stretch of running.values()) {
      const { queue, endsUs, start } = stretch;
      if (endsUs < nowUs) {
        check(
          !isWanted(queue, endsUs),
          event,
          () =>
            `process ${start.pid} keeps core ${start.core} beyond its slice, which ended at ${endsUs} µs: process ${[...queue.ready.keys()][0]} is ready`,
        );
        stretch.endsUs += Math.ceil((nowUs - endsUs) / queue.sliceUs) * queue.sliceUs;
      }
      earliestUs = Math.min(earliestUs, stretch.endsUs);
    }
  }

  function isWanted({ ready, pool, memoryWaiters }: Queue, endsUs: number): boolean {
    const { idleCores, unclearUs } = pool;
    if (ready.size <= idleCores || memoryWaiters.size > 0) return false;
    if (endsUs > atUs) return true;
    // At that very instant: who came in it may have come after the slice's end.
    let count = 0;
    for (const sinceUs of ready.values()) if (sinceUs < endsUs) count++;
    return count > idleCores && unclearUs < endsUs;
  }

  function leaves({ pid, atUs: nowUs }: { readonly pid: number; readonly atUs: number }): Queue | undefined {
    const queue = queueOf.get(pid);
    if (queue === undefined) return undefined;
    queue.ready.delete(pid);
    if (queue.memoryWaiters.delete(pid)) queue.pool.unclearUs = nowUs;
    return queue;
  }

  function stretchEnds(event: EventOf<'call.stopped' | 'call.ended'>): void {
    const stretch = running.get(event.core);
    if (stretch === undefined) return;
    running.delete(event.core);
    if (event.type === 'call.stopped')
      restoreLeftUs.set(event.pid, Math.max(0, stretch.beginsUs - event.atUs));
    else restoreLeftUs.delete(event.pid);
    stretch.queue.pool.idleCores++;
    if (event.type === 'call.stopped' && event.by === 'slice' && stretch.endsUs < Infinity)
      check(
        event.atUs === stretch.endsUs,
        event,
        () => `process ${event.pid} makes way for its slice, which ends at ${stretch.endsUs} µs`,
      );
    // While its core was being given up, nobody else had to make way for who stood ready.
    if (event.type === 'call.stopped') stretch.queue.pool.unclearUs = event.atUs;
  }

  return {
    name: 'slices',
    promise: 'A running process is preempted when its slice ends and another is ready.',
    every(event) {
      if (event.atUs > atUs && earliestUs < event.atUs) judge(event.atUs, event);
      atUs = event.atUs;
    },
    on: {
      'process.spawned': (event) => {
        const { pid, engine } = event;
        if (queues[engine] !== undefined) queueOf.set(pid, queues[engine]);
        models.spawned(event);
      },
      'process.migrated': (event) => {
        const { pid, to } = event;
        const sinceUs = queueOf.get(pid)?.ready.get(pid);
        leaves(event);
        const queue = queues[to];
        if (queue === undefined) return;
        queueOf.set(pid, queue);
        queue.ready.set(pid, sinceUs ?? event.atUs);
        models.migrated(event);
      },
      'call.requested': (event) => models.requested(event),
      'budget.exhausted': (event) => models.exhaustedAt(event),
      'call.degraded': (event) => void models.degraded(event),
      'process.ready': (event) => void leaves(event)?.ready.set(event.pid, event.atUs),
      'process.waiting': (event) => {
        const queue = leaves(event);
        if (event.on === 'memory') queue?.memoryWaiters.add(event.pid);
      },
      'process.suspended': (event) => void leaves(event),
      'process.terminated': (event) => {
        leaves(event);
        restoreLeftUs.delete(event.pid);
        queueOf.delete(event.pid);
      },
      'process.dispatched': (event) => {
        const queue = leaves(event);
        if (queue === undefined) return;
        queue.pool.idleCores--;
        const leftUs = restoreLeftUs.get(event.pid) ?? 0;
        const lastPid = lastPids.get(event.core) ?? event.pid;
        lastPids.set(event.core, event.pid);
        const switchUs = lastPid === event.pid ? 0 : longestSwitchUs(queue.engine);
        const backUs = Math.max(leftUs, restoreUs(models.of(event.pid) ?? queue.engine, event));
        const beginsUs = event.atUs + switchUs + backUs;
        const endsUs = beginsUs + queue.sliceUs;
        running.set(event.core, { start: event, queue, beginsUs, endsUs });
        if (endsUs < earliestUs) earliestUs = endsUs;
      },
      'call.stopped': stretchEnds,
      'call.ended': stretchEnds,
    },
  };
}

function isJudged({ sliceUs, preemption }: CheckedEngine): boolean {
  return sliceUs !== undefined && (preemption === 'resume' || preemption === 'continue');
}

/** At the engine's slowest, µs. */
function longestSwitchUs({ switchUs = 0, throughput = [1] }: CheckedEngine): number {
  return Math.ceil(switchUs / Math.min(...throughput));
}

/** Core time until what was evicted is usable again, at the engine's rates and at its slowest, µs. */
function restoreUs(engine: CheckedEngine, start: EventOf<'process.dispatched'>): number {
  const { repeatedTokens, loadTokens } = start;
  if (repeatedTokens === 0 && loadTokens === 0) return 0;
  const {
    prefillTokensPerSecond = Infinity,
    loadTokensPerSecond = Infinity,
    loadLatencyUs = 0,
    throughput = [1],
  } = engine;
  const loadUs =
    loadTokens === 0 ? 0 : loadLatencyUs + Math.ceil((loadTokens * 1_000_000) / loadTokensPerSecond);
  const prefillUs = Math.ceil((repeatedTokens * 1_000_000) / prefillTokensPerSecond);
  return Math.ceil((loadUs + prefillUs) / Math.min(...throughput));
}
