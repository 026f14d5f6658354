import type { CreatePagingPolicy } from '../contracts.ts';

/** The policy of a memory without end, which never has to choose. */
export const keepAll: CreatePagingPolicy = () => ({
  name: 'keep-all',
  admit: () => true,
  touch: () => {},
  evict: () => undefined,
  remove: () => {},
  putBack: () => {},
  split: () => {},
});
