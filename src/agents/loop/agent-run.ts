/** What an agent's program knows while it runs, and what of it a checkpoint saves: the pages of its prompt survive by themselves. */
import type { KernelErrorCode } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { OfferedTool, Sys } from '../../kernel/syscalls.ts';
import type { CompleteTask } from './agent-task.ts';
import { Conversation } from './conversation.ts';
import { chainOf } from './model-routing.ts';
import { ownToolsOf } from './own-tools.ts';

/** What an agent ends with, however it ends. */
export interface AgentResult {
  /** `answered`, `stopped-by-reflection`, or why it failed, which is also the code of its process: ITERATION_LIMIT, CONTENT_FILTER, EMPTY_ANSWER, or the code of what failed. */
  readonly reason:
    | 'answered'
    | 'stopped-by-reflection'
    | 'ITERATION_LIMIT'
    | 'CONTENT_FILTER'
    | 'EMPTY_ANSWER'
    | KernelErrorCode;
  /** The final answer; of a run that failed the last thing that its model said. */
  readonly answer: string;
  /** False: the answer was cut off at its longest, or it is no final one. */
  readonly isWhole: boolean;
  /** '' unless the run failed. */
  readonly message: string;
  readonly iterations: number;
  /** Tool calls made. */
  readonly toolCalls: number;
  /** Reflections that told something. */
  readonly reflections: number;
}

/** What a model is asked for: turns and what is asked beside them, or summaries. */
export type ModelUse = 'model' | 'summaryModel';

/** What has been counted and decided; JSON. */
interface Progress {
  iterations: number;
  /** Tool calls made. */
  toolCalls: number;
  /** Reflections begun, and those that told something. */
  reflectionsBegun: number;
  reflections: number;
  /** Place in each chain of models: those before it were not available. */
  model: number;
  summaryModel: number;
  /** A reflection stopped the work: the next answer is the last. */
  isStopping: boolean;
  /** The last answer was empty, and the model has been told so. */
  isAskedAgain: boolean;
  /** The model's last words. */
  lastText: string;
  /** The final answer, until a further message comes. */
  final: { readonly text: string; readonly isWhole: boolean } | null;
}

export class AgentRun {
  readonly sys: Sys;
  readonly task: CompleteTask;
  readonly conversation: Conversation;
  readonly ownTools: readonly OfferedTool[];
  /** Models in the order in which they are tried, by what they are asked for; undefined stands for the engine's own. */
  readonly chains: Readonly<Record<ModelUse, readonly (string | undefined)[]>>;
  readonly progress: Progress = {
    iterations: 0,
    toolCalls: 0,
    reflectionsBegun: 0,
    reflections: 0,
    model: 0,
    summaryModel: 0,
    isStopping: false,
    isAskedAgain: false,
    lastText: '',
    final: null,
  };

  constructor(sys: Sys, task: CompleteTask, countTokens: (text: string) => number, state: Json | undefined) {
    this.sys = sys;
    this.task = task;
    this.ownTools = ownToolsOf(task);
    this.chains = { model: chainOf(task), summaryModel: task.summaryModels };
    const saved = state as { readonly progress: Progress; readonly conversation: Json } | undefined;
    if (saved !== undefined) Object.assign(this.progress, saved.progress);
    this.conversation = new Conversation({
      countTokens,
      windowTokens: task.windowTokens,
      keepsKeys: task.cache,
      saved: saved?.conversation,
    });
  }

  get toolsLeft(): number {
    return this.progress.isStopping ? 0 : this.task.toolCalls - this.progress.toolCalls;
  }

  save(): Json {
    return { progress: { ...this.progress }, conversation: this.conversation.save() };
  }

  result(reason: AgentResult['reason'], message = ''): AgentResult {
    const { final, lastText, iterations, toolCalls, reflections } = this.progress;
    return {
      reason,
      answer: final?.text ?? lastText,
      isWhole: final?.isWhole ?? false,
      message,
      iterations,
      toolCalls,
      reflections,
    };
  }
}
