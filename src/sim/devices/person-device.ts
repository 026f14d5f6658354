import type { Rng } from '../../base/rng.ts';
import type { Json } from '../../kernel/ids.ts';
import type { PersonAnswered } from '../../kernel/inputs.ts';
import type { PersonAsk } from '../../kernel/requests.ts';
import type { FaultPlan } from '../faults.ts';
import { latencyDefaults, latencySampler } from '../latency-defaults.ts';

const drawPersonUs = latencySampler(latencyDefaults.person);

export interface PersonOutcome {
  readonly decision: PersonAnswered['decision'];
  readonly value: Json;
  readonly durationUs: number;
  /** The answer comes even when the question was withdrawn meanwhile. */
  readonly isDeaf: boolean;
}

/** What somebody answered in a recording, and after how long; undefined: the recording does not say. */
export type PersonReplay = (
  ask: PersonAsk,
) => Pick<PersonOutcome, 'decision' | 'value' | 'durationUs'> | undefined;

/** A simulated person: gives the recorded answer, else approves, after a recorded or drawn time. */
export class PersonDevice {
  private readonly streams: (name: string) => Rng;
  private readonly faults: FaultPlan | undefined;
  private readonly replay: PersonReplay | undefined;

  constructor(streams: (name: string) => Rng, faults?: FaultPlan, replay?: PersonReplay) {
    this.replay = replay;
    this.streams = streams;
    this.faults = faults;
  }

  /** Undefined: nobody ever answers. */
  ask(ask: PersonAsk): PersonOutcome | undefined {
    const { script, identity, purpose } = ask;
    const replayed = this.replay?.(ask);
    if (replayed !== undefined) return { ...replayed, isDeaf: false };
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
