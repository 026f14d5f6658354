/**
 * LFU with dynamic aging: evicts the page with the smallest times used + L, L being the key of the last victim, so that what was popular once
 * does not stay for ever. Sizes don't count.
 *
 * Source: M. Arlitt, L. Cherkasova, J. Dilley, R. Friedrich, T. Jin, "Evaluating content management techniques for Web proxy caches", 2000.
 */
import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { AgedFrequency } from './aged-frequency.ts';

export const lfuDa: CreatePagingPolicy = (context) =>
  new AgedFrequency(context, { name: 'lfu-da', value: 1, isSized: false });
