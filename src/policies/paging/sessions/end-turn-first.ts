/**
 * End of turn first: sessions whose last answer ended the agent's turn wait for a person, mostly for minutes; those whose last answer asked for a tool are back in
 * seconds. So the former leave first, the least recently used of them before the others; then the rest, least recently used first.
 *
 * Source: none of its own; the distinction that serving systems draw between a tool's and a person's wait (Continuum, arXiv 2511.02230, section 2).
 */
import type { CreatePagingPolicy } from '../../../kernel/contracts.ts';
import type { Session } from './session.ts';
import { SessionPolicy } from './session-policy.ts';

export const endTurnFirst: CreatePagingPolicy = (context) => new EndTurnFirst(context);

class EndTurnFirst extends SessionPolicy {
  readonly name = 'end-turn-first';

  protected worth({ waitsOn }: Session): number {
    return waitsOn === 'person' ? 0 : 1;
  }
}
