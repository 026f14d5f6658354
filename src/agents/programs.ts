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
} from '../kernel/syscalls.ts';
import type { AgentSpec, AgentStep, AskStep, PageStep, ThinkStep, ToolsStep } from './steps.ts';
import type { Workflow } from './workflow.ts';

type Steps<Value = SyscallResult<unknown>> = Generator<Syscall, Value, SyscallResult<unknown>>;

/** What a checkpoint of such an agent saves: the next step, and its children by key. */
interface Place {
  readonly next: number;
  readonly children: Readonly<Record<string, number>>;
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
  let last: Json = null;
  let failure = '';
  workflow?.enter(sys.pid, position);
  try {
    for (; position.next < steps.length && failure === ''; position.next++) {
      const { next } = position;
      const step = steps[next]!;
      const result: SyscallResult<unknown> = yield* runStep(sys, step, next, children, isStrict);
      if (step.op === 'think' && result.ok) last = (result.value as Answer).text;
      if (isStrict && !result.ok) failure = `step ${next} (${step.op}): ${result.code}: ${result.message}`;
    }
  } finally {
    workflow?.leave(sys.pid);
  }
  if (failure === '') return last;
  yield { kind: 'exit', value: failure, outcome: 'failed' };
}

function* runStep(
  sys: Sys,
  step: AgentStep,
  index: number,
  children: Record<string, number>,
  isStrict: boolean,
): Steps {
  switch (step.op) {
    case 'page':
      return yield* allocatePage(step);
    case 'context': {
      const { space, blockTokens, keep, runs } = step;
      let result: SyscallResult<unknown> = yield { kind: 'truncate', pages: keep };
      for (const [first, count] of runs)
        if (result.ok)
          result = yield { kind: 'allocate', tokens: blockTokens, blocks: { space, first, count } };
      return result;
    }
    case 'think':
      return yield* think(step, sys.pid, index);
    case 'tools':
      return yield* callTools(step);
    case 'ask':
      return yield* ask(step);
    case 'sleep':
      return yield { kind: 'sleep', us: step.us };
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
    case 'wait': {
      return yield { kind: 'wait', pid: (children[step.key] ?? -1) as Pid };
    }
    case 'checkpoint':
      return yield { kind: 'checkpoint', state: { next: index + 1, children: { ...children } } };
    case 'send': {
      const to = step.to === 'parent' ? sys.parent : (children[step.to] ?? -1);
      return yield { kind: 'send', to: to as Pid, message: step.text };
    }
    case 'receive': {
      return yield { kind: 'receive' };
    }
    case 'acquire':
    case 'semWait': {
      const { op: kind, ...what } = step;
      return yield { kind, ...what } as Acquire | SemWait;
    }
    case 'release':
      return yield { kind: 'release', lock: step.lock };
    case 'semOpen':
      return yield { kind: 'semOpen', semaphore: step.semaphore, count: step.count };
    case 'semPost':
      return yield { kind: 'semPost', semaphore: step.semaphore };
  }
}

function* allocatePage({ kind, text, tokens, importance, pinned }: PageStep): Steps {
  const byKind =
    kind === 'system'
      ? importanceDefaults.system
      : kind === 'tool' || kind === 'assistant'
        ? importanceDefaults.result
        : importanceDefaults.page;
  return yield {
    kind: 'allocate',
    tokens: tokens ?? estimateTokens(text ?? ''),
    ...(text === undefined ? {} : { text }),
    importance: importance ?? byKind,
    pinned: pinned ?? kind === 'system',
  };
}

function* think(
  { tokensIn, tokensOut, durationUs, text, keep, maxOutput }: ThinkStep,
  pid: Pid,
  index: number,
): Steps {
  // Nobody wrote what the answer says, but it is not what another agent says.
  const unwritten = keep === true && tokensOut > 0 ? `answer of process ${pid} at step ${index}` : undefined;
  const kept = text ?? unwritten;
  const script = {
    tokensOut,
    ...(durationUs === undefined ? {} : { durationUs }),
    ...(kept === undefined ? {} : { text: kept }),
    ...(tokensIn === undefined ? {} : { tokensIn }),
  };
  const call = {
    kind: 'think',
    maxOutput: maxOutput ?? Math.max(1, tokensOut),
    ...(keep === false ? { keepAnswer: false } : {}),
    script,
  } as const;
  return yield tokensIn === undefined ? call : { ...call, promptTokens: tokensIn };
}

function* callTools({ calls, keep }: ToolsStep): Steps {
  return yield {
    kind: 'callTools',
    keepResults: keep ?? true,
    calls: calls.map(({ tool, arguments: args, result, failed, durationUs }) => ({
      tool,
      arguments: args as Json,
      script: {
        ...(result === undefined ? {} : { result }),
        ...(failed === undefined ? {} : { failed }),
        ...(durationUs === undefined ? {} : { durationUs }),
      },
    })),
  };
}

/** The answer joins the prompt as a user's page. */
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
  return yield* allocatePage({ op: 'page', kind: 'user', text: reply.value.value });
}
