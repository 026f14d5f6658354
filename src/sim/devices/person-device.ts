import type { Rng } from '../../base/rng.ts';
import type { Json } from '../../kernel/ids.ts';
import type { PersonAsk } from '../../kernel/requests.ts';
import type { FaultPlan } from '../faults.ts';
import { latencyDefaults, latencySampler } from '../latency-defaults.ts';

const drawPersonUs = latencySampler(latencyDefaults.person);

export interface PersonOutcome {
  readonly decision: 'approve' | 'answer';
  readonly value: Json;
  readonly durationUs: number;
  /** The answer comes even when the question was withdrawn meanwhile. */
  readonly isDeaf: boolean;
}

/** A simulated person: gives the recorded answer, else approves, after a recorded or drawn time. */
export class PersonDevice {
  private readonly streams: (name: string) => Rng;
  private readonly faults: FaultPlan | undefined;

  constructor(streams: (name: string) => Rng, faults?: FaultPlan) {
    this.streams = streams;
    this.faults = faults;
  }

  /** Undefined: nobody ever answers. */
  ask({ script, identity, purpose }: PersonAsk): PersonOutcome | undefined {
    const { run, pid, n, index } = identity;
    const fault = this.faults?.person(identity);
    if (fault?.isAbsent === true) return undefined;
    const durationUs =
      (script?.durationUs ?? this.draw(`person/${run}/${pid}/${n}/${index}`)) * (fault?.delay ?? 1);
    return {
      decision: purpose === 'answer' ? 'answer' : 'approve',
      value: script?.answer ?? null,
      durationUs,
      isDeaf: fault?.isDeaf === true,
    };
  }

  private draw(name: string): number {
    return drawPersonUs(this.streams(name));
  }
}
