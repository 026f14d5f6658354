/** How live agents run: flags over environment over file, checked before anything starts. */
import { resolve } from 'node:path';

import type { Command as CommanderCommand } from 'commander';

import { modelVariables, shownUrl } from '../../adapters/models/openai-compatible.ts';
import type { McpServer } from '../../adapters/tools/mcp-server-link.ts';
import { agentDefaults } from '../../agents/loop/agent-task.ts';
import type { Redactor } from '../../host/redactor.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Remember } from '../../kernel/syscalls.ts';
import type { Io } from '../command.ts';
import { parseChoice, parseDurationUs, parseInteger, parseNumber } from '../options.ts';
import { approvalModes, type ApprovalMode } from './approval.ts';
import { checkAgentLimits, configFileName, namesOf, readConfig, type AgentLimits } from './config-file.ts';
import { ModelChoice, scriptedName, type ModelFlags, type Models } from './model-choice.ts';
import { distinctNames, serverOfCommand } from './mcp-servers.ts';
import { addRedactFlag, redactorOf } from './redaction.ts';
import { readMemories } from './memories-file.ts';
import {
  addTelemetryFlags,
  telemetrySettings,
  type TelemetryFlags,
  type TelemetrySettings,
} from './world-telemetry.ts';

export interface LiveFlags extends ModelFlags, LimitFlags, TelemetryFlags {
  readonly config?: string;
  readonly system?: string;
  readonly tools?: string;
  readonly mcp: readonly string[];
  readonly root?: string;
  readonly allowHost: readonly string[];
  readonly shell?: boolean;
  readonly approve?: ApprovalMode;
  readonly budgetTokens?: number;
  readonly budgetUsd?: number;
  readonly memories?: string;
  readonly redact: readonly string[];
}

/** How far an agent may go, and what it does beside its turns. */
interface LimitFlags {
  readonly toolCalls?: number;
  readonly iterations?: number;
  readonly retries?: number;
  readonly temperature?: number;
  readonly windowTokens?: number;
  readonly maxOutput?: number;
  readonly stepTimeout?: number;
  readonly reflectEvery?: number;
  readonly critique?: true;
  readonly summarise?: true;
  readonly summaryModel?: string;
  readonly cache?: true;
}

export interface LiveSettings {
  /** Name of the file that was read; undefined: none. */
  readonly config: string | undefined;
  readonly models: Models;
  /** Of these somebody may tell an agent to ask one, though nothing else names them. */
  readonly furtherModels: readonly string[];
  readonly system: string | undefined;
  /** What agents are told of where it fits their task: all of these scopes. */
  readonly memories: { readonly scopes: readonly string[]; readonly given: readonly Remember[] };
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
  readonly redactor: Redactor;
  /** Names of the rules that somebody has told. */
  readonly redactionRules: readonly string[];
  /** What is not said is as the agent's defaults say. */
  readonly agent: Partial<AgentLimits>;
  readonly telemetry: TelemetrySettings;
}

/** Flags of the model, for every command that talks to one. */
export function addModelFlags(command: CommanderCommand): void {
  command
    .option('--config <file>', `settings (default: ${configFileName} of the folder, if it is there)`)
    .option(
      '--model <name>',
      `model of the endpoint (default: ${modelVariables.model}), or several with commas between: the next is asked when one is not available; ${scriptedName}: no model at all, a script that needs no key`,
    )
    .option('--model-url <url>', `OpenAI-compatible endpoint (default: ${modelVariables.url})`);
}

export function addLiveFlags(command: CommanderCommand): void {
  addModelFlags(command);
  addRedactFlag(command);
  addTelemetryFlags(command);
  const repeated = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  command
    .option('--system <text>', 'system prompt (default: none)')
    .option(
      '--tools <names>',
      'tools that the model may use, with commas between; none: no tool (default: all that are there but search)',
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
    .option('--retries <n>', 'repeats of a model call that failed, for each model (default: 2)', (text) =>
      parseInteger('--retries', text, { min: 0, max: 10 }),
    )
    .option('--temperature <n>', `0 to 2 (default: ${agentDefaults.temperature})`, (text) =>
      parseNumber('--temperature', text, { min: 0, max: 2 }),
    )
    .option(
      '--window-tokens <n>',
      `prompt and answer of one call at most; what is oldest leaves the prompt at 85 % of it (default: the model's, or ${agentDefaults.windowTokens} where that is not known)`,
      (text) => parseInteger('--window-tokens', text, { min: 2, max: 1_000_000_000 }),
    )
    .option(
      '--max-output <n>',
      `tokens of one answer at most (default: ${agentDefaults.maxOutput})`,
      (text) => parseInteger('--max-output', text, { min: 1, max: 1_000_000_000 }),
    )
    .option('--step-timeout <time>', 'longest time of one model call (default: 120s)', (text) =>
      parseDurationUs('--step-timeout', text),
    )
    .option(
      '--reflect-every <n>',
      `turns between two reflections on the work so far; 0: none (default: ${agentDefaults.reflectEvery})`,
      (text) => parseInteger('--reflect-every', text, { min: 0, max: 1_000_000 }),
    )
    .option('--critique', 'the model looks over its final answer')
    .option('--summarise', 'what leaves the prompt is summed up first')
    .option('--summary-model <names>', 'models that are asked for summaries (default: those of the turns)')
    .option('--cache', 'a prompt that was answered before is not asked again');
}

/** Throws KernelError INVALID_ARGUMENT or INVALID_FILE, and errors of the file system for files that are not there. */
export function liveSettings(flags: LiveFlags, io: Io): LiveSettings {
  const { folder, environment } = io;
  const found = readConfig(folder, flags.config, environment);
  const config = found?.config ?? {};
  const models = new ModelChoice(flags, config, io);
  checkChoice(models);
  const keyVariables = Object.values(config.models ?? {}).map(({ keyVariable }) => keyVariable);
  const { redactor, rules } = redactorOf(flags, io, [modelVariables.key, ...keyVariables]);
  const system = flags.system ?? config.system;
  const root = flags.root ?? config.root;
  const usd = flags.budgetUsd ?? config.budget?.usd;
  const tokens = flags.budgetTokens ?? config.budget?.tokens;
  const memories = flags.memories ?? config.memories;
  return {
    config: found?.name,
    models,
    furtherModels: models.configuredNames,
    // Kept with the run, and told to models, beside the kernel.
    system: system && redactor.text(system),
    memories:
      memories === undefined ? { scopes: [], given: [] } : redacted(readMemories(folder, memories), redactor),
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
    agent: { ...config.agent, ...limitsOf(flags) },
    redactor,
    redactionRules: rules,
    telemetry: telemetrySettings(flags, io),
  };
}

function redacted(memories: LiveSettings['memories'], redactor: Redactor): LiveSettings['memories'] {
  const given = memories.given.map((one) => redactor.value(one as unknown as Json) as unknown as Remember);
  return { ...memories, given };
}

/** There must be somebody to ask. */
function checkChoice(models: ModelChoice): void {
  const { chain, url } = models;
  const [first = 'model'] = chain;
  // An endpoint is missed before a name is.
  models.model(first);
  if (chain.length === 0)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `model: none is named; allowed: --model NAME or ${modelVariables.model}, a model of ${url === undefined ? 'the endpoint' : shownUrl(url)} (ringzero doctor tells which there are)`,
    );
}

/** Throws KernelError INVALID_ARGUMENT. */
function limitsOf(flags: LimitFlags): Partial<AgentLimits> {
  const { toolCalls, iterations, retries, temperature, windowTokens, maxOutput } = flags;
  const { stepTimeout, reflectEvery, critique, summarise, summaryModel, cache } = flags;
  const given = {
    toolCalls,
    iterations,
    retries,
    temperature,
    windowTokens,
    maxOutput,
    stepTimeoutUs: stepTimeout,
    reflectEvery,
    critique,
    summarise: summarise ?? (summaryModel === undefined ? undefined : true),
    summaryModels: summaryModel === undefined ? undefined : namesOf('--summary-model', summaryModel),
    cache,
  };
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  checkAgentLimits('', said);
  return said;
}

const listed = (names: string): readonly string[] =>
  names === 'none' ? [] : names.split(',').map((name) => name.trim());
