import { checkOf, type CheckerFacts, type Check, type Checker, type EventOf } from './checker.ts';
import { PageRuns } from './page-runs.ts';

/**
 * Resident pages and the rooms of running calls never exceed the capacity; no page comes in twice, none leaves that isn't there. A call
 * has room for its maximal output from dispatch to end, unless it was announced that it bypasses the memory.
 */
export function residency({ engines }: CheckerFacts): Checker {
  const check: Check = checkOf('residency');
  const memories = engines.map((engine) => ({ engine, pages: new PageRuns(), roomTokens: 0 }));
  /** By pid. */
  const engineOf = new Map<number, number>();
  const roomOf = new Map<number, number>();
  const requestOf = new Map<number, EventOf<'call.requested'>>();
  const bypassing = new Set<number>();

  function memoryOf(event: Parameters<Check>[1], engine: number | undefined): (typeof memories)[number] {
    const memory = memories[engine ?? -1];
    check(memory !== undefined, event, () => `engine ${engine} of ${engines.length}`);
    return memory;
  }

  function fits(event: Parameters<Check>[1], { engine, pages, roomTokens }: (typeof memories)[number]): void {
    check(
      pages.tokens + roomTokens <= engine.memoryTokens,
      event,
      () =>
        `engine ${engine.name}: ${pages.tokens} resident tokens and ${roomTokens} of room in ${engine.memoryTokens}`,
    );
  }

  function pagesCome(event: EventOf<'page.loaded' | 'page.prefetched'>): void {
    const memory = memoryOf(event, event.engine);
    const problem = memory.pages.add(event.page, event.pages, event.tokens);
    check(
      problem === undefined,
      event,
      () => `engine ${event.engine}, pages ${event.page}+${event.pages}: ${problem}`,
    );
    fits(event, memory);
  }

  function pagesLeave(event: EventOf<'page.evicted' | 'page.freed'>): void {
    const problem = memoryOf(event, event.engine).pages.remove(event.page, event.pages, event.tokens);
    check(
      problem === undefined,
      event,
      () => `engine ${event.engine}, pages ${event.page}+${event.pages}: ${problem}`,
    );
  }

  function stretchEnds(event: EventOf<'call.stopped' | 'call.ended'>): void {
    memoryOf(event, engineOf.get(event.pid)).roomTokens -= roomOf.get(event.pid) ?? 0;
    roomOf.delete(event.pid);
  }

  return {
    name: 'residency',
    promise:
      'Context memory is bounded; from dispatch to end a call pins its pages and room for its maximal output.',
    on: {
      'process.spawned': (event) => {
        memoryOf(event, event.engine);
        engineOf.set(event.pid, event.engine);
      },
      'process.migrated': ({ pid, to }) => void engineOf.set(pid, to),
      'page.loaded': pagesCome,
      'page.prefetched': pagesCome,
      'page.evicted': pagesLeave,
      'page.freed': pagesLeave,
      'call.requested': (event) => {
        requestOf.set(event.pid, event);
        bypassing.delete(event.pid);
      },
      'call.bypassed': (event) => void bypassing.add(event.pid),
      'call.degraded': (event) => void bypassing.add(event.pid),
      'process.dispatched': (event) => {
        const { pid, n, room } = event;
        const isBypass = bypassing.has(pid);
        check(
          (room === -1) === isBypass,
          event,
          () => `call ${n} of process ${pid} has room ${room}, bypass announced: ${isBypass}`,
        );
        if (isBypass) return;
        const maxOutput = requestOf.get(pid)?.maxOutput ?? 0;
        check(
          room >= maxOutput,
          event,
          () => `call ${n} of process ${pid} has room for ${room} tokens and may answer ${maxOutput}`,
        );
        const memory = memoryOf(event, engineOf.get(pid));
        memory.roomTokens += room;
        roomOf.set(pid, room);
        fits(event, memory);
      },
      'call.stopped': stretchEnds,
      'call.ended': stretchEnds,
    },
  };
}
