/**
 * Greedy dual size frequency: evicts the page with the smallest L + times used × 10⁶ / size, L being the key of the last victim. Small pages used
 * often stay, which makes for many hits, not for many hit bytes.
 *
 * Source: L. Cherkasova, "Improving WWW proxies performance with greedy-dual-size-frequency caching policy", HP Laboratories, 1998; every page
 * costs the same to load.
 */
import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { AgedFrequency } from './aged-frequency.ts';

export const gdsf: CreatePagingPolicy = (context) =>
  new AgedFrequency(context, { name: 'gdsf', value: 1e6, isSized: context.unit !== 'pages' });
