/**
 * The agent: model turn → tool calls → results → next turn, until the model answers without asking for a tool. One program for real models, tools and people and for simulated ones: it knows
 * nothing but its syscalls.
 */
import { KernelError } from '../../kernel/errors.ts';
import { estimateTokens } from '../../kernel/estimate.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Answer, Program, ProgramGenerator } from '../../kernel/syscalls.ts';
import { findMemories } from '../memory/load-memories.ts';
import { AgentFailure } from './agent-failure.ts';
import { AgentRun, type AgentResult } from './agent-run.ts';
import { agentTaskOf, type CompleteTask } from './agent-task.ts';
import { distinctCalls } from './asked-calls.ts';
import { assistantMessage } from './cached-answers.ts';
import { importanceOf, type Steps } from './conversation.ts';
import { critique } from './critique.ts';
import { takeMail } from './mail.ts';
import { sayEarlier } from './earlier-messages.ts';
import { makeRoom } from './make-room.ts';
import { modelStep } from './model-step.ts';
import { reflect } from './reflection.ts';
import { toolTurn } from './tool-turn.ts';

export interface AgentParts {
  /** Counts the tokens of what the agent itself puts into its prompt; must depend on the text alone. Default: an estimate. */
  readonly countTokens?: (text: string) => number;
}

/** Its arguments are an AgentTask, its value is an AgentResult. */
export const agentProgram: Program = agentProgramOf();

export function agentProgramOf({ countTokens = estimateTokens }: AgentParts = {}): Program {
  return {
    name: 'agent',
    version: 1,
    body: (sys, state) => {
      let task: CompleteTask;
      try {
        task = agentTaskOf(sys.args);
      } catch (error) {
        if (error instanceof KernelError) return refused(error);
        throw error;
      }
      return runAgent(new AgentRun(sys, task, countTokens, state), state === undefined);
    },
  };
}

function* refused({ code, message }: KernelError): ProgramGenerator {
  yield { kind: 'exit', outcome: 'failed', value: message, code, message };
}

function* runAgent(run: AgentRun, isNew: boolean): ProgramGenerator {
  try {
    if (isNew) yield* begin(run);
    do {
      while (run.progress.final === null) yield* iteration(run);
    } while (yield* followUp(run));
    return valueOf(run.result(run.progress.isStopping ? 'stopped-by-reflection' : 'answered'));
  } catch (error) {
    if (!(error instanceof AgentFailure)) throw error;
    const { reason: code, message } = error;
    const value = valueOf(run.result(code as AgentResult['reason'], message));
    yield { kind: 'exit', value, outcome: 'failed', code, message };
  }
}

const valueOf = (result: AgentResult): Json => ({ ...result });

function* begin({ sys, task, conversation }: AgentRun): Steps<void> {
  const { system, memories, messages, task: asked } = task;
  if (system !== undefined) yield* conversation.system(system);
  if (memories !== undefined) {
    const countTokens = (text: string): number => conversation.tokensOf(text);
    const found = yield* findMemories(sys, { ...memories, task: asked, countTokens });
    if (!found.ok) throw new AgentFailure(found.code, found.message);
    if (found.value !== undefined) yield* conversation.note(found.value.message.text, importanceOf.memories);
  }
  if (messages !== undefined) yield* sayEarlier(conversation, messages);
  yield* conversation.user(asked);
}

/** One turn of the model with all that follows from it. */
function* iteration(run: AgentRun): Steps<void> {
  const { task, progress } = run;
  if (progress.iterations >= task.iterations)
    throw new AgentFailure(
      'ITERATION_LIMIT',
      `iterations: no answer after ${progress.iterations}; allowed: up to ${task.iterations}`,
    );
  // What a reflection has stopped goes on for whoever still has something to say.
  if (yield* takeMail(run, 0)) progress.isStopping = false;
  yield* makeRoom(run);
  const isLast = progress.isStopping;
  const offered = run.toolsLeft > 0 ? { tools: task.tools, ownTools: run.ownTools } : {};
  const asked = yield* modelStep(run, { maxOutput: task.maxOutput, keepAnswer: true, ...offered });
  if (!asked.ok) {
    progress.lastText = asked.failure?.partial ?? progress.lastText;
    throw new AgentFailure(asked.code, asked.message);
  }
  progress.iterations++;
  const answer = asked.value;
  if (answer.finish === 'content-filter')
    throw new AgentFailure('CONTENT_FILTER', 'the model was kept from answering by its content filter');
  if (answer.text !== '') progress.lastText = answer.text;
  const calls = yield* callsOf(run, answer);
  if (calls.length > 0) yield* toolTurn(run, answer.text, calls);
  if (calls.length > 0 && !isLast) yield* reflect(run);
  else if (isEmpty(answer)) yield* askAgain(run, calls.length > 0);
  else yield* finish(run, answer, calls.length > 0);
  // Nothing may follow: who is restored from here begins with the next iteration, or waits for a message.
  const isDue =
    progress.final === null ? progress.iterations % task.checkpointEvery === 0 : task.followUpUs > 0;
  if (isDue) yield* save(run);
}

/** What the answer asks for; where its ids will not do, it stands in the prompt with others. */
function* callsOf(
  { conversation }: AgentRun,
  { text, toolCalls = [] }: Answer,
): Steps<Answer['toolCalls'] & {}> {
  const { calls, isChanged } = distinctCalls(toolCalls);
  if (!isChanged) return calls;
  yield* conversation.retract();
  yield* conversation.answer(assistantMessage({ text, toolCalls: calls }));
  return calls;
}

const isEmpty = ({ text }: Answer): boolean => text.trim() === '';

/** An answer in which nothing stands is none. Most servers refuse a prompt with such a message, too. */
function* askAgain({ progress, conversation }: AgentRun, hasResults: boolean): Steps<void> {
  if (progress.isAskedAgain)
    throw new AgentFailure(
      'EMPTY_ANSWER',
      'the model gave an empty answer, and did so again when it was asked once more',
    );
  progress.isAskedAgain = true;
  if (!hasResults) yield* conversation.retract();
  yield* conversation.note('Your answer was empty. Answer the task now.', importanceOf.plan);
}

/** `hasResults`: it asked for tools all the same, and can't be replaced any more. */
function* finish(run: AgentRun, { text, finish: why = 'stop' }: Answer, hasResults: boolean): Steps<void> {
  const { task, progress, conversation } = run;
  const isWhole = why !== 'length';
  const revised = task.critique && isWhole && !hasResults ? yield* critique(run, text) : text;
  progress.final = { text: revised, isWhole };
  progress.isAskedAgain = false;
  conversation.close();
}

/** A message that came meanwhile, or comes in time, is worked on like the task; the answer before it stands in the conversation. */
function* followUp(run: AgentRun): Steps<boolean> {
  const { task, progress } = run;
  if (!(yield* takeMail(run, task.followUpUs))) return false;
  progress.final = null;
  progress.isStopping = false;
  return true;
}

/** Storage that does not keep what it is given is told, not passed over: an agent that goes on without checkpoints is not what was asked for. */
function* save(run: AgentRun): Steps<void> {
  const saved = yield { kind: 'checkpoint', state: run.save() };
  if (!saved.ok) throw new AgentFailure(saved.code, saved.message);
}
