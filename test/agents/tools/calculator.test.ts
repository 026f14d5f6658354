import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { calculate, calculatorLimits, calculatorTool } from '../../../src/agents/tools/calculator.ts';
import { ToolRegistry } from '../../../src/kernel/tools.ts';
import { bundleForBrowser, runBare } from '../../support/browser-bundle.ts';
import { seedCount } from '../../support/seeds.ts';

const valueOf = (expression: string): number | string => {
  const result = calculate({ expression });
  return result.ok ? result.value : result.message;
};

const right: readonly [expression: string, value: number][] = [
  ['2 + 3 * 4', 14],
  ['(2 + 3) * 4', 20],
  ['2^3^2', 512],
  ['-2^2', -4],
  ['2^-1', 0.5],
  ['2 ^ 10 - 10 % 3', 1023],
  ['7 - 2 - 1', 4],
  ['--1 + +2', 3],
  ['8 / 2 / 2', 2],
  ['.5 + 1. + 1e3 + 1.5E-1', 1001.65],
  ['0x1F + 0b101', 36],
  ['5! / 3!', 20],
  ['3!!', 720],
  ['170!', 7.257415615307994e306],
  ['sqrt(16) + abs(-3) + sign(-9)', 6],
  ['floor(-1.5) + ceil(1.2) + trunc(-1.9)', -1],
  ['round(2.5) + round(-2.5) + round(2.345, 2)', 2.35],
  ['exp(0) + ln(e) + log2(1024) + log10(1000)', 15],
  ['ln(exp(1))', 1],
  ['pow(2, 0.5) ^ 2 - 2', 4.440892098500626e-16],
  ['1.0001 ^ 10000', 2.7181459268249255],
  ['min(3, 1, 2) + max(3, 1, 2) + sum(1, 2, 3)', 10],
  ['2 * PI - 2 * pi + E - e', 0],
  ['\t1\n+\r1 ', 2],
  ['-0', 0],
  ['0.1 + 0.2', 0.30000000000000004],
];
for (const [expression, value] of right) {
  test(`${JSON.stringify(expression)} is ${value}`, () => {
    expect(valueOf(expression)).toBe(value);
  });
}

test('functions give the same in a browser, where nothing of the platform is there', async () => {
  const { calculate: bare } = runBare(
    await bundleForBrowser(`export { calculate } from './src/agents/tools/calculator.ts';`),
  ) as { calculate: typeof calculate };
  for (const [expression, value] of right) expect(bare({ expression })).toEqual({ ok: true, value });
});

const operand =
  'allowed: a number, "(", a sign, a function (sqrt, abs, sign, floor, ceil, trunc, round, exp, ln, log2, log10, pow, min, max, sum) or a constant (pi, e)';
const wrong: readonly [expression: string, message: string][] = [
  ['', `expression: it ends too early; ${operand}`],
  ['   ', `expression: it ends too early; ${operand}`],
  ['2 +', `expression: it ends too early; ${operand}`],
  ['2 + foo', `expression: "foo" at character 5 is not allowed; ${operand}`],
  ['2 3', 'expression: "3" at character 3 is not allowed; allowed: an operator (+ - * / % ^ !), ")" or ","'],
  [
    '2 pi',
    'expression: "pi" at character 3 is not allowed; allowed: an operator (+ - * / % ^ !), ")" or ","',
  ],
  ['2(3)', 'expression: "(" at character 2 is not allowed'],
  ['pi(3)', 'expression: "(" at character 3 is not allowed'],
  ['* 2', 'expression: "*" at character 1 is not allowed'],
  ['!3', 'expression: "!" at character 1 is not allowed'],
  ['2 */* 3 */ 4', 'expression: "/" at character 4 is not allowed'],
  ['2 /* 3 */ 4', 'expression: "*" at character 4 is not allowed'],
  ['0X1F', 'expression: "X1F" at character 2 is not allowed'],
  ['1 \u00a0', 'expression: "\u00a0" at character 2 is not allowed'],
  ['sqrt', 'expression: it ends too early; allowed: "("'],
  ['sqrt 4', 'expression: "4" at character 6 is not allowed; allowed: "(" after a function'],
  ['max(sqrt, 1)', 'expression: "," at character 9 is not allowed; allowed: "(" after a function'],
  ['min()', 'expression: ")" at character 5 is not allowed'],
  ['min(1,)', 'expression: ")" at character 7 is not allowed'],
  [
    '(1, 2)',
    'expression: "," at character 3 is not allowed; allowed: "," between the arguments of a function only',
  ],
  ['1)', 'expression: ")" at character 2 is not allowed; allowed: ")" after a "(" only'],
  ['((1)', 'expression: 1 parentheses are not closed; allowed: a ")" for each "("'],
  ['sqrt(1, 2)', 'expression: sqrt with 2 numbers is not allowed; allowed: 1'],
  ['pow(2)', 'expression: pow with 1 numbers is not allowed; allowed: 2'],
  ['round(1, 2, 3)', 'expression: round with 3 numbers is not allowed; allowed: 1 to 2'],
  ['round(1, -1)', 'expression: round to -1 digits is not allowed; allowed: an integer from 0 to 15'],
  ['1 / 0', 'expression: division by zero is not allowed; allowed: a divisor other than 0'],
  ['1 % (2 - 2)', 'expression: division by zero is not allowed; allowed: a divisor other than 0'],
  ['sqrt(-1)', 'expression: sqrt of -1 is not a finite number'],
  ['(-8) ^ 0.5', 'expression: ^ of -8, 0.5 is not a finite number'],
  ['ln(0)', 'expression: ln of 0 is not a finite number'],
  ['1e400', 'expression: the value is not a finite number'],
  ['1 / 1e400', 'expression: an operand of / is not a finite number'],
  ['1e308 * 10', 'expression: * of 1e+308, 10 is not a finite number'],
  ['171!', 'expression: the factorial of 171 is not allowed; allowed: of an integer from 0 to 170'],
  ['1.5!', 'expression: the factorial of 1.5 is not allowed'],
  ['(-1)!', 'expression: the factorial of -1 is not allowed'],
  ['9^9^9', 'expression: the exponent 387420489 is not allowed; allowed: -1000000 to 1000000'],
  ['9^9^9^9^9^9^9', 'is not a'],
  ['10!!!', 'expression: the factorial of 3628800 is not allowed'],
];
for (const [expression, message] of wrong) {
  test(`wrong: ${JSON.stringify(expression)}`, () => {
    const result = calculate({ expression });
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.message).toContain(message);
  });
}

const hostile = [
  'constructor',
  'constructor(1)',
  'constructor 1',
  '1 constructor 1',
  '__proto__',
  '__proto__ 5',
  'toString()',
  'valueOf(1)',
  'hasOwnProperty(1)',
  'prototype',
  'sqrt.constructor',
  'sqrt.constructor("return process")()',
  '(1).constructor',
  '"".constructor',
  "'a'",
  'pi.x',
  'pi[0]',
  '[1, 2]',
  'x = 1',
  'pi = 3',
  'f(x) = x',
  'f(x) = f(x); f(1)',
  '1; 2',
  ';',
  '1 ? 2 : 3',
  '1 == 1',
  '1 < 2',
  '1 || 2',
  'true and false',
  'not 1',
  '1 in 2',
  'random()',
  'random',
  'map(sqrt, 1)',
  'fold(sum, 0, 1)',
  'filter(sqrt, 1)',
  'join(1, 2)',
  'indexOf(1, 2)',
  'length 10',
  'if(1, 2, 3)',
  'gamma(5)',
  'fac(5)',
  'import("fs")',
  '`1`',
  '${1}',
  '\\u0031',
  '1 // 2',
  '1 ** 2',
  '1\u00a0+ 1',
  '١ + ١',
  '２',
  'π',
  'Infinity',
  'NaN',
  'process.exit(1)',
  'globalThis',
  'this',
  '2∙3',
  '\0',
];
test('hostile expressions are refused with one line', () => {
  for (const expression of hostile) {
    const result = calculate({ expression });
    expect(result.ok, expression).toBe(false);
    if (!result.ok) expect(result.message, expression).toMatch(/^expression: [^\n]*allowed: [^\n]*$/);
  }
});

test('long, deep and towering expressions end at once', () => {
  const { length, depth } = calculatorLimits;
  const nested = (levels: number): string => '('.repeat(levels) + '1' + ')'.repeat(levels);
  expect(valueOf('1'.repeat(length + 1))).toBe(
    'expression: 1001 characters are not allowed; allowed: at most 1000',
  );
  expect(valueOf(nested(depth))).toBe(1);
  expect(valueOf(nested(depth + 1))).toBe(
    'expression: more than 64 open parentheses are not allowed; allowed: at most 64',
  );
  expect(valueOf('sqrt('.repeat(depth) + '1' + ')'.repeat(depth))).toBe(1);
  expect(valueOf('-'.repeat(length - 1) + '1')).toBe(-1);
  expect(valueOf('1^'.repeat(length / 2 - 1) + '1')).toBe(1);
  expect(valueOf('9^'.repeat(length / 2 - 1) + '9')).toContain('not allowed');
  expect(valueOf('3' + '!'.repeat(length - 1))).toContain('the factorial of');
  expect(valueOf('1' + '!'.repeat(length - 1))).toBe(1);
});

test('no text makes it throw, and a value is always finite', () => {
  const fragments = fc.constantFrom(
    ...'1 0 2.5 1e308 ( ) + - * / % ^ ! , sqrt sqrt( min( pow( round( ln( pi e E . 0x 0X1 0b1 0xF 1e = ;'.split(
      ' ',
    ),
    ...'[ " constructor __proto__ ? $ _ \u00a0 \v 7 7 7 7 + * - ) )'.split(' '),
    ' ',
  );
  const texts = fc.oneof(
    fc.array(fragments, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.string(),
  );
  let values = 0;
  fc.assert(
    fc.property(texts, (expression) => {
      const result = calculate({ expression });
      if (result.ok) {
        expect(Number.isFinite(result.value)).toBe(true);
        values++;
      } else expect(result.message).toMatch(/^expression: [^\n]+$/);
    }),
    { seed: 3, numRuns: seedCount(20_000, 500_000) },
  );
  expect(values).toBeGreaterThan(500); // it is no test of refusals alone
});

test('sums and products of integers are exact', () => {
  const tree = fc.letrec<{ node: { text: string; value: bigint } }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', maxDepth: 4 },
      fc.nat({ max: 99 }).map((value) => ({ text: String(value), value: BigInt(value) })),
      fc.tuple(tie('node'), fc.constantFrom('+', '-', '*'), tie('node')).map(([a, operator, b]) => ({
        text: `(${a.text} ${operator} ${b.text})`,
        value:
          operator === '+' ? a.value + b.value : operator === '-' ? a.value - b.value : a.value * b.value,
      })),
    ),
  })).node;
  fc.assert(
    fc.property(tree, ({ text, value }) => {
      if (value > -(2n ** 53n) && value < 2n ** 53n && text.length <= 1_000)
        expect(valueOf(text)).toBe(Number(value));
    }),
    { seed: 4, numRuns: seedCount(500, 20_000) },
  );
});

test('the tool can be registered, and its calls run side by side', () => {
  const registry = new ToolRegistry([calculatorTool]);
  const tool = registry.get('calculator')!;
  expect(registry.check(tool, { expression: '1 + 1' })).toBeUndefined();
  expect(registry.check(tool, { expression: '' })).toBe(
    'arguments.expression: "" is not allowed; allowed: text of 1 to 1000 characters',
  );
  expect(registry.check(tool, { expression: '1', code: 'x' })).toContain('arguments.code');
  expect(tool.effects?.({ expression: '1' }, undefined as never)).toEqual({ reads: [], writes: [] });
});
