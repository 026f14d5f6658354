import { expect, test } from 'vitest';

import {
  parseChoice,
  parseDurationUs,
  parseInteger,
  parseList,
  parseNames,
  parseNumber,
  parsePositive,
} from '../../src/cli/options.ts';
import { KernelError } from '../../src/kernel/errors.ts';

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  integer: (text) => parseInteger('--n', text, { min: 1, max: 100 }),
  unbounded: (text) => parseInteger('--n', text, { min: -5 }),
  positive: (text) => parsePositive('--n', text),
  number: (text) => parseNumber('--n', text, { min: 0, max: 1 }),
  duration: (text) => parseDurationUs('--n', text),
  choice: (text) => parseChoice('--n', text, ['fifo', 'lru']),
  names: (text) => parseNames(text, ['opt', 'lru']),
  list: (text) => parseList('--n', text, (item) => parseInteger('--n', item, { min: 1 })),
};

const good: readonly [parser: string, text: string, value: unknown][] = [
  ['integer', '1', 1],
  ['integer', '100', 100],
  ['unbounded', '2_000_000', 2_000_000],
  ['unbounded', '-5', -5],
  ['positive', '0.25', 0.25],
  ['positive', '1e3', 1000],
  ['number', '0', 0],
  ['number', '1', 1],
  ['duration', '250us', 250],
  ['duration', '1.5ms', 1500],
  ['duration', '60s', 60_000_000],
  ['duration', '5m', 300_000_000],
  ['duration', '1h', 3_600_000_000],
  ['choice', 'lru', 'lru'],
  ['list', '1,20,300', [1, 20, 300]],
  ['list', ' 1, 20 ,300', [1, 20, 300]],
  ['names', 'fifo, all ,lru,fifo', ['fifo', 'opt', 'lru']],
];

for (const [parser, text, value] of good) {
  test(`${parser}: ${text}`, () => {
    expect(parsers[parser]?.(text)).toEqual(value);
  });
}

const bad: Readonly<Record<string, readonly string[]>> = {
  integer: ['', ' 1', '0', '101', '1.5', '1e1', '0x10', '-1', 'NaN', 'Infinity', '1_', '１'],
  unbounded: ['-6', '9007199254740993'],
  positive: ['', '0', '-1', '1e999', 'Infinity', 'NaN', '1,5'],
  number: ['1.01', '-0.1', '', 'x'],
  duration: ['', '60', '0s', '-1s', '1 s', '1w', '1e9h', '0.1us'],
  choice: ['', 'LRU', 'lr'],
  list: ['', ' ', '1,', ', 1', '1,,2', '0'],
};

for (const [parser, texts] of Object.entries(bad)) {
  test(`${parser}: bad input is one line that names option, value and what is allowed`, () => {
    for (const text of texts) {
      const error = thrownBy(() => parsers[parser]?.(text));
      expect(error, `${parser} took ${JSON.stringify(text)}`).toBeInstanceOf(KernelError);
      expect((error as KernelError).message).toMatch(/^--n: ".*" is not allowed; allowed: .+$/);
    }
  });
}

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
