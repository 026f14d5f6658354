/**
 * What becomes of a call that the limit of a budget node refuses: the rule of that node. Whichever it is, no limit is ever exceeded.
 *
 * `wait` and `throttle` keep the call waiting, first come, first served. `degrade`, `suspend` and `stop` act when the limit is spent: when the call would
 * not fit either if running calls gave back all that they have reserved. Until that is known the call waits, under every rule.
 */
import type { BudgetLimit, BudgetNodeSpec } from './budget-limits.ts';
import { isRecord } from './budget-limits.ts';
import { checkPrices, type EngineOptions, type Prices } from './engine-options.ts';
import { invalid } from './errors.ts';
import { checkKnownFields } from './known-fields.ts';

/**
 * `wait`: until there is room. `throttle`: calls are paced, so that the windows fill evenly (`LimitAccount.pacedUs`). `degrade`: to the cheaper model
 * `degradeTo`. `suspend`: its process is suspended until the windows have rolled so far that it fits, or until it is continued. `stop`: its process
 * fails with BUDGET_EXHAUSTED.
 */
export const exhaustionRules = ['wait', 'throttle', 'degrade', 'suspend', 'stop'] as const;
export type ExhaustionRule = (typeof exhaustionRules)[number];

/**
 * A cheaper model behind the same cores. It shares nothing with the context memory, which belongs to the engine's own model: a degraded call bypasses
 * it, prefills its whole prompt, and leaves nothing there. Rates that are absent are those of the engine.
 */
export interface CheaperModel {
  readonly model: string;
  readonly prices: Prices;
  readonly prefillTokensPerSecond?: number;
  readonly decodeTokensPerSecond?: number;
}

/** What a call of `engine` costs, and how long it takes, on the cheaper model. */
export function degradedOptions(engine: EngineOptions, cheaper: CheaperModel): EngineOptions {
  const { model: _, ...figures } = cheaper;
  return { ...engine, ...figures };
}

/** Checks the rule of each node, whatever its real type is; all else of the nodes has been checked. Throws KernelError INVALID_ARGUMENT. */
export function checkRules(specs: readonly BudgetNodeSpec[]): void {
  for (const { name, limits = [], whenExhausted = 'wait', degradeTo } of specs) {
    const at = (field: string): string => `budget ${name}, ${field}`;
    if (!exhaustionRules.includes(whenExhausted))
      throw invalid(at('whenExhausted'), whenExhausted, exhaustionRules.join(', '));
    if (whenExhausted !== 'wait' && limits.length === 0)
      throw invalid(at('whenExhausted'), whenExhausted, 'wait: the budget has no limits of its own');
    if (whenExhausted === 'throttle' && limits.every(({ window }) => window.kind === 'total'))
      throw invalid(at('whenExhausted'), whenExhausted, 'a rule that needs no rate: all limits are totals');
    if (whenExhausted === 'degrade') checkCheaperModel(at('degradeTo'), degradeTo, limits);
    else if (degradeTo !== undefined)
      throw invalid(at('degradeTo'), degradeTo, `none where whenExhausted is ${whenExhausted}`);
  }
}

/** A price above the engine's would make the call dearer that its budget cannot pay. Throws KernelError INVALID_ARGUMENT. */
export function checkCheaper(specs: readonly BudgetNodeSpec[], engines: readonly EngineOptions[]): void {
  for (const { name, degradeTo } of specs)
    for (const engine of engines)
      for (const field of ['input', 'cachedInput', 'output'] as const) {
        const most = engine.prices[field];
        const price = degradeTo?.prices[field] ?? 0;
        if (price > most)
          throw invalid(
            `budget ${name}, degradeTo.prices.${field}`,
            price,
            `up to ${most}, the price of engine ${engine.name}`,
          );
      }
}

function checkCheaperModel(
  field: string,
  cheaper: CheaperModel | undefined,
  limits: readonly BudgetLimit[],
): void {
  if (!isRecord(cheaper))
    throw invalid(field, cheaper, '{ model, prices, prefillTokensPerSecond?, decodeTokensPerSecond? }');
  const rates = ['prefillTokensPerSecond', 'decodeTokensPerSecond'] as const;
  checkKnownFields(`${field}.`, cheaper, ['model', 'prices', ...rates]);
  const { model, prices } = cheaper as Partial<CheaperModel>;
  if (typeof model !== 'string' || model === '')
    throw invalid(`${field}.model`, model, 'a text of at least one character');
  checkPrices(`${field}.prices`, prices);
  for (const rate of rates) {
    const value = cheaper[rate];
    if (value === undefined) continue;
    if (!(value > 0 && Number.isFinite(value)))
      throw invalid(`${field}.${rate}`, value, 'a finite number above 0');
  }
  // It takes as many tokens and calls as the engine's own model.
  const hasRates = rates.some((rate) => cheaper[rate] !== undefined);
  if (limits.some(({ resource }) => resource === 'microDollars' || (resource === 'coreUs' && hasRates)))
    return;
  throw invalid(
    field,
    model,
    'a budget that limits microDollars, or coreUs with rates: a cheaper model saves neither tokens nor calls',
  );
}
