/** The questions of runs that wait for a person: listed, and answered once each, by whoever is first. */
import type { QuestionNews } from '../../host/open-questions.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { Json, RequestId } from '../../kernel/ids.ts';
import type { PersonAsk } from '../../kernel/requests.ts';
import type { Caller } from '../caller.ts';
import { Refused } from '../errors.ts';
import type { KnownRuns } from '../runs/known-runs.ts';
import { isoOf } from '../runs/trace-views.ts';
import type { ServedWorld } from '../served-world.ts';
import type { Answered, AnswerGiven, QuestionView } from './question-schemas.ts';

/** What becomes of a question: it is open, or waits for nobody any more. */
export type OpenedOrClosed =
  | { readonly type: 'opened'; readonly id: string; readonly ask: PersonAsk }
  | { readonly type: 'closed'; readonly id: string };

/** A reason where nobody gives one. */
const noReason = 'no reason was given';
const nobodyAnswers = 'nobody is asked (--approve never)';

export class QuestionService {
  private readonly world: ServedWorld;
  private readonly known: KnownRuns;
  private readonly open = new Map<string, { readonly ask: PersonAsk; readonly askedUs: number }>();
  private readonly ids = new Map<RequestId, string>();
  private readonly listeners = new Set<(news: OpenedOrClosed) => void>();

  constructor(world: ServedWorld, known: KnownRuns) {
    this.world = world;
    this.known = known;
    world.questions.watch((news) => this.heard(news));
  }

  /** Returns what ends the watching. */
  watch(listener: (news: OpenedOrClosed) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  isOpen(id: string): boolean {
    return this.open.has(id);
  }

  async list(run: string | undefined, caller: Caller): Promise<QuestionView[]> {
    const views: QuestionView[] = [];
    for (const [id, { ask }] of this.open) {
      if (run !== undefined && ask.identity.run !== run) continue;
      if (await this.known.isSeen(ask.identity.run, caller)) views.push(await this.view(id));
    }
    return views;
  }

  /** Throws Refused: there is none, or somebody has answered it. */
  async get(id: string, caller: Caller): Promise<QuestionView> {
    await this.checkSeen(id, caller);
    return this.view(id);
  }

  /** Of an open question. */
  async view(id: string): Promise<QuestionView> {
    const { ask, askedUs } = this.openOf(id);
    const { run } = ask.identity;
    const facts = await this.known.facts.of(run);
    const call = callOf(ask);
    return {
      question_id: id,
      trace_id: run,
      name: facts?.name ?? '',
      purpose: ask.purpose,
      tool: call?.tool ?? null,
      arguments: call?.arguments ?? null,
      question: ask.question,
      decisions: allowedFor(ask),
      asked_at: isoOf(askedUs),
    };
  }

  /** Resolves when the answer is durable. Throws Refused as `get`, and KernelError for an answer that is none; then the question is still open. */
  async answer(id: string, given: AnswerGiven, caller: Caller): Promise<Answered> {
    await this.checkSeen(id, caller);
    return this.decide(id, given, caller.name);
  }

  /** The same by somebody who has shown in another way that it may. */
  async decide(id: string, { decision, value = null }: AnswerGiven, by: string): Promise<Answered> {
    const { ask } = this.openOf(id);
    const { questions, live } = this.world;
    const said = this.checked(ask, decision, value as Json);
    this.close(id);
    questions.close(ask.request);
    live.answer(ask.request, decision, said, by);
    await live.settled();
    return { question_id: id, decision };
  }

  // ---- Helpers -------------------------------------------------------------------------------------------------------

  /** One answer is taken: there is no waiting between this and the closing of the question. */
  private checked(ask: PersonAsk, decision: AnswerGiven['decision'], value: Json): Json {
    const allowed = allowedFor(ask);
    if (!allowed.includes(decision)) throw invalid('decision', decision, allowed.join(', '));
    switch (decision) {
      case 'approve':
        if (value !== null) throw invalid('value', value, 'none: edit changes the arguments');
        return null;
      case 'deny':
        if (value !== null && typeof value !== 'string') throw invalid('value', value, 'a reason, a text');
        return value === null || value === '' ? noReason : value;
      case 'answer':
        return value;
      case 'edit': {
        const { registry } = this.world;
        const tool = registry.get(callOf(ask)?.tool ?? '');
        const problem = tool === undefined ? undefined : registry.check(tool, value);
        if (problem !== undefined)
          throw new KernelError('INVALID_ARGUMENT', `value: ${problem}`, { detail: { field: 'value' } });
        return value;
      }
    }
  }

  private openOf(id: string): { readonly ask: PersonAsk; readonly askedUs: number } {
    const found = this.open.get(id);
    if (found !== undefined) return found;
    throw new Refused(409, 'NOT_OPEN', `question ${JSON.stringify(id)}: it is not open any more`);
  }

  private async checkSeen(id: string, caller: Caller): Promise<void> {
    const run = runOf(id);
    const isThere = run !== undefined && (await this.known.facts.of(run)) !== undefined;
    if (!isThere || !(await this.known.isSeen(run, caller)))
      throw new Refused(404, 'NOT_FOUND', `question ${JSON.stringify(id)}: there is none`);
    this.openOf(id);
  }

  private heard(news: QuestionNews): void {
    if (news.type === 'withdrawn') {
      const id = this.ids.get(news.request);
      if (id !== undefined) this.close(id);
      return;
    }
    const { ask } = news;
    const id = idOf(ask);
    this.open.set(id, { ask, askedUs: this.world.clock.nowUs() });
    this.ids.set(ask.request, id);
    // Not within the step that asked.
    if (!this.world.asks)
      queueMicrotask(() => {
        if (this.isOpen(id))
          void this.decide(id, { decision: 'deny', value: nobodyAnswers }, 'nobody: --approve never').catch(
            () => {},
          );
      });
    else this.tell({ type: 'opened', id, ask });
  }

  private close(id: string): void {
    const found = this.open.get(id);
    if (found === undefined) return;
    this.open.delete(id);
    this.ids.delete(found.ask.request);
    this.tell({ type: 'closed', id });
  }

  private tell(news: OpenedOrClosed): void {
    for (const listener of this.listeners) listener(news);
  }
}

/** By the call that asks: it is the same in every kernel that the run goes on in. */
const idOf = ({ identity: { run, pid, n, index } }: PersonAsk): string => `${run}:${pid}.${n}.${index}`;

const runOf = (id: string): string | undefined => /^(.+):\d+\.\d+\.\d+$/.exec(id)?.[1];

const allowedFor = ({ purpose }: PersonAsk): AnswerGiven['decision'][] =>
  purpose === 'answer' ? ['answer', 'deny'] : ['approve', 'edit', 'deny'];

/** What a question for a yes is about. */
function callOf({
  question,
  purpose,
}: PersonAsk): { readonly tool: string; readonly arguments: Json } | undefined {
  if (purpose === 'answer' || !isRecord(question)) return undefined;
  const { tool, arguments: args = null } = question as { readonly tool?: Json; readonly arguments?: Json };
  return typeof tool === 'string' ? { tool, arguments: args } : undefined;
}
