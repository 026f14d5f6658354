/** Which models agents ask here, where each of them is, what it costs and how much it takes: flags over environment over file, the tables for what none of them says. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { contextWindowOf } from '../../adapters/models/context-windows.ts';
import { modelVariables, type OpenAiCompatibleOptions } from '../../adapters/models/openai-compatible.ts';
import { pricesOf, priceTable, updatedPrices, type PriceTable } from '../../adapters/models/prices.ts';
import type { RouteTable } from '../../agents/loop/model-routing.ts';
import type { Prices } from '../../kernel/engine-options.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Io } from '../command.ts';
import { namesOf, type ConfigFile } from './config-file.ts';

/** By this name agents, flags and files call it. */
export interface LiveModel {
  readonly name: string;
  /** undefined: the scripted one. */
  readonly endpoint: (OpenAiCompatibleOptions & { readonly model: string }) | undefined;
  /** The variable of the environment that its key comes from; undefined: it needs none. */
  readonly keyVariable: string | undefined;
  /** undefined: nobody has told. */
  readonly prices: Prices | undefined;
  /** What one call may contain, prompt and answer, tokens; undefined: nobody has told. */
  readonly windowTokens: number | undefined;
}

export const scriptedName = 'scripted';

/** Which models agents ask here. */
export interface Models {
  /** Whom agents ask, the next when one is not available; empty: nobody is named. */
  readonly chain: readonly string[];
  /** Other chains by the complexity of a task. */
  readonly routes: RouteTable;
  /** Throws KernelError INVALID_ARGUMENT when there is no endpoint for it. */
  model(name: string): LiveModel;
}

export interface ModelFlags {
  readonly model?: string;
  readonly modelUrl?: string;
  readonly prices?: string;
}

export class ModelChoice implements Models {
  readonly chain: readonly string[];
  readonly routes: RouteTable;
  /** The endpoint of all that have none of their own. */
  readonly url: string | undefined;
  readonly key: string | undefined;
  private readonly configured: ConfigFile['models'] & {};
  private readonly prices: PriceTable;
  private readonly environment: Io['environment'];

  /** Throws KernelError INVALID_ARGUMENT or INVALID_FILE, and errors of the file system for a price file that is not there. */
  constructor(
    flags: ModelFlags,
    config: ConfigFile,
    { folder, environment }: Pick<Io, 'folder' | 'environment'>,
  ) {
    const read = (variable: string): string | undefined => environment[variable]?.trim() || undefined;
    const named = read(modelVariables.model);
    this.chain =
      flags.model !== undefined
        ? namesOf('--model', flags.model)
        : named !== undefined
          ? namesOf(modelVariables.model, named)
          : (config.model?.name ?? []);
    // Who names models on the command line means these.
    this.routes = flags.model === undefined ? (config.routes ?? {}) : {};
    this.url = flags.modelUrl ?? read(modelVariables.url) ?? config.model?.url;
    this.key = read(modelVariables.key);
    this.configured = config.models ?? {};
    this.environment = environment;
    const file = flags.prices ?? config.prices;
    this.prices =
      file === undefined ? priceTable : updatedPrices(file, readFileSync(resolve(folder, file), 'utf8'));
  }

  /** Those of the file, whether anything asks them or not. */
  get configuredNames(): readonly string[] {
    return Object.keys(this.configured);
  }

  model(name: string): LiveModel {
    const own = Object.hasOwn(this.configured, name) ? this.configured[name]! : {};
    if (name === scriptedName) return scriptedModel;
    const at = own.name ?? name;
    return {
      name,
      endpoint: { ...this.placeOf(name), model: at, alias: name },
      keyVariable: own.url === undefined ? modelVariables.key : own.keyVariable,
      prices: own.prices ?? pricesOf(at, this.prices) ?? pricesOf(name, this.prices),
      windowTokens: own.windowTokens ?? contextWindowOf(at),
    };
  }

  /** A key goes to the endpoint that it was given for, and to no other. */
  private placeOf(name: string): Pick<OpenAiCompatibleOptions, 'url' | 'key' | 'keyPlace'> {
    const { url: ownUrl, keyVariable } = this.configured[name] ?? {};
    const url = ownUrl ?? this.url;
    if (url === undefined)
      throw new KernelError(
        'INVALID_ARGUMENT',
        `model: no endpoint is set; allowed: ${modelVariables.url}=http://localhost:11434/v1 or whichever you have, with ${modelVariables.model} and, if it needs one, ${modelVariables.key}; or --model ${scriptedName}, which needs none of them`,
      );
    const key = ownUrl === undefined ? this.key : keyVariable && this.environment[keyVariable]?.trim();
    return {
      url,
      ...(key === undefined ? {} : { key }),
      ...(ownUrl === undefined ? {} : { keyPlace: `models.${name}.keyVariable` }),
    };
  }
}

const free: Prices = { input: 0, cachedInput: 0, output: 0 };

export const scriptedModel: LiveModel = {
  name: scriptedName,
  endpoint: undefined,
  keyVariable: undefined,
  prices: free,
  windowTokens: undefined,
};

/** All models that something asks: a chain, one by complexity, summaries. What is none of these says nothing here. */
export function modelsNamedBy(asking: {
  readonly models?: unknown;
  readonly routes?: unknown;
  readonly summaryModels?: unknown;
}): readonly string[] {
  const { models = [], routes = {}, summaryModels = [] } = asking;
  const chains = [models, ...Object.values((routes ?? {}) as Record<string, Json>), summaryModels];
  const names = chains.flatMap((chain) => (Array.isArray(chain) ? (chain as unknown[]) : []));
  return [...new Set(names.filter((name): name is string => typeof name === 'string' && name !== ''))];
}
