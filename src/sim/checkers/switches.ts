import { checkOf, type CheckerFacts, type Check, type Checker, type EventOf } from './checker.ts';

/** A stretch on a core, and what is left of switching to its process, µs of a core that works alone. */
interface Switching {
  readonly start: EventOf<'process.dispatched'>;
  readonly isSwitch: boolean;
  readonly mostUs: number;
}

/**
 * A core pays for a switch when another process ran on it last, and only then: all of it unless the stretch is cut off before, and no more than the engine's slowest takes. What
 * was cut off may be paid by the next stretch of the same call, when nobody else ran there meanwhile.
 */
export function switches({ engines }: CheckerFacts): Checker {
  const check: Check = checkOf('switches');
  const engineOf = engines.flatMap((engine) => Array.from({ length: engine.cores }, () => engine));
  const lastPids = new Map<number, number>();
  const running = new Map<number, Switching>();
  /** By pid: what its last stretch may have left. */
  const leftUs = new Map<number, number>();

  function stretchEnds(event: EventOf<'call.stopped' | 'call.ended'>): void {
    const { pid, core, type, switchUs = 0, atUs } = event;
    const switching = running.get(core);
    const costUs = engineOf[core]?.switchUs ?? 0;
    running.delete(core);
    leftUs.delete(pid);
    if (switching === undefined) return; // the cores' checker speaks of it
    const { mostUs, isSwitch, start } = switching;
    check(
      switchUs <= mostUs,
      event,
      () => `process ${pid} pays ${switchUs} µs for a switch on core ${core}, which takes up to ${mostUs}`,
    );
    // Whole µs of a core that was slowed down may be rounded down by one.
    const isCut = type === 'call.stopped' && atUs - start.atUs < mostUs;
    check(
      !isSwitch || isCut || switchUs >= costUs - 1,
      event,
      () => `process ${pid} pays ${switchUs} µs for a switch on core ${core}, which costs ${costUs}`,
    );
    if (type === 'call.stopped') leftUs.set(pid, Math.max(0, mostUs - switchUs));
  }

  return {
    name: 'switches',
    promise: 'Dispatching another process than the one that ran on a core last costs what its engine says.',
    on: {
      'process.dispatched': (event) => {
        const { pid, core } = event;
        const last = lastPids.get(core) ?? pid;
        lastPids.set(core, pid);
        const { switchUs = 0, throughput = [1] } = engineOf[core] ?? {};
        const isSwitch = last !== pid;
        const mostUs = isSwitch ? Math.ceil(switchUs / Math.min(...throughput)) : (leftUs.get(pid) ?? 0);
        running.set(core, { start: event, isSwitch, mostUs });
      },
      'call.stopped': stretchEnds,
      'call.ended': stretchEnds,
    },
  };
}
