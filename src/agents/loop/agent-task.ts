/** What an agent is given: its task, and how far it may go. Plain JSON, the arguments of the program `agent`. */
import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { checkKnownFields } from '../../kernel/known-fields.ts';
import { longestWaitUs, mostTokens } from '../../kernel/syscall-handler.ts';
import { checkMemories, type MemoryOptions } from '../memory/load-memories.ts';
import { checkEarlierMessages, type EarlierMessages } from './earlier-messages.ts';
import { complexities, type RouteTable } from './model-routing.ts';
import { sendMessageName } from './own-tools.ts';

export interface AgentTask extends Partial<AgentSettings> {
  /** The first user message. */
  readonly task: string;
  /** The system prompt: a pinned page of importance 1. Absent: none. */
  readonly system?: string;
  /** What of earlier work it is told before the task, as quoted data. Absent: nothing. */
  readonly memories?: MemoryOptions;
  /** The conversation that the task goes on with: it stands in the prompt before the task. Absent: none. */
  readonly messages?: EarlierMessages;
}

export interface AgentSettings {
  /** Names of the tools that the model is offered, and no others. */
  readonly tools: readonly string[];
  /** Other agents, which the model calls like tools, by the names of these. */
  readonly agents: Readonly<Record<string, SubAgent>>;
  /** How many agents that have agents, and teams, may stand one above the other from here on; > 0 where there are agents. */
  readonly depth: number;
  /** Siblings by name, other members of its team for one, to whom the model may write with the tool `send_message`. */
  readonly colleagues: readonly string[];
  /** Models in the order in which they are tried; none: the engine's own. */
  readonly models: readonly string[];
  /** Other chains of models for tasks of a complexity. */
  readonly routes: RouteTable;
  /** 0 to 2. */
  readonly temperature: number;
  /** Tokens of one answer at most; > 0, and less than the window. */
  readonly maxOutput: number;
  /** What one model call may contain, prompt and answer, tokens; no more than the engine's. */
  readonly windowTokens: number;
  /** Model turns at most; reflections, critiques and summaries are none. */
  readonly iterations: number;
  /** Repeats of a model call that failed, for each model of the chain. */
  readonly retries: number;
  /** Longest time of one model call on a core, µs; > 0. */
  readonly stepTimeoutUs: number;
  /** Iterations between two checkpoints; > 0. */
  readonly checkpointEvery: number;
  /** Tool calls at most in the whole run; then tools are withheld. */
  readonly toolCalls: number;
  /** Iterations between two reflections; 0: never. */
  readonly reflectEvery: number;
  /** Reflections at most. */
  readonly reflections: number;
  /** Whether the model looks over its final answer. */
  readonly critique: boolean;
  /** Share of the window at which pages are dropped, and share down to which: 0 < dropTo < dropAt <= 1. */
  readonly dropAt: number;
  readonly dropTo: number;
  /** Whether the model sums up what is about to be dropped. */
  readonly summarise: boolean;
  /** Models asked for summaries, in the order in which they are tried; none: those of the turns. */
  readonly summaryModels: readonly string[];
  /** Whether answers come from the tool `response-cache` where it knows them, and are told to it. */
  readonly cache: boolean;
  /** How long a finished agent waits for a further message, µs; 0: it takes up only what is there already. */
  readonly followUpUs: number;
}

/** An agent that another one calls: a child process for each call. A type, as it is JSON. */
export type SubAgent = {
  /** What it is good for: told to the model. */
  readonly description: string;
  /** Default `agent`. Its arguments are an object, in which `task` is what the model asks of it. */
  readonly program?: string;
  readonly arguments?: { readonly [field: string]: Json };
  /** An existing budget node; default: the caller's. */
  readonly budget?: string;
  readonly priority?: number;
  /** How long its result is waited for, µs; then it is told to end. Default 10 minutes. */
  readonly timeoutUs?: number;
};

/**
 * The source systems': 100 iterations, 2 retries, 120 s a step, a checkpoint every 5 iterations, 10 tool calls, a reflection every third iteration and at most 3, 85 % of the window,
 * temperature 0.3. Ours: an answer of 4,000 tokens in a window of 100,000, the low-water mark of 50 % (half of a window is paid again by each drop, so that it must free a good part of
 * it: at 80 % nearly every turn would break the prefix, at 20 % the agent would forget what it could still have kept).
 */
export const agentDefaults: AgentSettings = {
  tools: [],
  agents: {},
  depth: 3,
  colleagues: [],
  models: [],
  routes: {},
  temperature: 0.3,
  maxOutput: 4_000,
  windowTokens: 100_000,
  iterations: 100,
  retries: 2,
  stepTimeoutUs: 120_000_000,
  checkpointEvery: 5,
  toolCalls: 10,
  reflectEvery: 3,
  reflections: 3,
  critique: false,
  dropAt: 0.85,
  dropTo: 0.5,
  summarise: false,
  summaryModels: [],
  cache: false,
  followUpUs: 0,
};

export type CompleteTask = AgentSettings & Pick<AgentTask, 'task' | 'system' | 'memories' | 'messages'>;

/** With the defaults filled in. Throws KernelError INVALID_ARGUMENT: one line that names the field, the value and what is allowed. */
export function agentTaskOf(given: Json): CompleteTask {
  if (!isRecord(given)) throw invalid('task', given, 'an object with at least a task');
  for (const field of Object.keys(given))
    if (!Object.hasOwn(checks, field)) throw invalid(field, given[field], Object.keys(checks).join(', '));
  const task = { ...agentDefaults, ...given } as unknown as CompleteTask;
  for (const [field, check] of Object.entries(checks)) check(field, task[field as keyof CompleteTask]);
  if (task.maxOutput >= task.windowTokens)
    throw invalid('maxOutput', task.maxOutput, `less than windowTokens, ${task.windowTokens}`);
  const ownNames = [...Object.keys(task.agents), ...(task.colleagues.length > 0 ? [sendMessageName] : [])];
  const twice = task.tools.find((name) => ownNames.includes(name));
  if (twice !== undefined)
    throw invalid('tools', twice, 'names that none of its agents has, nor send_message');
  if (Object.keys(task.agents).length > 0 && task.depth < 1)
    throw invalid('depth', task.depth, 'at least 1 where there are agents');
  if (task.dropTo >= task.dropAt) throw invalid('dropTo', task.dropTo, `less than dropAt, ${task.dropAt}`);
  return task;
}

type Check = (field: string, value: unknown) => void;

const checks: Readonly<Record<keyof CompleteTask, Check>> = {
  task: (field, value) => {
    if (typeof value !== 'string' || value === '') throw invalid(field, value, 'a text that is not empty');
  },
  system: (field, value) => {
    if (value !== undefined && typeof value !== 'string') throw invalid(field, value, 'a text');
  },
  memories: (field, value) => {
    if (value !== undefined) checkMemories(field, value);
  },
  messages: (field, value) => {
    if (value !== undefined) checkEarlierMessages(field, value);
  },
  tools: names,
  agents: (field, value) => {
    if (!isRecord(value)) throw invalid(field, value, 'an object of agents by name');
    for (const [name, agent] of Object.entries(value)) checkSubAgent(`${field}.${name}`, name, agent);
  },
  depth: integer(0, 10),
  colleagues: names,
  models: names,
  routes: (field, value) => {
    if (!isRecord(value)) throw invalid(field, value, `an object with ${complexities.join(', ')}`);
    for (const [name, chain] of Object.entries(value)) {
      if (!(complexities as readonly string[]).includes(name))
        throw invalid(`${field}.${name}`, chain, complexities.join(', '));
      names(`${field}.${name}`, chain);
    }
  },
  temperature: number(0, 2),
  maxOutput: integer(1, mostTokens),
  windowTokens: integer(2, mostTokens),
  iterations: integer(1, 1_000_000),
  retries: integer(0, 10),
  stepTimeoutUs: integer(1, longestWaitUs),
  checkpointEvery: integer(1, 1_000_000),
  toolCalls: integer(0, 1_000_000),
  reflectEvery: integer(0, 1_000_000),
  reflections: integer(0, 1_000_000),
  critique: flag,
  dropAt: number(0, 1),
  dropTo: number(0, 1),
  summarise: flag,
  summaryModels: names,
  cache: flag,
  followUpUs: integer(0, longestWaitUs),
};

const subAgentFields = Object.keys({
  description: true,
  program: true,
  arguments: true,
  budget: true,
  priority: true,
  timeoutUs: true,
} satisfies Record<keyof SubAgent, true>);

function checkSubAgent(field: string, name: string, agent: unknown): void {
  if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(name) || name === sendMessageName)
    throw invalid(field, name, '1 to 128 letters, digits, "_", "." and "-"');
  if (!isRecord(agent)) throw invalid(field, agent, '{ description, … }');
  checkKnownFields(`${field}.`, agent, subAgentFields);
  const { description, program = '', arguments: args = {}, budget = '', timeoutUs = 1 } = agent;
  for (const [name, value] of Object.entries({ description, program, budget }))
    if (typeof value !== 'string') throw invalid(`${field}.${name}`, value, 'a text');
  if (!isRecord(args)) throw invalid(`${field}.arguments`, args, 'an object');
  integer(1, longestWaitUs)(`${field}.timeoutUs`, timeoutUs);
}

function names(field: string, value: unknown): void {
  const isList = Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');
  if (!isList) throw invalid(field, value, 'a list of names');
}

function flag(field: string, value: unknown): void {
  if (typeof value !== 'boolean') throw invalid(field, value, 'true or false');
}

function number(least: number, most: number): Check {
  return (field, value) => {
    if (typeof value !== 'number' || !(value >= least && value <= most))
      throw invalid(field, value, `a number from ${least} to ${most}`);
  };
}

function integer(least: number, most: number): Check {
  return (field, value) => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
      throw invalid(field, value, `an integer from ${least} to ${most}`);
  };
}
