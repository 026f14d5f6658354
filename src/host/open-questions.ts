import type { RequestId } from '../kernel/ids.ts';
import type { PersonAsk } from '../kernel/requests.ts';
import type { PersonPort } from './ports.ts';

/** What became of a question. */
export type QuestionNews =
  | { readonly type: 'asked'; readonly ask: PersonAsk }
  /** Its process ended or gave up: nobody waits for an answer any more. */
  | { readonly type: 'withdrawn'; readonly request: RequestId };

/**
 * The questions that wait for a person, by the number of their request: as many at once as there are, each to be answered by itself (`LiveKernel.answer`), in any order. Whoever
 * shows them to people watches here.
 */
export class OpenQuestions implements PersonPort {
  private readonly questions = new Map<RequestId, PersonAsk>();
  private readonly listeners = new Set<(news: QuestionNews) => void>();

  /** In the order in which they were asked. */
  open(): readonly PersonAsk[] {
    return [...this.questions.values()];
  }

  get(request: RequestId): PersonAsk | undefined {
    return this.questions.get(request);
  }

  /** Returns what ends the watching. */
  watch(listener: (news: QuestionNews) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Somebody has answered it. */
  close(request: RequestId): void {
    this.questions.delete(request);
  }

  ask(ask: PersonAsk): void {
    this.questions.set(ask.request, ask);
    this.tell({ type: 'asked', ask });
  }

  withdraw(request: RequestId): void {
    if (this.questions.delete(request)) this.tell({ type: 'withdrawn', request });
  }

  private tell(news: QuestionNews): void {
    for (const listener of this.listeners) listener(news);
  }
}
