import { estimateTokens } from '../../kernel/estimate.ts';
import { importanceDefaults } from '../../kernel/options.ts';
import type { PageNumber } from '../../kernel/ids.ts';
import type { RecalledMemory, Sys, Syscall, SyscallResult } from '../../kernel/syscalls.ts';
import { pageOf } from '../model/messages.ts';
import { injectionOf, type Injection } from './injection.ts';

/** Syscalls that a program yields, and what comes of them. */
export type MemorySteps<Value> = Generator<Syscall, Value, SyscallResult<unknown>>;

export interface MemoryQuery {
  readonly scope: string;
  /** What the memories are to be about. */
  readonly task: string;
  /** What they may take of the prompt, tokens. */
  readonly budgetTokens: number;
  /** Must depend on the text alone. Default: an estimate. */
  readonly countTokens?: (text: string) => number;
  /** Memories looked at, at most; default 20. */
  readonly limit?: number;
}

export interface LoadedMemories extends Injection {
  readonly page: PageNumber;
}

/**
 * Finds what the scope remembers of the task and puts the best of it, quoted, into the prompt as one message: yielded between the system prompt, when there is one, and the task. undefined:
 * nothing was found, or fits. A failure is that of the storage or of the page: whether to go on without memories is the caller's to decide.
 */
export function* loadMemories(
  sys: Sys,
  query: MemoryQuery,
): MemorySteps<SyscallResult<LoadedMemories | undefined>> {
  const found = yield* findMemories(sys, query);
  if (!found.ok || found.value === undefined) return found as SyscallResult<undefined>;
  const injection = found.value;
  const { message, tokens } = injection;
  const page = (yield {
    kind: 'allocate',
    text: pageOf(message),
    tokens,
    importance: importanceDefaults.result,
  }) as SyscallResult<PageNumber>;
  return page.ok ? { ok: true, value: { ...injection, page: page.value } } : page;
}

/** The message alone: for a program that allocates its messages itself. */
export function* findMemories(
  sys: Sys,
  { scope, task, budgetTokens, countTokens = estimateTokens, limit = 20 }: MemoryQuery,
): MemorySteps<SyscallResult<Injection | undefined>> {
  const found = (yield { kind: 'recall', scope, query: task, limit }) as SyscallResult<
    readonly RecalledMemory[]
  >;
  if (!found.ok) return found;
  return {
    ok: true,
    value: injectionOf(found.value, { nowUs: sys.now, budgetTokens, countTokens }),
  };
}
