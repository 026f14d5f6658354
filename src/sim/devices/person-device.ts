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
  /** A second answer, a no, comes this much later, µs. */
  readonly repeatUs: number | undefined;
}

/** What somebody answered in a recording, and after how long; undefined: the recording does not say. */
export type PersonReplay = (
  ask: PersonAsk,
) => Pick<PersonOutcome, 'decision' | 'value' | 'durationUs'> | undefined;

/** What somebody says to a question that brings no answer of its own; undefined: nobody ever answers it. Pure, so that the same question has the same answer. */
export type SimulatedPerson = (ask: PersonAsk) => Pick<PersonOutcome, 'decision' | 'value'> | undefined;

const approving: SimulatedPerson = ({ script, purpose }) => ({
  decision: purpose === 'answer' ? 'answer' : 'approve',
  value: script?.answer ?? null,
});

/** A simulated person: gives the recorded answer, else what it is to say (by default it approves), after a recorded or drawn time. */
export class PersonDevice {
  private readonly streams: (name: string) => Rng;
  private readonly faults: FaultPlan | undefined;
  private readonly replay: PersonReplay | undefined;
  private readonly person: SimulatedPerson;

  constructor(
    streams: (name: string) => Rng,
    faults?: FaultPlan,
    replay?: PersonReplay,
    person: SimulatedPerson = approving,
  ) {
    this.replay = replay;
    this.streams = streams;
    this.faults = faults;
    this.person = person;
  }

  /** Undefined: nobody ever answers. */
  ask(ask: PersonAsk): PersonOutcome | undefined {
    const { script, identity } = ask;
    const replayed = this.replay?.(ask);
    if (replayed !== undefined) return { ...replayed, isDeaf: false, repeatUs: undefined };
    const { run, pid, n, index } = identity;
    const fault = this.faults?.person(identity);
    const said = this.person(ask);
    if (fault?.isAbsent === true || said === undefined) return undefined;
    const durationUs =
      (script?.durationUs ?? this.draw(`person/${run}/${pid}/${n}/${index}`)) * (fault?.delay ?? 1);
    return { ...said, durationUs, isDeaf: fault?.isDeaf === true, repeatUs: fault?.repeatUs };
  }

  private draw(name: string): number {
    return drawPersonUs(this.streams(name));
  }
}
