/** What demands depend on of the kernel that agents run on. */
import { degradedOptions } from '../../kernel/budget-rules.ts';
import { engineDefaults } from '../../kernel/engine-options.ts';
import { toolDefaults } from '../../kernel/tools.ts';
import type { SimulationSpec } from '../spec.ts';

export interface Machine {
  /** Over all engines. */
  readonly cores: number;
  /** Of the fastest engine, the cheaper models of budgets included: what is least there is least everywhere. */
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
  /** The least part of its recorded time that a call takes: below 1 where a budget may let it run on a faster model. */
  readonly leastShareOfRecorded: number;
  /** By name of the tool; of those that aren't there the kernel's own. */
  readonly toolTimeoutsUs: ReadonlyMap<string, number>;
}

export function machineOf({ engines, budgets, tools }: SimulationSpec): Machine {
  const own = engines.map((engine) => ({ ...engineDefaults, ...engine }));
  const cheaper = budgets.flatMap(({ degradeTo }) => degradeTo ?? []);
  const models = own.flatMap((engine) => [
    { engine, model: engine },
    ...cheaper.map((model) => ({ engine, model: degradedOptions(engine, model) })),
  ]);
  return {
    cores: own.reduce((sum, { cores }) => sum + cores, 0),
    prefillTokensPerSecond: Math.max(...models.map(({ model }) => model.prefillTokensPerSecond)),
    decodeTokensPerSecond: Math.max(...models.map(({ model }) => model.decodeTokensPerSecond)),
    leastShareOfRecorded: Math.min(
      ...models.flatMap(({ engine, model }) => [
        engine.prefillTokensPerSecond / model.prefillTokensPerSecond,
        engine.decodeTokensPerSecond / model.decodeTokensPerSecond,
        1,
      ]),
    ),
    toolTimeoutsUs: new Map(
      tools.map(({ name, timeoutUs = toolDefaults.timeoutUs }) => [name, timeoutUs] as const),
    ),
  };
}
