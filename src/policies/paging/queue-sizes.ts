import type { AddressableQueueOptions } from '../../base/addressable-queue.ts';
import type { PagingContext } from '../../kernel/contracts.ts';

/** For a queue of the resident pages: how long it will be, where that can be said. */
export function queueSizes({ capacity, unit, largestPage }: PagingContext): AddressableQueueOptions {
  return { expectedSize: unit === 'pages' ? Math.min(capacity, largestPage ?? 0) : 0 };
}
