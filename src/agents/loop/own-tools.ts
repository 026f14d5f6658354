/**
 * Tools that an agent's program carries out itself, by syscalls: a message to a colleague, and other agents. No registry knows them; their arguments are checked here, and each call has one result.
 */
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import { compileSchema } from '../../kernel/schema/compile.ts';
import { problemOf } from '../../kernel/schema/problem.ts';
import type { ChildEnd, OfferedTool, SyscallResult, ToolResult } from '../../kernel/syscalls.ts';
import type { AgentRun } from './agent-run.ts';
import type { CompleteTask, SubAgent } from './agent-task.ts';
import type { Steps } from './conversation.ts';

export const sendMessageName = 'send_message';

/** A sub-agent at work takes many model calls: far longer than a tool's 15 s. */
const subAgentTimeoutUs = 600_000_000;

/** What the model is offered beside the tools of the registry. */
export function ownToolsOf({ agents, colleagues }: CompleteTask): readonly OfferedTool[] {
  const offered = Object.entries(agents).map(([name, { description }]) => ({
    name,
    description,
    parameters: taskSchema,
  }));
  return colleagues.length === 0 ? offered : [...offered, sendMessageTool(colleagues)];
}

const taskSchema: Json = {
  type: 'object',
  properties: {
    task: {
      type: 'string',
      minLength: 1,
      description: 'what is to be done, with all that must be known for it: nothing else is told',
    },
  },
  required: ['task'],
  additionalProperties: false,
};

function sendMessageTool(colleagues: readonly string[]): OfferedTool {
  return {
    name: sendMessageName,
    description: 'Sends a message to a colleague who is at work, to be read at the next turn.',
    parameters: {
      type: 'object',
      properties: { to: { type: 'string', enum: [...colleagues] }, text: { type: 'string', minLength: 1 } },
      required: ['to', 'text'],
      additionalProperties: false,
    },
  };
}

/** A call under way: its result, or the child that works on it. */
export type OwnCall =
  | { readonly result: ToolResult }
  | { readonly name: string; readonly pid: Pid; readonly timeoutUs: number; readonly dueUs: number };

/** Begins the call of `tool`, which is one of `ownToolsOf`. */
export function* beginOwn(run: AgentRun, tool: OfferedTool, args: Json): Steps<OwnCall> {
  const { name, parameters } = tool;
  const problem = problemOf(compileSchema(parameters, name), args);
  if (problem !== undefined) return { result: { ok: false, code: 'TOOL_ARGUMENTS', message: problem } };
  if (name === sendMessageName) {
    const { to, text } = args as { readonly to: string; readonly text: string };
    const sent = yield { kind: 'send', to, message: { name: run.sys.name, text } };
    return { result: sent.ok ? { ok: true, value: `${to} reads it at the next turn` } : sent };
  }
  return yield* beginAgent(run, name, (args as { readonly task: string }).task);
}

function* beginAgent({ sys, task }: AgentRun, name: string, asked: string): Steps<OwnCall> {
  const {
    program = 'agent',
    arguments: given = {},
    budget,
    priority,
    timeoutUs = subAgentTimeoutUs,
  } = task.agents[name] as SubAgent;
  // An agent that has agents, and a team, may go no deeper than what is left.
  const isDeeper = program === 'team' || given['agents'] !== undefined;
  const spawned = (yield {
    kind: 'spawn',
    program,
    name,
    arguments: { ...given, ...(isDeeper ? { depth: depthWithin(given, task.depth) } : {}), task: asked },
    ...(budget === undefined ? {} : { budget }),
    ...(priority === undefined ? {} : { priority }),
  }) as SyscallResult<Pid>;
  if (!spawned.ok) return { result: spawned };
  return { name, pid: spawned.value, timeoutUs, dueUs: sys.now + timeoutUs };
}

/** What is left of `depth` for who stands below; it may say less of itself, not more. */
export function depthWithin(args: { readonly [field: string]: Json }, depth: number): Json {
  const own = args['depth'];
  return own !== undefined && !(typeof own === 'number' && own >= depth) ? own : depth - 1;
}

/** The result of a call that has begun. One that is not there in time is told to end, and what it still comes to reaches nobody. */
export function* endOwn({ sys }: AgentRun, call: OwnCall): Steps<ToolResult> {
  if ('result' in call) return call.result;
  const { name, pid, timeoutUs, dueUs } = call;
  const ended = (yield {
    kind: 'wait',
    pid,
    timeoutUs: Math.max(0, dueUs - sys.now),
  }) as SyscallResult<ChildEnd>;
  if (ended.ok) return resultOf(name, ended.value);
  if (ended.code !== 'TIMEOUT') return ended;
  yield { kind: 'signal', pid, signal: 'terminate' };
  return { ok: false, code: 'TOOL_TIMEOUT', message: `${name} gave no result within ${timeoutUs} µs` };
}

function resultOf(name: string, { outcome, value }: ChildEnd): ToolResult {
  const { answer, isWhole, message } = isRecord(value) ? value : {};
  if (outcome === 'completed') {
    const said = answer ?? value;
    return { ok: true, value: isWhole === false ? { answer: said, isWhole } : said };
  }
  if (outcome !== 'failed') return { ok: false, code: 'TOOL_CANCELLED', message: `${name} was ${outcome}` };
  const why =
    typeof message === 'string' ? message : typeof value === 'string' ? value : JSON.stringify(value);
  const partial = typeof answer === 'string' && answer !== '' ? `; it had come to: ${answer}` : '';
  return { ok: false, code: 'TOOL_FAILED', message: `${name} failed: ${why}${partial}` };
}
