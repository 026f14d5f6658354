/** From values to places on an axis, with ticks where people expect them. */
import { assert } from '../base/assert.ts';
import { log2 } from '../base/math.ts';
import { formatCount } from './format.ts';
import type { ChartAxis } from './line-chart-model.ts';

export interface ChartScale {
  /** 0 at the beginning of the axis, 1 at its end. */
  readonly at: (value: number) => number;
  /** Ascending, all on the axis. */
  readonly ticks: readonly Tick[];
  readonly format: (value: number) => string;
}

interface Tick {
  readonly value: number;
  /** '' for one that only shows that a logarithmic axis is one. */
  readonly label: string;
}

/** `values`: what has to fit on. `mostTicks`: labelled ones, at least 2; a logarithmic axis of many powers may have fewer. */
export function chartScale(axis: ChartAxis, values: readonly number[], mostTicks: number): ChartScale {
  const shown = axis.scale === 'log' ? values.filter((value) => value > 0) : values;
  const largest = shown.reduce((a, b) => Math.max(a, b), 0);
  return axis.scale === 'log'
    ? logScale(
        axis,
        shown.reduce((a, b) => Math.min(a, b), Infinity),
        largest,
        mostTicks,
      )
    : linearScale(
        axis,
        shown.reduce((a, b) => Math.min(a, b), largest),
        largest,
        mostTicks,
      );
}

/** Between round numbers; from 0, unless all values lie in the upper half, where differences would not be seen. */
function linearScale(
  { format }: ChartAxis,
  smallest: number,
  largest: number,
  mostTicks: number,
): ChartScale {
  assert(Number.isFinite(largest), () => `an axis to ${largest}`);
  // A share that nearly fills the whole is shown against the whole.
  const end = largest === 0 || (format === 'percent' && largest > 0.8 && largest <= 1) ? 1 : largest;
  const start = smallest > end / 2 && smallest < largest ? smallest - (end - smallest) / 4 : 0;
  const [step, power] = roundStep((end - start) / (mostTicks - 1) || end / 10);
  const first = Math.floor((start * power) / step + 1e-9);
  const count = Math.ceil((end * power) / step - 1e-9) - first;
  // Quotients of integers: 3/10, not 0.1 + 0.1 + 0.1.
  const at = (index: number): number => ((first + index) * step) / power;
  const length = at(count) - at(0);
  const write = format === 'percent' ? percent(step / power) : count1000;
  return {
    at: (value) => (value - at(0)) / length,
    ticks: Array.from({ length: count + 1 }, (_, index) => ({ value: at(index), label: write(at(index)) })),
    format: format === 'percent' ? percent(0.0001) : formatCount,
  };
}

/** 1, 2 or 5 times a power of ten, at least `least`, as a quotient. */
function roundStep(least: number): readonly [numerator: number, denominator: number] {
  for (let power = 1_000_000; power > 1; power /= 10)
    for (const digit of [1, 2, 5]) if (digit / power >= least * (1 - 1e-9)) return [digit, power];
  for (let power = 1; ; power *= 10)
    for (const digit of [1, 2, 5]) if (digit * power >= least * (1 - 1e-9)) return [digit * power, 1];
}

/** From the smallest to the largest value. Labels at powers of ten; where there are few, at twice and five times those as well. */
function logScale({ format }: ChartAxis, smallest: number, largest: number, mostTicks: number): ChartScale {
  if (smallest > largest) return logScale({ label: '', scale: 'log', format }, 1, 10, mostTicks);
  const from = log2(smallest);
  const length = log2(largest) - from;
  const write = format === 'percent' ? percent(0.0001) : count1000;
  const powers: number[] = [];
  let power = 1;
  while (power > smallest) power /= 10;
  while (power * 10 <= smallest) power *= 10;
  for (; power <= largest; power *= 10) powers.push(power);
  const every = Math.ceil(powers.length / mostTicks);
  const digits = powers.length * 3 <= mostTicks ? [1, 2, 5] : [1];
  const ticks = powers.flatMap((power, index) =>
    [1, 2, 5].map((digit): Tick => {
      const value = power * digit;
      return { value, label: digits.includes(digit) && index % every === 0 ? write(value) : '' };
    }),
  );
  return {
    // A single value stands in the middle.
    at: (value) => (length === 0 ? 0.5 : (log2(value) - from) / length),
    ticks: ticks.filter(({ value }) => value >= smallest && value <= largest),
    format: format === 'percent' ? percent(0.0001) : formatCount,
  };
}

/** Decimals as the step needs them. */
function percent(step: number): (value: number) => string {
  const decimals = step >= 0.00999 ? 0 : step >= 0.000999 ? 1 : 2;
  return (value) => `${(value * 100).toFixed(decimals)} %`;
}

/** `1,500`, `20 k`, `3 M`, `0.5`: short enough for a tick. */
function count1000(value: number): string {
  for (const [unit, name] of units)
    if (value >= unit * 10 || value === unit) return `${short(value / unit)} ${name}`;
  return value >= 1_000 ? formatCount(value) : short(value);
}

const units = [
  [1_000_000_000_000, 'T'],
  [1_000_000_000, 'G'],
  [1_000_000, 'M'],
  [1_000, 'k'],
] as const;

function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}
