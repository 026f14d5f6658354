import { logNormal } from '../../base/distributions.ts';
import type { Rng } from '../../base/rng.ts';
import type { Json } from '../../kernel/ids.ts';
import type { PersonAsk } from '../../kernel/requests.ts';

/** Time a person takes where nothing is recorded: log-normal; the think times of recorded coding sessions (median 10 s, p90 157 s). */
export const personLatencyDefaults = { medianUs: 10_000_000, p90Us: 157_000_000 } as const;

const personLatency = logNormal({ median: personLatencyDefaults.medianUs, p90: personLatencyDefaults.p90Us });

export interface PersonOutcome {
  readonly decision: 'approve' | 'answer';
  readonly value: Json;
  readonly durationUs: number;
}

/** A simulated person: gives the recorded answer, else approves, after a recorded or drawn time. */
export class PersonDevice {
  private readonly streams: (name: string) => Rng;

  constructor(streams: (name: string) => Rng) {
    this.streams = streams;
  }

  ask({ script, identity, purpose }: PersonAsk): PersonOutcome {
    const { run, pid, n, index } = identity;
    const durationUs = script?.durationUs ?? this.draw(`person/${run}/${pid}/${n}/${index}`);
    return { decision: purpose === 'answer' ? 'answer' : 'approve', value: script?.answer ?? null, durationUs };
  }

  private draw(name: string): number {
    return Math.max(1, Math.round(personLatency(this.streams(name))));
  }
}
