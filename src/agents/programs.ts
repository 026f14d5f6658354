/**
 * The two programs whose code is data: `scripted` runs steps that somebody wrote (bursts, tools, sleeps), `replayed` runs those of a recorded
 * agent. They differ in one thing: when a model call is refused, a scripted agent fails, while a replayed one goes on with what was recorded next.
 */
import { estimateTokens } from '../kernel/estimate.ts';
import type { Json, Pid } from '../kernel/ids.ts';
import { importanceDefaults } from '../kernel/options.ts';
import type {
  Acquire,
  Answer,
  PersonReply,
  Program,
  ProgramGenerator,
  SemWait,
  Sys,
  Syscall,
  SyscallResult,
  ThinkCall,
  ToolCall,
} from '../kernel/syscalls.ts';
import type {
  AgentSpec,
  AgentStep,
  AskStep,
  ContextStep,
  PageStep,
  RecordedToolCall,
  SpawnStep,
  ThinkStep,
  ToolsStep,
} from './steps.ts';
import type { Workflow } from './workflow.ts';

type Steps<Value = SyscallResult<unknown>> = Generator<Syscall, Value, SyscallResult<unknown>>;

/** What a checkpoint of such an agent saves: the next step, its children by key, and the last answer's text. */
interface Place {
  readonly next: number;
  readonly children: Readonly<Record<string, number>>;
  /** Absent: there is none. */
  readonly last?: Json;
}

export const [scripted, replayed] = stepProgramsOf();
export const stepPrograms: readonly Program[] = [scripted, replayed];

/** `workflow`: told where each agent is. */
export function stepProgramsOf(workflow?: Workflow): readonly [scripted: Program, replayed: Program] {
  return [
    { name: 'scripted', version: 1, body: (sys, state) => runSteps(sys, state, true, workflow) },
    { name: 'replayed', version: 1, body: (sys, state) => runSteps(sys, state, false, workflow) },
  ];
}

/** Its value is the last answer's text. */
function* runSteps(
  sys: Sys,
  state: Json | undefined,
  isStrict: boolean,
  workflow: Workflow | undefined,
): ProgramGenerator {
  const { steps } = sys.args as unknown as AgentSpec;
  const place = state as unknown as Place | undefined;
  const children: Record<string, number> = { ...place?.children };
  const position = { steps, next: place?.next ?? 0, children };
  let last: Json = place?.last ?? null;
  let failure = '';
  workflow?.enter(sys.pid, position);
  try {
    for (; position.next < steps.length && failure === ''; position.next++) {
      const { next } = position;
      const step = steps[next]!;
      // Most steps are one syscall: a generator for each would cost more than the syscall.
      const result: SyscallResult<unknown> = isOneSyscall(step)
        ? yield syscallOf(step, sys, next, children, last)
        : yield* runStep(step, children, isStrict);
      if (step.op === 'think' && result.ok) last = (result.value as Answer).text;
      if (isStrict && !result.ok) failure = `step ${next} (${step.op}): ${result.code}: ${result.message}`;
    }
  } finally {
    workflow?.leave(sys.pid);
  }
  if (failure === '') return last;
  yield { kind: 'exit', value: failure, outcome: 'failed' };
}

/** The steps that take several syscalls, or keep something of the result. */
type LongStep = ContextStep | AskStep | SpawnStep;

const isOneSyscall = (step: AgentStep): step is Exclude<AgentStep, LongStep> =>
  step.op !== 'context' && step.op !== 'ask' && step.op !== 'spawn';

function syscallOf(
  step: Exclude<AgentStep, LongStep>,
  sys: Sys,
  index: number,
  children: Record<string, number>,
  last: Json,
): Syscall {
  switch (step.op) {
    case 'page':
      return allocateOf(step);
    case 'think':
      return thinkOf(step, sys.pid, index);
    case 'tools':
      return callToolsOf(step);
    case 'sleep':
      return { kind: 'sleep', us: step.us };
    case 'wait':
      return { kind: 'wait', pid: (children[step.key] ?? -1) as Pid };
    case 'checkpoint':
      return {
        kind: 'checkpoint',
        state: { next: index + 1, children: { ...children }, ...(last === null ? {} : { last }) },
      };
    case 'send': {
      const to = step.to === 'parent' ? sys.parent : (children[step.to] ?? -1);
      return { kind: 'send', to: to as Pid, message: step.text };
    }
    case 'receive':
      return { kind: 'receive' };
    case 'acquire':
    case 'semWait': {
      const { op: kind, ...what } = step;
      return { kind, ...what } as Acquire | SemWait;
    }
    case 'release':
      return { kind: 'release', lock: step.lock };
    case 'semOpen':
      return { kind: 'semOpen', semaphore: step.semaphore, count: step.count };
    case 'semPost':
      return { kind: 'semPost', semaphore: step.semaphore };
  }
}

function* runStep(step: LongStep, children: Record<string, number>, isStrict: boolean): Steps {
  switch (step.op) {
    case 'context': {
      const { space, blockTokens, keep, runs } = step;
      let result: SyscallResult<unknown> = yield { kind: 'truncate', pages: keep };
      for (const [first, count] of runs)
        if (result.ok)
          result = yield { kind: 'allocate', tokens: blockTokens, blocks: { space, first, count } };
      return result;
    }
    case 'ask':
      return yield* ask(step);
    case 'spawn': {
      const { agent } = step;
      const spawned = (yield {
        kind: 'spawn',
        program: isStrict ? 'scripted' : 'replayed',
        arguments: agent as unknown as Json,
        name: agent.name,
        ...(agent.priority === undefined ? {} : { priority: agent.priority }),
        ...(agent.scheduling === undefined ? {} : { scheduling: agent.scheduling }),
      }) as SyscallResult<Pid>;
      if (spawned.ok) children[step.key] = spawned.value;
      return spawned;
    }
  }
}

function allocateOf({ kind, text, tokens, importance, pinned }: PageStep): Syscall {
  const byKind =
    kind === 'system'
      ? importanceDefaults.system
      : kind === 'tool' || kind === 'assistant'
        ? importanceDefaults.result
        : importanceDefaults.page;
  return {
    kind: 'allocate',
    tokens: tokens ?? estimateTokens(text ?? ''),
    ...(text === undefined ? {} : { text }),
    importance: importance ?? byKind,
    pinned: pinned ?? kind === 'system',
  };
}

/** Made anew for every call of a run: member by member, because spreads make an object each. */
function thinkOf(
  { tokensIn, tokensOut, durationUs, text, keep, maxOutput }: ThinkStep,
  pid: Pid,
  index: number,
): Syscall {
  // Nobody wrote what the answer says, but it is not what another agent says.
  const unwritten = keep === true && tokensOut > 0 ? `answer of process ${pid} at step ${index}` : undefined;
  const kept = text ?? unwritten;
  const script: Writable<NonNullable<ThinkCall['script']>> = { tokensOut };
  if (durationUs !== undefined) script.durationUs = durationUs;
  if (kept !== undefined) script.text = kept;
  if (tokensIn !== undefined) script.tokensIn = tokensIn;
  const call: Writable<ThinkCall> = { kind: 'think', maxOutput: maxOutput ?? Math.max(1, tokensOut), script };
  if (keep === false) call.keepAnswer = false;
  if (tokensIn !== undefined) call.promptTokens = tokensIn;
  return call;
}

function callToolsOf({ calls, keep }: ToolsStep): Syscall {
  return { kind: 'callTools', keepResults: keep ?? true, calls: calls.map(toolCallOf) };
}

function toolCallOf({ tool, arguments: args, result, failed, durationUs }: RecordedToolCall): ToolCall {
  const script: Writable<NonNullable<ToolCall['script']>> = {};
  if (result !== undefined) script.result = result;
  if (failed !== undefined) script.failed = failed;
  if (durationUs !== undefined) script.durationUs = durationUs;
  return { tool, arguments: args as Json, script };
}

type Writable<Type> = { -readonly [Member in keyof Type]: Type[Member] };

function* ask({ question, answer, durationUs }: AskStep): Steps {
  const reply = (yield {
    kind: 'ask',
    purpose: 'answer',
    question: question ?? null,
    script: {
      ...(answer === undefined ? {} : { answer }),
      ...(durationUs === undefined ? {} : { durationUs }),
    },
  }) as SyscallResult<PersonReply>;
  if (!reply.ok || typeof reply.value.value !== 'string' || reply.value.value === '') return reply;
  return yield allocateOf({ op: 'page', kind: 'user', text: reply.value.value });
}
