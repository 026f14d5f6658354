/** The settings of a branch: those of the branch that it is made from, but for what is said anew. */
import { isRecord } from '../../kernel/budget-limits.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Io } from '../command.ts';
import { readConfig } from '../live/config-file.ts';
import { ModelChoice } from '../live/model-choice.ts';
import { checkRunSettings, storedModel, type RunSettings, type StoredModel } from './run-settings.ts';

export interface BranchSettingFlags {
  readonly config?: string;
  readonly model?: string;
  readonly modelUrl?: string;
  readonly prices?: string;
  readonly budgetTokens?: number;
  readonly budgetUsd?: number;
}

/** undefined: nothing is said anew. Throws KernelError INVALID_ARGUMENT for a model that nobody can ask, or whose price is not known where money is limited. */
export function branchSettings(
  run: string,
  kept: Json | undefined,
  flags: BranchSettingFlags,
  io: Io,
): RunSettings | undefined {
  const { model, modelUrl, budgetTokens, budgetUsd } = flags;
  if (modelUrl !== undefined && model === undefined)
    throw new KernelError('INVALID_ARGUMENT', '--model-url: means nothing without --model here');
  if (model === undefined && budgetTokens === undefined && budgetUsd === undefined) return undefined;
  const settings = checkRunSettings(run, kept);
  const budget = {
    ...settings.budget,
    ...(budgetTokens === undefined ? {} : { tokens: budgetTokens }),
    ...(budgetUsd === undefined ? {} : { usd: budgetUsd }),
  };
  return { ...(model === undefined ? settings : withModel(settings, model, flags, io, budget.usd)), budget };
}

/** Histories name engines, so an engine keeps its name, and another model stands behind it: behind the first that the agents of the run ask. */
function withModel(
  settings: RunSettings,
  name: string,
  flags: BranchSettingFlags,
  io: Io,
  usd: number | undefined,
): RunSettings {
  const config = readConfig(io.folder, flags.config, io.environment)?.config ?? {};
  const found = new ModelChoice(flags, config, io).model(name);
  const { prices, windowTokens } = found;
  if (usd !== undefined && prices === undefined)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `--model: the run has a budget of dollars, and no price is known of model "${name}"; allowed: with its price in a file (--prices FILE)`,
    );
  const [first = settings.models[0]!.name] = settings.chain;
  const { name: _, ...behind } = storedModel(found);
  const stored: StoredModel = { name: first, asks: name, ...behind };
  const { spec, models } = settings;
  return {
    ...settings,
    models: models.map((one) => (one.name === first ? stored : one)),
    spec: {
      ...spec,
      engines: spec.engines.map((engine) => {
        if (engine.name !== first) return engine;
        const { windowTokens: _window, ...rest } = engine;
        return {
          ...rest,
          prices: prices ?? { input: 0, cachedInput: 0, output: 0 },
          ...(windowTokens === undefined ? {} : { windowTokens }),
        };
      }),
    },
  };
}

/** The model that agents ask first; '' where nobody has kept that. */
export function firstModel(settings: Json | undefined): string {
  if (!isRecord(settings)) return '';
  const { models = [], chain = [] } = settings as unknown as Partial<RunSettings>;
  const found = models.find(({ name }) => name === chain[0]) ?? models[0];
  return found === undefined ? '' : (found.asks ?? found.name);
}
