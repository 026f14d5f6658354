/** What an agent knows before it begins: the memories of its scopes that are about its task, found and put into its prompt as data. */
import { isRecord } from '../../kernel/budget-limits.ts';
import { estimateTokens } from '../../kernel/estimate.ts';
import { invalid } from '../../kernel/errors.ts';
import type { PageNumber } from '../../kernel/ids.ts';
import { checkKnownFields } from '../../kernel/known-fields.ts';
import { importanceDefaults } from '../../kernel/options.ts';
import { mostTokens } from '../../kernel/syscall-handler.ts';
import type { RecalledMemory, Sys, Syscall, SyscallResult } from '../../kernel/syscalls.ts';
import { pageOf } from '../model/messages.ts';
import { injectionOf, type Injection } from './injection.ts';

/** Syscalls that a program yields, and what comes of them. */
export type MemorySteps<Value> = Generator<Syscall, Value, SyscallResult<unknown>>;

/** Which memories an agent is told. A type, as it is the argument of programs. */
export type MemoryOptions = {
  /** Whose: at least one. */
  readonly scopes: readonly string[];
  /** What they may take of the prompt, tokens; default 1,000. */
  readonly tokens?: number;
  /** Memories looked at, at most, of each scope; 1 to 1,000; default 20. */
  readonly limit?: number;
};

const memoryDefaults = { tokens: 1_000, limit: 20 } as const;

export interface MemoryQuery extends MemoryOptions {
  /** What the memories are to be about. */
  readonly task: string;
  /** Must depend on the text alone. Default: an estimate. */
  readonly countTokens?: (text: string) => number;
}

export interface LoadedMemories extends Injection {
  readonly page: PageNumber;
}

/**
 * Finds what the scopes remember of the task and puts the best of it, quoted, into the prompt as one message: yielded between the system prompt, when there is one, and the task. undefined:
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
  {
    scopes,
    task,
    tokens = memoryDefaults.tokens,
    limit = memoryDefaults.limit,
    countTokens = estimateTokens,
  }: MemoryQuery,
): MemorySteps<SyscallResult<Injection | undefined>> {
  const all: RecalledMemory[] = [];
  for (const scope of scopes) {
    const found = (yield { kind: 'recall', scope, query: task, limit }) as SyscallResult<
      readonly RecalledMemory[]
    >;
    if (!found.ok) return found;
    all.push(...found.value);
  }
  return { ok: true, value: injectionOf(all, { nowUs: sys.now, budgetTokens: tokens, countTokens }) };
}

/** Throws KernelError INVALID_ARGUMENT that names the field. */
export function checkMemories(field: string, given: unknown): void {
  if (!isRecord(given)) throw invalid(field, given, '{ scopes, tokens, limit }');
  checkKnownFields(`${field}.`, given, ['scopes', 'tokens', 'limit']);
  const { scopes, tokens, limit } = given;
  const isName = (scope: unknown): boolean => typeof scope === 'string' && scope !== '';
  if (!Array.isArray(scopes) || scopes.length === 0 || !scopes.every(isName))
    throw invalid(`${field}.scopes`, scopes, 'a list of at least one name');
  checkCount(`${field}.tokens`, tokens, mostTokens);
  checkCount(`${field}.limit`, limit, 1_000);
}

function checkCount(field: string, value: unknown, most: number): void {
  const isCount = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
  if (value !== undefined && !isCount) throw invalid(field, value, `an integer from 1 to ${most}`);
}
