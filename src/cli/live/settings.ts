/** How live agents run: flags over environment over file, checked before anything starts. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Command as CommanderCommand } from 'commander';

import { modelVariables, type OpenAiCompatibleOptions } from '../../adapters/models/openai-compatible.ts';
import { pricesOf, priceTable, updatedPrices, type PriceTable } from '../../adapters/models/prices.ts';
import type { McpServer } from '../../adapters/tools/mcp-server-link.ts';
import type { Prices } from '../../kernel/engine-options.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Remember } from '../../kernel/syscalls.ts';
import type { Io } from '../command.ts';
import { parseChoice, parseInteger, parseNumber } from '../options.ts';
import { approvalModes, type ApprovalMode } from './approval.ts';
import { configFileName, readConfig } from './config-file.ts';
import { distinctNames, serverOfCommand } from './mcp-servers.ts';
import { readMemories } from './memories-file.ts';

export interface LiveFlags {
  readonly config?: string;
  readonly model?: string;
  readonly modelUrl?: string;
  readonly system?: string;
  readonly tools?: string;
  readonly mcp: readonly string[];
  readonly root?: string;
  readonly allowHost: readonly string[];
  readonly shell?: boolean;
  readonly approve?: ApprovalMode;
  readonly budgetTokens?: number;
  readonly budgetUsd?: number;
  readonly prices?: string;
  readonly memories?: string;
  readonly toolCalls?: number;
  readonly iterations?: number;
  readonly retries?: number;
}

type ModelChoice =
  | { readonly kind: 'scripted' }
  | { readonly kind: 'endpoint'; readonly endpoint: OpenAiCompatibleOptions & { readonly model: string } };

export interface LiveSettings {
  /** Name of the file that was read; undefined: none. */
  readonly config: string | undefined;
  readonly model: ModelChoice;
  /** Of the model; undefined: nobody has told. */
  readonly prices: Prices | undefined;
  readonly system: string | undefined;
  /** What agents are told of where it fits their task. */
  readonly memories: readonly Remember[];
  /** Names; undefined: all that there are but the search in the built-in encyclopedia. */
  readonly tools: readonly string[] | undefined;
  readonly mcp: readonly McpServer[];
  /** Of the file tools; undefined: there are none. */
  readonly root: string | undefined;
  readonly hosts: readonly string[];
  /** The folder in which commands run; undefined: none may. */
  readonly shell: string | undefined;
  readonly approve: ApprovalMode;
  readonly budget: { readonly tokens?: number; readonly usd?: number };
  /** How far an agent may go; absent: as the agent's defaults say. */
  readonly limits: {
    readonly toolCalls?: number;
    readonly iterations?: number;
    readonly retries?: number;
  };
}

export const scriptedName = 'scripted';

/** Flags of the model, for every command that talks to one. */
export function addModelFlags(command: CommanderCommand): void {
  command
    .option('--config <file>', `settings (default: ${configFileName} of the folder, if it is there)`)
    .option(
      '--model <name>',
      `model of the endpoint (default: ${modelVariables.model}); ${scriptedName}: no model at all, a script that needs no key`,
    )
    .option('--model-url <url>', `OpenAI-compatible endpoint (default: ${modelVariables.url})`);
}

export function addLiveFlags(command: CommanderCommand): void {
  addModelFlags(command);
  const repeated = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  command
    .option('--system <text>', 'system prompt (default: none)')
    .option(
      '--tools <names>',
      'tools that the model may use, with commas between; none: no tool (default: all that are there)',
    )
    .option(
      '--mcp <command>',
      'MCP server: a command in quotes or a URL; can be repeated (default: none)',
      repeated,
      [],
    )
    .option(
      '--root <folder>',
      'tools that read, write, list and search files in this folder and nowhere else',
    )
    .option(
      '--allow-host <name>',
      'tool that gets pages from this host; *.name: and its subdomains; can be repeated (default: none)',
      repeated,
      [],
    )
    .option('--shell', 'tool that runs commands with your rights, in --root or here')
    .option(
      '--approve <who>',
      'calls that write, or of which nobody declares what they touch: ask: a person approves each; never: nobody is asked, they are denied; always: nobody is asked, all calls are made (default: ask)',
      (text) => parseChoice('--approve', text, approvalModes),
    )
    .option('--budget-tokens <n>', 'tokens that all calls together may use, prompts and answers', (text) =>
      parseInteger('--budget-tokens', text, { min: 1 }),
    )
    .option('--budget-usd <n>', 'dollars that all calls together may cost', (text) =>
      parseNumber('--budget-usd', text, { min: 0.000_001, max: 1_000_000_000 }),
    )
    .option(
      '--memories <file>',
      'skills, experiences and notes, of which agents are told those that fit their task (default: none)',
    )
    .option('--prices <file>', 'prices of models, in place of those that are built in or beside them')
    .option('--tool-calls <n>', 'tool calls at most, then the model must answer (default: 10)', (text) =>
      parseInteger('--tool-calls', text, { min: 0, max: 1_000_000 }),
    )
    .option('--iterations <n>', 'turns of the model at most (default: 100)', (text) =>
      parseInteger('--iterations', text, { min: 1, max: 1_000_000 }),
    )
    .option('--retries <n>', 'repeats of a model call that failed (default: 2)', (text) =>
      parseInteger('--retries', text, { min: 0, max: 10 }),
    );
}

/** Throws KernelError INVALID_ARGUMENT or INVALID_FILE, and errors of the file system for files that are not there. */
export function liveSettings(flags: LiveFlags, io: Io): LiveSettings {
  const { folder, environment } = io;
  const found = readConfig(folder, flags.config, environment);
  const config = found?.config ?? {};
  const model = modelChoice(flags, io);
  const pricesFile = flags.prices ?? config.prices;
  const prices =
    model.kind === 'scripted' ? free : pricesOf(model.endpoint.model, tableOf(folder, pricesFile));
  const root = flags.root ?? config.root;
  const usd = flags.budgetUsd ?? config.budget?.usd;
  const tokens = flags.budgetTokens ?? config.budget?.tokens;
  if (usd !== undefined && prices === undefined && model.kind === 'endpoint')
    throw new KernelError(
      'INVALID_ARGUMENT',
      `--budget-usd: means nothing without a price, and none is known of model "${model.endpoint.model}"; allowed: with its price in a file (--prices FILE), or --budget-tokens`,
    );
  const memories = flags.memories ?? config.memories;
  const { toolCalls, iterations, retries } = flags;
  return {
    config: found?.name,
    model,
    prices,
    system: flags.system ?? config.system,
    memories: memories === undefined ? [] : readMemories(folder, memories),
    tools: flags.tools === undefined ? config.tools : listed(flags.tools),
    mcp: distinctNames([
      ...(flags.mcp.length > 0
        ? flags.mcp.map((text) => serverOfCommand('--mcp', text))
        : (config.mcp ?? [])),
    ]),
    root: root === undefined ? undefined : resolve(folder, root),
    hosts: flags.allowHost.length > 0 ? flags.allowHost : (config.hosts ?? []),
    shell: (flags.shell ?? config.shell ?? false) ? resolve(folder, root ?? '.') : undefined,
    approve: flags.approve ?? config.approve ?? 'ask',
    budget: { ...(tokens === undefined ? {} : { tokens }), ...(usd === undefined ? {} : { usd }) },
    limits: {
      ...(toolCalls === undefined ? {} : { toolCalls }),
      ...(iterations === undefined ? {} : { iterations }),
      ...(retries === undefined ? {} : { retries }),
    },
  };
}

const free: Prices = { input: 0, cachedInput: 0, output: 0 };

const listed = (names: string): readonly string[] =>
  names === 'none' ? [] : names.split(',').map((name) => name.trim());

function tableOf(folder: string, file: string | undefined): PriceTable {
  return file === undefined ? priceTable : updatedPrices(file, readFileSync(resolve(folder, file), 'utf8'));
}

/** Where the model is, as far as it is said. */
export interface ModelPlace {
  readonly url: string | undefined;
  readonly key: string | undefined;
  readonly name: string | undefined;
}

export function modelPlace(
  flags: Pick<LiveFlags, 'config' | 'model' | 'modelUrl'>,
  { folder, environment }: Pick<Io, 'folder' | 'environment'>,
): ModelPlace {
  const read = (variable: string): string | undefined => environment[variable]?.trim() || undefined;
  const config = readConfig(folder, flags.config, environment)?.config.model ?? {};
  return {
    url: flags.modelUrl ?? read(modelVariables.url) ?? config.url,
    key: read(modelVariables.key),
    name: flags.model ?? read(modelVariables.model) ?? config.name,
  };
}

function modelChoice(flags: LiveFlags, io: Io): ModelChoice {
  const { url, key, name } = modelPlace(flags, io);
  if (name === scriptedName) return { kind: 'scripted' };
  if (url === undefined)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `model: no endpoint is set; allowed: ${modelVariables.url}=http://localhost:11434/v1 or whichever you have, with ${modelVariables.model} and, if it needs one, ${modelVariables.key}; or --model ${scriptedName}, which needs none of them`,
    );
  if (name === undefined)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `model: none is named; allowed: --model NAME or ${modelVariables.model}, a model of ${url} (ringzero doctor tells which there are)`,
    );
  return { kind: 'endpoint', endpoint: { url, model: name, ...(key === undefined ? {} : { key }) } };
}
