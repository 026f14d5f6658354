import type { PagingAnswer, PagingProblem } from '../../lessons/ostep/paging.ts';
import { count, decimals, figures, listed, type ToolView } from './tool-view.ts';

export const pagingView: ToolView<PagingProblem, PagingAnswer> = {
  title: ({ policy, cacheSize, references, clockbits }) =>
    `${count(references.length, 'access', 'accesses')} to ${count(cacheSize, 'frame')} by ${policy}${clockbits === undefined ? '' : ` with counters up to ${clockbits}`}`,
  problem: ({ references }, options) => listed('Pages:', references, options),
  question: 'which accesses hit, who leaves, and what is in memory after each.',
  answer: ({ accesses, hits, misses, hitRatePct }, { policy }, { given }) => [
    ...(given.has('-N')
      ? []
      : [
          ...figures(
            ['access', 'page', { left: 'is a' }, 'leaves', { left: 'memory' }],
            accesses.map(({ page, hit, victim, memory }, index) => [
              String(index + 1),
              String(page),
              hit ? 'hit' : 'miss',
              victim === null ? '' : String(victim),
              memory.join(' '),
            ]),
          ),
          '',
          policy === 'LRU' || policy === 'MRU'
            ? 'Memory: the page used last stands right.'
            : 'Memory: the page loaded last stands right.',
          '',
        ]),
    `${count(hits, 'hit')}, ${count(misses, 'miss', 'misses')}, hit rate ${decimals(hitRatePct)} %`,
  ],
};
