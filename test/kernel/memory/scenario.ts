/** What the memory scenarios have in common: short spellings of pages and memories, and of what a run tells of them. */
import { lru } from '../../../src/policies/paging/lru.ts';
import type { EngineOptions } from '../../../src/kernel/engine-options.ts';
import type { KernelOptionsInput } from '../../../src/kernel/options.ts';
import type { Allocate } from '../../../src/kernel/syscalls.ts';
import { type AgentRun, type Ran } from '../../support/run-agents.ts';
import { allocate, SECOND } from '../../support/syscalls.ts';

export const S = SECOND;
export const page = (name: string, tokens = 100, fields: Partial<Allocate> = {}): Allocate =>
  allocate(tokens, { text: name, ...fields });

export function memory(
  memoryTokens: number,
  kernel: Partial<KernelOptionsInput> = {},
  engine: Partial<EngineOptions> = {},
) {
  return {
    kernel: { paging: lru, ...kernel, engines: [{ memoryTokens, ...engine }] },
  } satisfies Partial<AgentRun>;
}
/** [new, repeated, cached] tokens of every dispatch of `pid`. */
export const paid = ({ all }: Ran, pid?: number) =>
  all('process.dispatched', pid).map(({ newTokens, repeatedTokens, cachedTokens }) => [
    newTokens,
    repeatedTokens,
    cachedTokens,
  ]);
export const evicted = ({ all }: Ran) =>
  all('page.evicted').map(({ page: first, pages }) => [first as number, pages]);
/** Runs to its end, but for one last process that keeps the memory as it is. */
export const last = (ran: Ran) => ran.kernel.snapshot().engines[0]!;
