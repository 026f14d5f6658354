/** Flags that give every agent a budget of its own, and say what becomes of who has spent it. */
import type { Command as CommanderCommand } from 'commander';

import { hourUs, type BudgetLimit, type BudgetNodeSpec } from '../kernel/budget-limits.ts';
import { exhaustionRules, type ExhaustionRule } from '../kernel/budget-rules.ts';
import { engineDefaults } from '../kernel/engine-options.ts';
import { invalid } from '../kernel/errors.ts';
import { perAgentBudgets } from '../sim/run-workload.ts';
import { parseChoice, parseInteger, parseList, parseNumber } from './options.ts';

export interface BudgetFlags {
  readonly tokensPerHour?: number;
  readonly dollarsPerHour?: number;
  readonly whenExhausted?: ExhaustionRule;
  /** Dollars a million prompt tokens, cached ones, answer tokens. */
  readonly degradeTo?: readonly number[];
}

export function addBudgetFlags(command: CommanderCommand): void {
  command
    .option('--tokens-per-hour <n>', 'token budget of each agent in each hour (default: none)', (text) =>
      parseInteger('--tokens-per-hour', text, { min: 1 }),
    )
    .option('--dollars-per-hour <n>', 'money budget of each agent in each hour (default: none)', (text) =>
      parseNumber('--dollars-per-hour', text, { min: 0.000_001, max: 1_000_000_000 }),
    )
    .option(
      '--when-exhausted <rule>',
      `what becomes of who has spent it: ${exhaustionRules.join(', ')} (default: wait)`,
      (text) => parseChoice('--when-exhausted', text, exhaustionRules),
    )
    .option(
      '--degrade-to <prices>',
      'for degrade: IN,CACHED,OUT of the cheaper model in dollars a million tokens, such as 0.8,0.08,4',
      parsePrices,
    );
}

/** No budgets, or a node for each agent. Throws KernelError INVALID_ARGUMENT when the flags don't go together. */
export function budgetsOf(flags: BudgetFlags, agents: number): readonly BudgetNodeSpec[] {
  const { tokensPerHour, dollarsPerHour, whenExhausted = 'wait', degradeTo } = flags;
  const limits: BudgetLimit[] = [];
  const window = { kind: 'fixed', lengthUs: hourUs } as const;
  if (tokensPerHour !== undefined) limits.push({ resource: 'tokens', amount: tokensPerHour, window });
  if (dollarsPerHour !== undefined)
    limits.push({ resource: 'microDollars', amount: microDollars(dollarsPerHour), window });
  if (whenExhausted !== 'wait' && limits.length === 0)
    throw invalid(
      '--when-exhausted',
      whenExhausted,
      'wait; the others with --tokens-per-hour or --dollars-per-hour',
    );
  if (whenExhausted === 'degrade' && dollarsPerHour === undefined)
    throw invalid(
      '--when-exhausted',
      whenExhausted,
      'wait, throttle, suspend, stop; degrade with --dollars-per-hour (it saves no tokens)',
    );
  if (whenExhausted === 'degrade' && degradeTo === undefined)
    throw invalid('--degrade-to', degradeTo, threePrices);
  if (whenExhausted !== 'degrade' && degradeTo !== undefined)
    throw invalid('--degrade-to', degradeTo.join(','), 'none without --when-exhausted degrade');
  if (limits.length === 0) return [];
  return perAgentBudgets(agents, {
    limits,
    ...(whenExhausted === 'wait' ? {} : { whenExhausted }),
    ...(degradeTo === undefined ? {} : { degradeTo: cheaperModel(degradeTo) }),
  });
}

const threePrices = 'three prices of 0 or more in dollars a million tokens, such as 0.8,0.08,4';

function parsePrices(text: string): readonly number[] {
  const prices = parseList('--degrade-to', text, (price) =>
    parseNumber('--degrade-to', price, { min: 0, max: 1_000_000 }),
  );
  if (prices.length !== 3) throw invalid('--degrade-to', text, threePrices);
  const { input, cachedInput, output } = engineDefaults.prices;
  const most = [input, cachedInput, output].map((price) => price / 1_000_000);
  if (prices.some((price, index) => price > most[index]!))
    throw invalid('--degrade-to', text, `prices up to ${most.join(',')}, those of the engine`);
  return prices;
}

function cheaperModel([input = 0, cachedInput = 0, output = 0]: readonly number[]): NonNullable<
  BudgetNodeSpec['degradeTo']
> {
  const prices = {
    input: microDollars(input),
    cachedInput: microDollars(cachedInput),
    output: microDollars(output),
  };
  return { model: 'cheaper', prices };
}

const microDollars = (dollars: number): number => Math.round(dollars * 1_000_000);
