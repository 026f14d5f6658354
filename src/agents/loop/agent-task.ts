/** What an agent is given: its task, and how far it may go. Plain JSON, the arguments of the program `agent`. */
import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { longestWaitUs, mostTokens } from '../../kernel/syscall-handler.ts';
import { checkMemories, type MemoryOptions } from '../memory/load-memories.ts';
import { complexities, type RouteTable } from './model-routing.ts';

export interface AgentTask extends Partial<AgentSettings> {
  /** The first user message. */
  readonly task: string;
  /** The system prompt: a pinned page of importance 1. Absent: none. */
  readonly system?: string;
  /** What of earlier work it is told before the task, as quoted data. Absent: nothing. */
  readonly memories?: MemoryOptions;
}

export interface AgentSettings {
  /** Names of the tools that the model is offered, and no others. */
  readonly tools: readonly string[];
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

/**
 * The source systems': 100 iterations, 2 retries, 120 s a step, a checkpoint every 5 iterations, 10 tool calls, a reflection every third iteration and at most 3, 85 % of the window,
 * temperature 0.3. Ours: an answer of 4,000 tokens in a window of 100,000, the low-water mark of 50 % (half of a window is paid again by each drop, so that it must free a good part of
 * it: at 80 % nearly every turn would break the prefix, at 20 % the agent would forget what it could still have kept).
 */
export const agentDefaults: AgentSettings = {
  tools: [],
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

export type CompleteTask = AgentSettings & Pick<AgentTask, 'task' | 'system' | 'memories'>;

/** With the defaults filled in. Throws KernelError INVALID_ARGUMENT: one line that names the field, the value and what is allowed. */
export function agentTaskOf(given: Json): CompleteTask {
  if (!isRecord(given)) throw invalid('task', given, 'an object with at least a task');
  for (const field of Object.keys(given))
    if (!Object.hasOwn(checks, field)) throw invalid(field, given[field], Object.keys(checks).join(', '));
  const task = { ...agentDefaults, ...given } as unknown as CompleteTask;
  for (const [field, check] of Object.entries(checks)) check(field, task[field as keyof CompleteTask]);
  if (task.maxOutput >= task.windowTokens)
    throw invalid('maxOutput', task.maxOutput, `less than windowTokens, ${task.windowTokens}`);
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
  tools: names,
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
