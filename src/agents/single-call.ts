/** One question to a model and its answer, without tools or turns: the simplest agent, with memories when it is given a scope. */
import { estimateTokens } from '../kernel/estimate.ts';
import { isRecord } from '../kernel/budget-limits.ts';
import { invalid, messageOf } from '../kernel/errors.ts';
import type { Json } from '../kernel/ids.ts';
import { unknownField } from '../kernel/known-fields.ts';
import { importanceDefaults } from '../kernel/options.ts';
import { isTokens, mostTokens } from '../kernel/syscall-handler.ts';
import type { Answer, Exit, Program, ProgramGenerator, Sys, SyscallResult } from '../kernel/syscalls.ts';
import { checkMemories, loadMemories, type MemoryOptions, type MemorySteps } from './memory/load-memories.ts';
import { pageOf, type Message } from './model/messages.ts';

/** The arguments of the program `single-call`. */
export type SingleCallTask = {
  readonly task: string;
  readonly system?: string;
  /** Absent: the engine's own. */
  readonly model?: string;
  /** 0 to 2; default 0.3. */
  readonly temperature?: number;
  /** Tokens; default 4,000. */
  readonly maxOutput?: number;
  /** Memories that come before the task; absent: none. */
  readonly memories?: MemoryOptions;
};

const singleCallDefaults = { temperature: 0.3, maxOutput: 4_000 } as const;

export const singleCall: Program = singleCallOf();

/** Its value is the answer's text; it fails with one line. `countTokens`: of what it puts into its prompt; must depend on the text alone. */
export function singleCallOf(countTokens: (text: string) => number = estimateTokens): Program {
  return { name: 'single-call', version: 1, body: (sys) => runCall(sys, countTokens) };
}

function* runCall(sys: Sys, countTokens: (text: string) => number): ProgramGenerator {
  let task: SingleCallTask;
  try {
    task = taskOf(sys.args);
  } catch (error) {
    yield failedExit('INVALID_ARGUMENT', messageOf(error));
    return;
  }
  const answer = yield* answerTo(sys, task, countTokens);
  if (!answer.ok) yield failedExit(answer.code, answer.message);
  else if (answer.value.text.trim() === '')
    yield failedExit('EMPTY_ANSWER', 'the model gave an empty answer');
  else return answer.value.text;
}

const failedExit = (code: string, message: string): Exit => ({
  kind: 'exit',
  outcome: 'failed',
  value: `${code}: ${message}`,
  code,
  message,
});

function* answerTo(
  sys: Sys,
  { task, system, model, temperature, maxOutput, memories }: SingleCallTask,
  countTokens: (text: string) => number,
): MemorySteps<SyscallResult<Answer>> {
  function* say(message: Message, importance: number): MemorySteps<SyscallResult<unknown>> {
    const text = pageOf(message);
    const tokens = Math.max(1, Math.ceil(countTokens(text)));
    return yield { kind: 'allocate', text, tokens, importance, pinned: message.role === 'system' };
  }
  if (system !== undefined) {
    const said = yield* say({ role: 'system', text: system }, importanceDefaults.system);
    if (!said.ok) return said;
  }
  if (memories !== undefined) {
    const loaded = yield* loadMemories(sys, { ...memories, task, countTokens });
    if (!loaded.ok) return loaded;
  }
  const said = yield* say({ role: 'user', text: task }, importanceDefaults.result);
  if (!said.ok) return said;
  return (yield {
    kind: 'think',
    maxOutput: maxOutput ?? singleCallDefaults.maxOutput,
    keepAnswer: false,
    request: {
      ...(model === undefined ? {} : { model }),
      temperature: temperature ?? singleCallDefaults.temperature,
    },
  }) as SyscallResult<Answer>;
}

/** Throws KernelError INVALID_ARGUMENT that names the first field that is not what it may be. */
function taskOf(args: Json): SingleCallTask {
  if (!isRecord(args)) throw invalid('task', args, 'an object with at least a task');
  const unknown = unknownField(args, fields);
  if (unknown !== undefined) throw invalid(unknown, args[unknown], fields.join(', '));
  const { task, system, model, temperature, maxOutput, memories } = args;
  if (typeof task !== 'string' || task === '') throw invalid('task', task, 'a text that is not empty');
  for (const [field, value] of Object.entries({ system, model }))
    if (value !== undefined && typeof value !== 'string') throw invalid(field, value, 'a text');
  if (temperature !== undefined && !(typeof temperature === 'number' && temperature >= 0 && temperature <= 2))
    throw invalid('temperature', temperature, 'a number from 0 to 2');
  const isCount = Number.isInteger(maxOutput) && isTokens(maxOutput as number) && maxOutput !== 0;
  if (maxOutput !== undefined && !isCount)
    throw invalid('maxOutput', maxOutput, `an integer from 1 to ${mostTokens}`);
  if (memories !== undefined) checkMemories('memories', memories);
  return args as unknown as SingleCallTask;
}

const fields = ['task', 'system', 'model', 'temperature', 'maxOutput', 'memories'];
