/** The programs of random worlds: one that yields every syscall, and one that needs whatever others may have left behind. */
import type { Json, PageNumber, Pid } from '../../src/kernel/ids.ts';
import type {
  Answer,
  Program,
  ProgramGenerator,
  Sys,
  Syscall,
  SyscallResult,
  ThinkCall,
  ToolCall,
  ToolResult,
} from '../../src/kernel/syscalls.ts';
import { Draw } from './random-draw.ts';
import { unlimitedBudget } from './random-kernel.ts';

interface Arguments {
  /** Syscalls still to make. */
  readonly left: number;
  readonly depth: number;
  /** Longest scripted burst, µs. */
  readonly longestUs: number;
  /** How often it asks for what, where that is not as usual. Its children do as it does. */
  readonly weights?: Partial<Weights>;
  /** It sets no time limits to its waits. */
  readonly isPatient?: boolean;
}

/** What the program remembers of what it did. */
interface Memory {
  readonly pages: number[];
  readonly children: number[];
}

/** All that it needs to go on after a crash. */
interface Saved extends Memory {
  readonly step: number;
}

export const randomProgram: Program = { name: 'random', version: 1, body: randomBody };

function* randomBody(sys: Sys, state: Json | undefined): ProgramGenerator {
  const { left, ...limits } = sys.args as unknown as Arguments;
  const draw = new Draw(sys.random);
  const weights: Weights = { ...usualWeights, ...limits.weights };
  const saved = state as unknown as Saved | undefined;
  const memory: Memory = { pages: [...(saved?.pages ?? [])], children: [...(saved?.children ?? [])] };
  try {
    for (let step = saved?.step ?? 0; step < left; step++) {
      if (draw.chance(0.003)) throw new Error('the program has a bug');
      const syscall = randomSyscall(draw, sys, memory, limits, weights, step);
      learn(memory, syscall, yield syscall);
    }
    return draw.chance(0.5) ? 'done' : undefined;
  } finally {
    // Asked for while it is being ended: never performed.
    if (draw.chance(0.1)) yield { kind: 'sleep', us: 1 };
  }
}

function learn({ pages, children }: Memory, syscall: Syscall, result: SyscallResult<unknown>): void {
  if (!result.ok) return;
  if (syscall.kind === 'allocate') {
    const count = syscall.blocks?.count ?? 1;
    for (let page = 0; page < count; page++) pages.push((result.value as number) + page);
  } else if (syscall.kind === 'think') {
    const { page } = result.value as Answer;
    if (page !== undefined) pages.push(page);
  } else if (syscall.kind === 'spawn') children.push(result.value as number);
}

const whoWeights = { child: 4, parent: 2, any: 3, self: 1 };
const contentWeights = { own: 3, text: 3, hash: 1, blocks: 4 };

export type Weights = Readonly<Record<keyof typeof usualWeights, number>>;

const usualWeights = {
  think: 30,
  callTools: 10,
  ask: 3,
  send: 4,
  receive: 3,
  acquire: 2,
  release: 1,
  semOpen: 1,
  semWait: 1,
  semPost: 1,
  spawn: 5,
  wait: 4,
  signal: 3,
  allocate: 20,
  touch: 5,
  pin: 4,
  unpin: 4,
  drop: 3,
  free: 3,
  setImportance: 3,
  truncate: 2,
  remember: 2,
  recall: 2,
  checkpoint: 4,
  sleep: 5,
  yieldCore: 2,
  exit: 0.5,
  nonsense: 0.3,
} as const;

/** Every kind of syscall, most with arguments in range. */
function randomSyscall(
  draw: Draw,
  sys: Sys,
  memory: Memory,
  limits: Omit<Arguments, 'left'>,
  weights: Weights,
  step: number,
): Syscall {
  const page = () =>
    (memory.pages.length > 0 && draw.chance(0.95)
      ? draw.of(memory.pages)
      : draw.spoilt(draw.between(0, 1_000))) as PageNumber;
  const someone = () => {
    const known = draw.weighted(whoWeights);
    if (known === 'child' && memory.children.length > 0) return draw.of(memory.children) as Pid;
    if (known === 'parent') return sys.parent as Pid;
    return (known === 'self' ? sys.pid : draw.spoilt(draw.between(1, 8))) as Pid;
  };
  const kind = draw.weighted<keyof Weights>(weights);
  switch (kind) {
    case 'think':
      return randomThink(draw, limits.longestUs);
    case 'callTools': {
      const calls = Array.from({ length: draw.between(0, 4) }, () => randomToolCall(draw));
      return { kind, calls, ...(draw.chance(0.5) ? { keepResults: draw.chance(0.5) } : {}) };
    }
    case 'ask':
      return {
        kind,
        question: 'may I?',
        purpose: draw.of(['approve', 'edit', 'answer'] as const),
        ...(draw.chance(0.5) ? { script: { answer: 'yes', durationUs: draw.magnitude(0, 20_000_000) } } : {}),
      };
    case 'send':
      return { kind, to: someone(), message: { from: sys.pid, step, atUs: sys.now } };
    case 'receive':
      return { kind, ...randomLimit(draw, limits) };
    case 'acquire':
      return { kind, lock: draw.of(['a', 'b', 'c']), ...randomLimit(draw, limits) };
    case 'release':
      return { kind, lock: draw.of(['a', 'b', 'c']) };
    case 'semOpen':
      return { kind, semaphore: draw.of(['s', 't']), count: draw.spoilt(draw.between(0, 2)) };
    case 'semWait':
      return { kind, semaphore: draw.of(['s', 't']), ...randomLimit(draw, limits) };
    case 'semPost':
      return { kind, semaphore: draw.of(['s', 't']) };
    case 'spawn':
      return randomSpawn(draw, limits);
    case 'wait':
      return { kind, pid: draw.chance(0.5) ? 0 : someone() };
    case 'signal':
      return { kind, pid: someone(), signal: draw.chance(0.02) ? ('dance' as 'stop') : draw.signal() };
    case 'allocate':
      return {
        kind,
        tokens: draw.spoilt(draw.magnitude(1, 300)),
        ...randomContent(draw),
        ...(draw.chance(0.3) ? { importance: draw.spoilt(draw.between(0, 10) / 10) } : {}),
        ...(draw.chance(0.1) ? { pinned: draw.chance(0.7) } : {}),
      };
    case 'touch':
      return { kind, pages: Array.from({ length: draw.between(0, 3) }, page) };
    case 'drop':
    case 'free': {
      // Now and then several, apart from one another.
      const first = page();
      return { kind, pages: first % 3 === 0 ? [first, (first + 2) as PageNumber] : [first] };
    }
    case 'pin':
    case 'unpin':
      return { kind, page: page() };
    case 'setImportance':
      return { kind, page: page(), importance: draw.spoilt(draw.between(0, 10) / 10) };
    case 'truncate':
      return { kind, pages: draw.spoilt(draw.between(0, memory.pages.length + 2)) };
    case 'remember': {
      const scope = draw.of(['mine', 'ours']);
      const text = draw.of(['the door is open', 'the window is shut']);
      return { kind, scope, text, ...(scope === 'ours' ? { key: text, data: { step } } : {}) };
    }
    case 'recall':
      return {
        kind,
        scope: draw.of(['mine', 'ours']),
        query: 'door',
        ...(draw.chance(0.5) ? { limit: draw.spoilt(3) } : {}),
      };
    case 'checkpoint':
      return { kind, state: { step: step + 1, pages: [...memory.pages], children: [...memory.children] } };
    case 'sleep':
      return { kind, us: draw.spoilt(draw.magnitude(0, 20_000_000)) };
    case 'yieldCore':
      return { kind };
    case 'exit':
      return {
        kind,
        value: step,
        ...(draw.chance(0.5) ? { outcome: draw.of(['completed', 'failed'] as const) } : {}),
      };
    case 'nonsense':
      return { kind: 'dance' } as unknown as Syscall;
  }
}

/** Most give up some time, so that their worlds go on. */
function randomLimit(draw: Draw, { isPatient }: Pick<Arguments, 'isPatient'>): { timeoutUs?: number } {
  return isPatient !== true && draw.chance(0.9)
    ? { timeoutUs: draw.spoilt(draw.magnitude(0, 20_000_000)) }
    : {};
}

function randomThink(draw: Draw, longestUs: number): ThinkCall {
  const maxOutput = draw.spoilt(draw.magnitude(1, 300));
  const isScripted = draw.chance(0.8);
  // Now and then more than was reserved.
  const tokensOut = draw.chance(0.05)
    ? draw.between(0, 600)
    : draw.between(0, Math.max(0, Math.floor(Math.min(maxOutput, 300)) || 0));
  return {
    kind: 'think',
    maxOutput,
    ...(draw.chance(0.2) ? { promptTokens: draw.spoilt(draw.magnitude(0, 1_000)) } : {}),
    ...(draw.chance(0.2) ? { keepAnswer: draw.chance(0.5) } : {}),
    ...(isScripted
      ? {
          script: {
            tokensOut,
            ...(draw.chance(0.3) ? { durationUs: draw.magnitude(0, longestUs) } : {}),
            ...(draw.chance(0.5) ? { text: draw.of(['yes', 'no', 'it depends on the weather']) } : {}),
            ...(draw.chance(0.1) ? { tokensIn: draw.between(0, 2_000) } : {}),
          },
        }
      : {}),
  };
}

function randomToolCall(draw: Draw): ToolCall {
  const tool = draw.of([
    'plain',
    'files',
    'files',
    'asking',
    'unknown',
    'other',
    'stubborn',
    'narrow',
    'guarded',
    'nobody',
  ]);
  return {
    tool,
    arguments: draw.toolArguments(),
    ...(draw.chance(0.9)
      ? {
          script: {
            result: 'x'.repeat(draw.magnitude(0, 400)),
            failed: draw.chance(0.2),
            ...(draw.chance(0.7) ? { durationUs: draw.magnitude(0, 20_000_000) } : {}),
          },
        }
      : {}),
  };
}

function randomSpawn(draw: Draw, limits: Omit<Arguments, 'left'>): Syscall {
  const { depth } = limits;
  return {
    kind: 'spawn',
    program: draw.chance(0.02) ? 'nobody' : 'random',
    arguments: { ...limits, left: depth < 2 ? draw.between(0, 12) : 0, depth: depth + 1 } as unknown as Json,
    ...(draw.chance(0.3) ? { name: `child-${draw.between(1, 3)}` } : {}),
    ...(draw.chance(0.5) ? { priority: draw.spoilt(draw.between(0, 100)) } : {}),
    ...(draw.chance(0.3)
      ? { budget: draw.of([unlimitedBudget, 'node-0', 'node-1', 'node-4', 'nobody']) }
      : {}),
    ...(draw.chance(0.2) ? { capabilities: draw.capabilities() } : {}),
  };
}

function randomContent(draw: Draw): {
  text?: string;
  hash?: string;
  blocks?: { space: string; first: number; count: number };
} {
  switch (draw.weighted(contentWeights)) {
    case 'own':
      return {};
    case 'text':
      return { text: draw.of(['You are an agent.', 'Hello.', 'A page that many share.', '']) };
    case 'hash':
      return { hash: draw.of(['aa', 'bb']) };
    case 'blocks':
      return {
        blocks: {
          space: draw.of(['s', 't']),
          first: draw.chance(0.02) ? draw.of([-1, 0.5, 2 ** 32 - 1, 2 ** 32]) : draw.between(0, 12),
          count: draw.spoilt(draw.between(1, 12)),
        },
      };
  }
}

/** Calls every tool with exclusive access to everything, then fills the whole memory with one call. */
export const probeProgram: Program = {
  name: 'probe',
  version: 1,
  *body(sys) {
    const { tools, tokens } = sys.args as { tools: string[]; tokens: number };
    const calls = tools.map((tool) => ({
      tool,
      arguments: { reads: [], writes: ['*'] },
      script: { result: null, durationUs: 0 },
    }));
    const called = (yield { kind: 'callTools', calls, keepResults: false }) as SyscallResult<ToolResult[]>;
    if (!called.ok || called.value.length !== tools.length) throw new Error('a tool has no result');
    const answer = (yield {
      kind: 'think',
      maxOutput: tokens,
      script: { tokensOut: 1, durationUs: 1 },
    }) as SyscallResult<Answer>;
    if (!answer.ok && answer.code !== 'WINDOW_EXCEEDED' && answer.code !== 'MODEL_FAILED')
      throw new Error(answer.message);
  },
};
