/**
 * The calculator: arithmetic on numbers by an expression library, never as code.
 *
 * Two walls. Only a sequence of numbers, known names and operators that reads as arithmetic gets to the library at all. And the
 * tables in which the library looks up names and operators hold our own functions only and have no prototype, so that
 * `constructor` and its like are unknown there, too. Our functions are portable (the same result in every engine) and refuse
 * each step whose result is not finite, so that a tower of powers ends at its first impossible step.
 */
import { Parser } from 'expr-eval-fork';

import { exp, ln, log2, pow } from '../../base/math.ts';
import type { ToolSpec } from '../../kernel/tools.ts';

/** Characters, open parentheses, the size of an exponent, the number of a factorial. */
export const calculatorLimits = { length: 1_000, depth: 64, exponent: 1_000_000, factorial: 170 } as const;

export type Calculation =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly message: string };

/** The value of an expression, a finite number, or one line that says what is wrong with it. */
export function calculate(args: { readonly expression: string }): Calculation {
  const { expression } = args;
  const problem = problemOf(expression);
  if (problem !== undefined) return { ok: false, message: `expression: ${problem}` };
  try {
    const value: unknown = parser.parse(expression).evaluate(Object.create(null));
    return { ok: true, value: finite(value, () => 'the value') };
  } catch (error) {
    if (!(error instanceof CalculationError)) throw error; // what the first wall lets through, the library can read
    return { ok: false, message: `expression: ${error.message}` };
  }
}

class CalculationError extends Error {}

/** Name → function of 1 to `most` numbers, and at least `least`. */
const functions: Readonly<Record<string, NumberFunction>> = {
  sqrt: unary(Math.sqrt),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  trunc: unary(Math.trunc),
  round: { least: 1, most: 2, of: (x, digits = 0) => round(x, digits) },
  exp: unary(exp),
  ln: unary(ln),
  log2: unary(log2),
  log10: unary(log10),
  pow: { least: 2, most: 2, of: power },
  min: { least: 1, most: Infinity, of: Math.min },
  max: { least: 1, most: Infinity, of: Math.max },
  sum: { least: 1, most: Infinity, of: (...numbers) => numbers.reduce((total, number) => total + number) },
};
const constants: Readonly<Record<string, number>> = { pi: Math.PI, PI: Math.PI, e: Math.E, E: Math.E };

export const calculatorTool: ToolSpec = {
  name: 'calculator',
  description:
    'Calculates the value of an arithmetic expression. Operators: + - * / % (remainder) ^ (power) ! (factorial) and ' +
    `parentheses. Functions: ${Object.keys(functions).join(', ')}; round(x, digits), pow(x, y). Constants: pi, e.`,
  parameters: {
    type: 'object',
    properties: {
      expression: {
        type: 'string',
        minLength: 1,
        maxLength: calculatorLimits.length,
        description: 'for example 2 * (3 + 4)^2',
      },
    },
    required: ['expression'],
    additionalProperties: false,
  },
  effects: () => ({ reads: [], writes: [] }),
};

// ---- The first wall --------------------------------------------------------------------------------------------------

/** What is wrong with the text, or undefined. Follows it token by token: an operand is due, or an operator. */
function problemOf(text: string): string | undefined {
  const { length, depth } = calculatorLimits;
  if (typeof text !== 'string') return 'not text; allowed: text';
  if (text.length > length) return `${text.length} characters are not allowed; allowed: at most ${length}`;
  /** One entry for each open parenthesis: whether it holds a function's arguments. */
  const open: boolean[] = [];
  let due: 'operand' | 'operator' | '(' = 'operand';
  const end = text.replace(/[ \t\r\n]+$/, '').length;
  let position = 0;
  while (position < end) {
    tokenPattern.lastIndex = position;
    const match = tokenPattern.exec(text);
    const [whole, number, name, symbol] = match ?? [];
    const token = number ?? name ?? symbol;
    const start =
      whole === undefined || token === undefined ? position : position + whole.length - token.length;
    const refused = (allowed: string): string =>
      `${JSON.stringify(token ?? text.slice(position).replace(/^[ \t\r\n]+/, '')[0])} at character ${start + 1} is not allowed; allowed: ${allowed}`;
    if (whole === undefined) return refused(due === 'operator' ? operators : operands);
    if (due === '(') {
      if (symbol !== '(') return refused('"(" after a function');
      open.push(true);
      due = 'operand';
    } else if (due === 'operand') {
      if (number !== undefined || (name !== undefined && Object.hasOwn(constants, name))) due = 'operator';
      else if (name !== undefined && Object.hasOwn(functions, name)) due = '(';
      else if (symbol === '(') open.push(false);
      else if (symbol !== '+' && symbol !== '-') return refused(operands);
    } else if (symbol === ')') {
      if (open.pop() === undefined) return refused('")" after a "(" only');
    } else if (symbol === ',') {
      if (open.at(-1) !== true) return refused('"," between the arguments of a function only');
      due = 'operand';
    } else if (symbol !== undefined && symbol !== '(') {
      if (symbol !== '!') due = 'operand';
    } else return refused(operators);
    if (open.length > depth)
      return `more than ${depth} open parentheses are not allowed; allowed: at most ${depth}`;
    position += whole.length;
  }
  if (due !== 'operator') return `it ends too early; allowed: ${due === '(' ? '"("' : operands}`;
  return open.length > 0
    ? `${open.length} parentheses are not closed; allowed: a ")" for each "("`
    : undefined;
}

/** A number, a name or a symbol, after the white space that the library skips. */
const tokenPattern =
  /[ \t\r\n]*(?:(0x[\da-fA-F]+|0b[01]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([a-zA-Z_$][\w$]*)|([-+*/%^!(),]))/y;
const operands = `a number, "(", a sign, a function (${Object.keys(functions).join(', ')}) or a constant (pi, e)`;
const operators = 'an operator (+ - * / % ^ !), ")" or ","';

// ---- The second wall -------------------------------------------------------------------------------------------------

const parser = restrictedParser();

function restrictedParser(): Parser {
  const off = 'assignment fndef array comparison concatenate conditional in length logical random'.split(' ');
  const operatorSwitches = bare(Object.fromEntries(off.map((name) => [name, false])));
  const restricted = new Parser({ allowMemberAccess: false, operators: operatorSwitches });
  const tables = {
    consts: bare(constants),
    unaryOps: bare({
      '+': checked('+', { least: 1, most: 1, of: (x) => x }),
      '-': checked('-', { least: 1, most: 1, of: (x) => -x }),
      '!': checked('!', { least: 1, most: 1, of: factorial }),
    }),
    binaryOps: bare({
      '+': checked('+', { least: 2, most: 2, of: (a, b) => a + b }),
      '-': checked('-', { least: 2, most: 2, of: (a, b) => a - b }),
      '*': checked('*', { least: 2, most: 2, of: (a, b) => a * b }),
      '/': checked('/', { least: 2, most: 2, of: (a, b) => a / divisor(b) }),
      '%': checked('%', { least: 2, most: 2, of: (a, b) => a % divisor(b) }),
      '^': checked('^', { least: 2, most: 2, of: power }),
    }),
    ternaryOps: bare({}),
    functions: bare(
      Object.fromEntries(Object.entries(functions).map(([name, of]) => [name, checked(name, of)])),
    ),
  };
  return Object.assign(restricted, tables);
}

/** A copy without a prototype: what is not in it is not there. */
function bare<T>(table: Readonly<Record<string, T>>): Record<string, T> {
  return Object.assign(Object.create(null) as Record<string, T>, table);
}

// ---- Arithmetic ------------------------------------------------------------------------------------------------------

interface NumberFunction {
  readonly least: number;
  readonly most: number;
  // Called with as many numbers as it takes: `checked` sees to it.
  readonly of: (...numbers: number[]) => number;
}

function unary(of: (x: number) => number): NumberFunction {
  return { least: 1, most: 1, of };
}

/** The function as the library calls it, with whatever an expression gives it. */
function checked(name: string, { least, most, of }: NumberFunction): (...values: unknown[]) => number {
  return (...values) => {
    if (values.length < least || values.length > most) {
      const range =
        least === most ? String(least) : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
      throw new CalculationError(`${name} with ${values.length} numbers is not allowed; allowed: ${range}`);
    }
    const numbers = values.map((value) => finite(value, () => `an operand of ${name}`));
    return finite(of(...numbers), () => `${name} of ${numbers.slice(0, 3).join(', ')}`);
  };
}

function finite(value: unknown, what: () => string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new CalculationError(`${what()} is not a finite number`);
}

function divisor(value: number): number {
  if (value === 0)
    throw new CalculationError('division by zero is not allowed; allowed: a divisor other than 0');
  return value;
}

function power(base: number, exponent: number): number {
  const { exponent: most } = calculatorLimits;
  if (Math.abs(exponent) > most) {
    throw new CalculationError(`the exponent ${exponent} is not allowed; allowed: -${most} to ${most}`);
  }
  return pow(base, exponent);
}

function factorial(value: number): number {
  const { factorial: most } = calculatorLimits;
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new CalculationError(
      `the factorial of ${value} is not allowed; allowed: of an integer from 0 to ${most}`,
    );
  }
  let product = 1;
  for (let factor = 2; factor <= value; factor++) product *= factor;
  return product;
}

/** Halves away from zero. */
function round(value: number, digits: number): number {
  if (!Number.isInteger(digits) || digits < 0 || digits > 15) {
    throw new CalculationError(`round to ${digits} digits is not allowed; allowed: an integer from 0 to 15`);
  }
  return digits === 0 ? Math.sign(value) * Math.round(Math.abs(value)) : Number(value.toFixed(digits));
}

/** Exact for the powers of ten that a double holds. */
function log10(value: number): number {
  const estimate = ln(value) / Math.LN10;
  const nearest = Math.round(estimate);
  return pow(10, nearest) === value ? nearest : estimate;
}
