/** What hit density knows of pauses: by class and age, how many ended and how long all of them lasted; and the indices made of that. */
import type { Json } from '../../../kernel/ids.ts';

/** Ages in doublings: [0, 1) s, [1, 2), [2, 4) … [4096, 8192) s; the last holds all above, too. */
const AGES = 14;
const SECOND = 1_000_000;
const from = Float64Array.from({ length: AGES }, (_, age) => (age === 0 ? 0 : SECOND * (1 << (age - 1))));
const width = Float64Array.from({ length: AGES }, (_, age) => SECOND * (1 << Math.max(0, age - 1)));
const LONGEST_US = from[AGES - 1]! + width[AGES - 1]!;

/** Of a hundred pauses, how many ended at which age; the others never did. Rounded from half of the recorded coding sessions. */
const KNOWN = 100;
const knownAfterTool = [1, 1, 10, 35, 24, 11, 6, 5, 3, 1, 1, 1, 0, 0];
const knownAfterTurn = [0, 0, 7, 5, 2, 2, 6, 9, 14, 11, 9, 8, 6, 2];
/** An observed one weighs as much as so many of those. */
const OBSERVED = 5;

interface Counts {
  /** [age] */
  readonly ended: Float64Array;
  /** [age] µs. */
  readonly lasted: Float64Array;
  begun: number;
}

/** Classes 0 to `levels` − 1 are pauses for anything but a person, the `levels` behind them those for a person. */
export class Pauses {
  private readonly levels: number;
  private readonly classes: readonly Counts[];
  /** [class][age] */
  private readonly indices: readonly Float64Array[];
  /** [level] Both kinds together, with the pauses under way. */
  private readonly ofLevel: readonly Counts[];

  constructor(levels: number) {
    this.levels = levels;
    this.classes = Array.from({ length: 2 * levels }, (_, index) =>
      knownCounts(index < levels ? knownAfterTool : knownAfterTurn),
    );
    this.indices = this.classes.map(() => new Float64Array(AGES));
    this.ofLevel = Array.from({ length: levels }, emptyCounts);
  }

  /** A pause of this class ended, by a call. */
  end(pauseClass: number, lengthUs: number): void {
    const counts = this.classes[pauseClass]!;
    counts.ended[ageOf(lengthUs)]! += OBSERVED;
    addTime(counts, lengthUs, OBSERVED);
  }

  /** It will never end by a call. */
  giveUp(pauseClass: number, lengthUs: number): void {
    addTime(this.classes[pauseClass]!, lengthUs, OBSERVED);
  }

  /** Computes the indices anew. `underWay`: the pauses that have not ended, which have lasted for so long at least. */
  refresh(underWay: Iterable<readonly [pauseClass: number, lengthUs: number]>): void {
    const { classes, indices, ofLevel, levels } = this;
    const all = [...underWay];
    for (const [pauseClass, lengthUs] of all) addTime(classes[pauseClass]!, lengthUs, OBSERVED);
    for (const [index, counts] of classes.entries())
      for (let age = 0; age < AGES; age++) indices[index]![age] = best(counts, age, 0);
    for (const [level, counts] of ofLevel.entries()) {
      const afterOther = classes[level]!;
      const afterTurn = classes[levels + level]!;
      counts.begun = afterOther.begun + afterTurn.begun;
      for (let age = 0; age < AGES; age++) {
        counts.ended[age] = afterOther.ended[age]! + afterTurn.ended[age]!;
        counts.lasted[age] = afterOther.lasted[age]! + afterTurn.lasted[age]!;
      }
    }
    // Whole µs: what was added is taken off without a trace.
    for (const [pauseClass, lengthUs] of all) addTime(classes[pauseClass]!, lengthUs, -OBSERVED);
  }

  /** With the indices of the last refresh, whose pauses under way are not kept. */
  save(): Json {
    const { classes, indices, ofLevel } = this;
    return {
      classes: classes.map(saved),
      indices: indices.map((each) => [...each]),
      ofLevel: ofLevel.map(saved),
    };
  }

  load(state: Json): void {
    const { classes, indices, ofLevel } = state as unknown as {
      readonly classes: readonly SavedCounts[];
      readonly indices: readonly number[][];
      readonly ofLevel: readonly SavedCounts[];
    };
    for (const [index, each] of classes.entries()) setCounts(this.classes[index]!, each);
    for (const [index, each] of indices.entries()) this.indices[index]!.set(each);
    for (const [index, each] of ofLevel.entries()) setCounts(this.ofLevel[index]!, each);
  }

  /** Hits per µs that a pause promises which has lasted for so long; between two ages on the line between their indices. */
  index(pauseClass: number, lengthUs: number): number {
    const indices = this.indices[pauseClass]!;
    const age = ageOf(lengthUs);
    const own = indices[age]!;
    if (age === AGES - 1) return own;
    return own + ((indices[age + 1]! - own) * (lengthUs - from[age]!)) / width[age]!;
  }

  /** The same of a call that begins now, lasts for `callUs`, and is followed by a pause. */
  indexOfCall(level: number, callUs: number): number {
    const counts = this.ofLevel[level]!;
    return best(counts, 0, counts.begun * callUs);
  }

  /** About the logarithm of a length (base 2, of seconds, from 1 s = 1 on): straight between doublings. */
  logarithm(lengthUs: number): number {
    const age = ageOf(lengthUs);
    return age + (lengthUs - from[age]!) / width[age]!;
  }
}

interface SavedCounts {
  readonly ended: number[];
  readonly lasted: number[];
  readonly begun: number;
}

const saved = ({ ended, lasted, begun }: Counts) => ({ ended: [...ended], lasted: [...lasted], begun });

function setCounts(counts: Counts, { ended, lasted, begun }: SavedCounts): void {
  counts.ended.set(ended);
  counts.lasted.set(lasted);
  counts.begun = begun;
}

/** The most hits per time from `age` on, over all ages until which to wait; `timeUs` is taken in any case. */
function best({ ended, lasted }: Counts, age: number, timeUs: number): number {
  let hits = 0;
  let time = timeUs;
  let most = 0;
  for (let until = age; until < AGES; until++) {
    hits += ended[until]!;
    time += lasted[until]!;
    if (hits > most * time) most = hits / time;
  }
  return most;
}

function addTime(counts: Counts, lengthUs: number, weight: number): void {
  const us = Math.min(lengthUs, LONGEST_US);
  for (let age = 0; age < AGES && us > from[age]!; age++)
    counts.lasted[age]! += weight * Math.min(us - from[age]!, width[age]!);
  counts.begun += weight;
}

const emptyCounts = (): Counts => ({
  ended: new Float64Array(AGES),
  lasted: new Float64Array(AGES),
  begun: 0,
});

function knownCounts(known: readonly number[]): Counts {
  const counts = emptyCounts();
  let left = KNOWN;
  for (const [age, pauses] of known.entries()) {
    counts.ended[age] = pauses;
    addTime(counts, from[age]! + width[age]! / 2, pauses);
    left -= pauses;
  }
  addTime(counts, LONGEST_US, left);
  return counts;
}

function ageOf(lengthUs: number): number {
  return Math.min(AGES - 1, 32 - Math.clz32(Math.floor(lengthUs / SECOND)));
}
