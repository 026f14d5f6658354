import type { CreatePagingPolicy } from '../../src/kernel/contracts.ts';
import { pagingPolicies } from '../../src/policies/index.ts';

const { opt: _, ...withoutFuture } = pagingPolicies;

/** The paging policies that a kernel can run with: all but those that need a recorded trace. */
export const kernelPagingPolicies: Readonly<Record<string, CreatePagingPolicy>> = withoutFuture;
