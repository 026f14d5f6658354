/**
 * Priority inversion and inheritance: an urgent process waits for a lock that an unimportant one holds, and one of a priority in between, which needs no lock at all,
 * keeps the owner from running and so the urgent one from going on, for as long as it likes. With priority inheritance the owner runs as urgently as whoever waits for
 * it, and the urgent one waits for the critical section alone.
 *
 * Source: L. Sha, R. Rajkumar, J. P. Lehoczky, "Priority inheritance protocols: an approach to real-time synchronization", IEEE Transactions on Computers 39(9), 1990; the
 * case: G. E. Reeves, "What really happened on Mars?", 1997, on the resets of Mars Pathfinder.
 */
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json } from '../../kernel/ids.ts';
import type { LockProtocol } from '../../kernel/options.ts';
import { runScenario } from './scenario-run.ts';

/** Three tasks as on Mars Pathfinder, the bus being the lock; `seconds` is how long the communications run. */
export function inversionScenario(seconds: number, lockProtocol: LockProtocol): Json {
  const holding = (tokensOut: number, us: string): Json[] => [
    { op: 'acquire', lock: 'bus' },
    { op: 'think', tokensOut, durationUs: us, keep: false },
    { op: 'release', lock: 'bus' },
  ];
  return {
    name: `a lock held by the least urgent of three, ${lockProtocol}`,
    scheduler: 'priority-preemptive',
    lockProtocol,
    agents: [
      { name: 'meteorology', priority: 90, steps: holding(100, '10s') },
      { name: 'bus', priority: 0, arrivalUs: '2s', steps: holding(10, '1s') },
      {
        name: 'communications',
        priority: 40,
        arrivalUs: '3s',
        steps: [{ op: 'think', tokensOut: 100, durationUs: `${seconds}s`, keep: false }],
      },
    ],
  };
}

/** Times are s. */
export interface InversionRun {
  readonly lockProtocol: LockProtocol;
  readonly agents: readonly {
    readonly name: string;
    readonly arrival: number;
    readonly turnaround: number;
    /** Waiting for the lock. */
    readonly lockWait: number;
  }[];
  /** Who had the core when; `agent` is a place in `agents`. */
  readonly stretches: readonly Stretch[];
  /** Who waited for the lock when. */
  readonly lockWaits: readonly Stretch[];
}
interface Stretch {
  readonly agent: number;
  readonly from: number;
  readonly to: number;
}

const secondUs = 1_000_000;

export function priorityInversion(seconds: number, lockProtocol: LockProtocol): InversionRun {
  const stretches = new Stretches();
  const lockWaits = new Stretches();
  const onEvent = (event: KernelEvent): void => {
    switch (event.type) {
      case 'process.dispatched':
        return stretches.begin(event.pid, event.atUs);
      case 'call.stopped':
      case 'call.ended':
        return stretches.end(event.pid, event.atUs);
      case 'process.waiting':
        return event.on === 'lock' ? lockWaits.begin(event.pid, event.atUs) : undefined;
      case 'process.ready':
        return lockWaits.end(event.pid, event.atUs);
      default:
    }
  };
  const { perProcess } = runScenario(inversionScenario(seconds, lockProtocol), onEvent);
  return {
    lockProtocol,
    agents: perProcess.map(({ name, spawnedUs, turnaroundUs, split }) => ({
      name,
      arrival: spawnedUs / secondUs,
      turnaround: turnaroundUs / secondUs,
      lockWait: split.waiting['lock']! / secondUs,
    })),
    stretches: stretches.all,
    lockWaits: lockWaits.all,
  };
}

/** What begins and ends, by pid. */
class Stretches {
  readonly all: Stretch[] = [];
  private readonly beginUs: (number | undefined)[] = [];

  begin(pid: number, atUs: number): void {
    this.beginUs[pid] = atUs;
  }

  end(pid: number, atUs: number): void {
    const fromUs = this.beginUs[pid];
    if (fromUs === undefined) return;
    this.all.push({ agent: pid - 1, from: fromUs / secondUs, to: atUs / secondUs });
    this.beginUs[pid] = undefined;
  }
}
