/** What models cost: one table, which a file can update. Only for models whose makers publish a price; a model of one's own costs what its engine says. */
import { isRecord } from '../../kernel/budget-limits.ts';
import { checkPrices, type Prices } from '../../kernel/engine-options.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import { entryOfModel } from './model-names.ts';

/** By the model's name. */
export type PriceTable = Readonly<Record<string, Prices>>;

/** Dollars per million tokens, as they are published. */
function dollars(input: number, cachedInput: number, output: number): Prices {
  const inMicroDollars = (price: number): number => Math.round(price * 1_000_000);
  return {
    input: inMicroDollars(input),
    cachedInput: inMicroDollars(cachedInput),
    output: inMicroDollars(output),
  };
}

/** List prices of the makers' own services as they stood in autumn 2025, at the standard rate and for prompts of common length. Prices change: a file overrides them. */
export const priceTable: PriceTable = {
  'gpt-4o': dollars(2.5, 1.25, 10),
  'gpt-4o-mini': dollars(0.15, 0.075, 0.6),
  'gpt-4.1': dollars(2, 0.5, 8),
  'gpt-4.1-mini': dollars(0.4, 0.1, 1.6),
  'gpt-4.1-nano': dollars(0.1, 0.025, 0.4),
  o3: dollars(2, 0.5, 8),
  'o4-mini': dollars(1.1, 0.275, 4.4),
  'gpt-5': dollars(1.25, 0.125, 10),
  'gpt-5-mini': dollars(0.25, 0.025, 2),
  'gpt-5-nano': dollars(0.05, 0.005, 0.4),
  'claude-opus-4-1': dollars(15, 1.5, 75),
  'claude-sonnet-4': dollars(3, 0.3, 15),
  'claude-sonnet-4-5': dollars(3, 0.3, 15),
  'claude-haiku-4-5': dollars(1, 0.1, 5),
  'claude-3-5-haiku': dollars(0.8, 0.08, 4),
};

/** The prices of a model, found by its name (`entryOfModel`); undefined: not known. */
export function pricesOf(model: string, table: PriceTable = priceTable): Prices | undefined {
  return entryOfModel(model, table);
}

/**
 * The table with the models of a JSON file in place of its own or beside them: `{"model": {"input": 3000000, "cachedInput": 300000, "output": 15000000}}`, micro-dollars per
 * million tokens. `name` is the file's. Throws KernelError INVALID_FILE for what is no JSON and INVALID_ARGUMENT for what is no price.
 */
export function updatedPrices(name: string, json: string, table: PriceTable = priceTable): PriceTable {
  let told: unknown;
  try {
    told = JSON.parse(json);
  } catch (error) {
    throw new KernelError('INVALID_FILE', `${name}: is not JSON (${(error as Error).message})`, {
      cause: error,
    });
  }
  if (!isRecord(told)) throw invalid(name, told, 'an object of prices by model');
  for (const [model, prices] of Object.entries(told)) checkPrices(`${name}: ${model}`, prices);
  return { ...table, ...(told as PriceTable) };
}
