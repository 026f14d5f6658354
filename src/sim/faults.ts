/**
 * What goes wrong in a simulated world: model calls and tools that fail, ends that are told twice or come late, people who never answer. Each call
 * has a stream of chance of its own, so that one that goes wrong doesn't change the luck of another.
 */
import type { Rng } from '../base/rng.ts';
import { invalid } from '../kernel/errors.ts';
import type { CallIdentity } from '../kernel/requests.ts';

/** Shares of what they name, 0 to 1. */
export interface FaultRates {
  /** Model calls that fail before their answer is complete; what was done until then is billed. */
  readonly modelFailure: number;
  /** Model calls that the provider cuts off: a part of the answer, finished for its length, without its tool calls. */
  readonly modelTruncation: number;
  /** Tool calls that report a failure. */
  readonly toolFailure: number;
  /** Tool calls whose end is told twice. */
  readonly toolRepeat: number;
  /** Tool calls that take longer than they should and don't hear when they are told to stop. */
  readonly toolLate: number;
  /** Tool calls whose end is never told: a time limit ends them, or a stop. */
  readonly toolLost: number;
  /** Questions that nobody ever answers. */
  readonly personAbsent: number;
  /** Questions answered late, even when they were withdrawn meanwhile. */
  readonly personLate: number;
  /** Questions answered twice: first as they were, then with a no. */
  readonly personRepeat: number;
  /** Storage operations that fail. */
  readonly storageFailure: number;
}

export const noFaults: FaultRates = {
  modelFailure: 0,
  modelTruncation: 0,
  toolFailure: 0,
  toolRepeat: 0,
  toolLate: 0,
  toolLost: 0,
  personAbsent: 0,
  personLate: 0,
  personRepeat: 0,
  storageFailure: 0,
};

export interface ToolFault {
  readonly isFailed: boolean;
  /** Times as long as it should take: 1, or up to `longestDelay`. */
  readonly delay: number;
  /** Does not hear a stop. */
  readonly isDeaf: boolean;
  /** The end is told again this long after the first time, µs; undefined: once only. */
  readonly repeatUs: number | undefined;
  /** The end is never told. */
  readonly isLost: boolean;
}

export interface PersonFault {
  readonly isAbsent: boolean;
  readonly delay: number;
  /** Does not hear that the question was withdrawn. */
  readonly isDeaf: boolean;
  /** The second answer comes this long after the first, µs; undefined: there is none. */
  readonly repeatUs: number | undefined;
}

const longestDelay = 100;

export type FaultName = keyof FaultRates;

export class FaultPlan {
  /** How often each has happened. A call that is late and repeated counts as both; a model call once, when it ends so. */
  readonly happened: Record<FaultName, number> = { ...noFaults };
  private readonly rates: FaultRates;
  private readonly streams: (name: string) => Rng;

  /** Rates left out are 0. Throws KernelError INVALID_ARGUMENT for one that is no share. */
  constructor(rates: Partial<FaultRates>, streams: (name: string) => Rng) {
    this.rates = { ...noFaults, ...rates };
    this.streams = streams;
    for (const [name, rate] of Object.entries(this.rates))
      if (!(rate >= 0 && rate <= 1)) throw invalid(`faults.${name}`, rate, 'a number from 0 to 1');
  }

  /** The share of its answer after which a model call fails, in [0, 1); undefined: it does not. The same for all its stretches. */
  model(identity: CallIdentity): number | undefined {
    const { modelFailure } = this.rates;
    if (modelFailure === 0) return undefined;
    const rng = this.stream('model', identity);
    return rng.next() < modelFailure ? rng.next() : undefined;
  }

  /** The share of its answer after which a model call is cut off, in [0, 1); undefined: it is not. */
  truncation(identity: CallIdentity): number | undefined {
    const { modelTruncation } = this.rates;
    if (modelTruncation === 0) return undefined;
    const rng = this.stream('truncation', identity);
    return rng.next() < modelTruncation ? rng.next() : undefined;
  }

  /** `attempt` counts the starts of this call: each has its own luck. */
  tool(identity: CallIdentity, attempt: number): ToolFault {
    const rng = this.stream(`tool/${attempt}`, identity);
    const isFailed = rng.next() < this.rates.toolFailure;
    const isRepeated = rng.next() < this.rates.toolRepeat;
    const isLate = rng.next() < this.rates.toolLate;
    const delay = isLate ? 2 + rng.integer(longestDelay - 1) : 1;
    const repeatUs = isRepeated ? rng.integer(10_000_000) : undefined;
    const isLost = rng.next() < this.rates.toolLost;
    this.count('toolFailure', isFailed);
    this.count('toolRepeat', isRepeated);
    this.count('toolLate', isLate);
    this.count('toolLost', isLost);
    return { isFailed, delay, isDeaf: isLate, repeatUs, isLost };
  }

  person(identity: CallIdentity): PersonFault {
    const rng = this.stream('person', identity);
    const isAbsent = rng.next() < this.rates.personAbsent;
    const isLate = rng.next() < this.rates.personLate;
    const delay = isLate ? 2 + rng.integer(longestDelay - 1) : 1;
    const isRepeated = rng.next() < this.rates.personRepeat;
    this.count('personAbsent', isAbsent);
    this.count('personLate', isLate);
    this.count('personRepeat', isRepeated);
    return { isAbsent, delay, isDeaf: isLate, repeatUs: isRepeated ? rng.integer(10_000_000) : undefined };
  }

  /** Whether a storage operation fails. */
  storage(identity: CallIdentity): boolean {
    const isFailed = this.stream('storage', identity).next() < this.rates.storageFailure;
    this.count('storageFailure', isFailed);
    return isFailed;
  }

  count(name: FaultName, hasHappened = true): void {
    if (hasHappened) this.happened[name]++;
  }

  private stream(what: string, { run, pid, n, index }: CallIdentity): Rng {
    return this.streams(`faults/${what}/${run}/${pid}/${n}/${index}`);
  }
}
