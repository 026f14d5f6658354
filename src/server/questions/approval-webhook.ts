/**
 * Tells an address that the operator has named of each open question, signed, and again until it takes it: at least once, so that whoever listens there must know a question that it has had already, by its id. The
 * response may be the answer; else it comes later, by the token of the question.
 */
import { messageOf } from '../../kernel/errors.ts';
import type { Clock } from '../../host/ports.ts';
import type { AnswerTokens } from './answer-tokens.ts';
import { answerGiven } from './question-schemas.ts';
import type { QuestionService } from './question-service.ts';

export interface WebhookOptions {
  readonly url: string;
  readonly questions: QuestionService;
  readonly tokens: AnswerTokens;
  readonly clock: Clock;
  /** A line for whoever runs the server. */
  readonly onNotice: (line: string) => void;
  /** The first wait before it is told again, µs; each is twice the one before, up to a minute. Default 1 s. */
  readonly firstWaitUs?: number;
}

const longestWaitUs = 60_000_000;
const timeoutMs = 10_000;
/** Questions told at once. */
const mostAtOnce = 16;
/** Of a response that may be an answer, bytes. */
const mostAnswerBytes = 1_048_576;

export class ApprovalWebhook {
  private readonly options: WebhookOptions;
  /** Those that are to be told, in their order. */
  private readonly waiting: string[] = [];
  private readonly waits = new Set<() => void>();
  private readonly underWay = new Map<string, AbortController>();
  private readonly end: () => void;
  private isClosed = false;

  constructor(options: WebhookOptions) {
    this.options = options;
    this.end = options.questions.watch((news) => {
      if (news.type === 'opened') this.add(news.id);
      else this.underWay.get(news.id)?.abort();
    });
  }

  /** Nobody is told any more. */
  close(): void {
    this.isClosed = true;
    this.end();
    for (const cancel of this.waits) cancel();
    for (const attempt of this.underWay.values()) attempt.abort();
  }

  private add(id: string): void {
    this.waiting.push(id);
    this.next();
  }

  private next(): void {
    while (this.underWay.size < mostAtOnce) {
      const id = this.waiting.shift();
      if (id === undefined || this.isClosed) return;
      if (!this.options.questions.isOpen(id) || this.underWay.has(id)) continue;
      const attempt = new AbortController();
      this.underWay.set(id, attempt);
      void this.tell(id, attempt.signal, 0);
    }
  }

  /** One attempt; the next one waits without keeping others from theirs. */
  private async tell(id: string, signal: AbortSignal, failures: number): Promise<void> {
    const { questions, onNotice, clock, firstWaitUs = 1_000_000 } = this.options;
    let problem: string | undefined;
    try {
      problem = await this.told(id, signal);
    } catch (error) {
      problem = messageOf(error);
    }
    this.underWay.delete(id);
    this.next();
    if (problem === undefined || this.isClosed || !questions.isOpen(id)) return;
    if (failures === 0) onNotice(`approval webhook: question ${id} is told again later: ${problem}`);
    const waitUs = Math.min(firstWaitUs * 2 ** Math.min(failures, 20), longestWaitUs);
    const cancel = clock.at(clock.nowUs() + waitUs, () => {
      this.waits.delete(cancel);
      if (!questions.isOpen(id) || this.underWay.has(id)) return;
      const attempt = new AbortController();
      this.underWay.set(id, attempt);
      void this.tell(id, attempt.signal, failures + 1);
    });
    this.waits.add(cancel);
  }

  /** Resolves to what was wrong; undefined: it was taken. */
  private async told(id: string, signal: AbortSignal): Promise<string | undefined> {
    const { url, questions, tokens, clock } = this.options;
    const question = await questions.view(id);
    const body = JSON.stringify({
      type: 'question.opened',
      question,
      answer: { path: '/api/answers', token: tokens.tokenOf(id) },
    });
    const response = await fetch(url, {
      method: 'POST',
      body,
      // Where it is to go is the operator's word alone.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: {
        'Content-Type': 'application/json',
        'Idempotency-Key': id,
        'X-Ringzero-Signature': tokens.signatureOf(body, Math.floor(clock.nowUs() / 1e6)),
      },
    });
    if (!response.ok) {
      await response.body?.cancel();
      return `status ${response.status}`;
    }
    const text = await textOf(response);
    return text.trim() === '' ? undefined : this.answered(id, text);
  }

  /** A response that is no answer has taken the question all the same. */
  private async answered(id: string, text: string): Promise<string | undefined> {
    const { questions, onNotice } = this.options;
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return undefined;
    }
    const given = answerGiven.safeParse(parsed);
    if (!given.success || !questions.isOpen(id)) return undefined;
    try {
      await questions.decide(id, given.data, 'webhook');
    } catch (error) {
      onNotice(`approval webhook: its answer to question ${id} is none: ${messageOf(error)}`);
    }
    return undefined;
  }
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostAnswerBytes) throw new Error(`its response is larger than ${mostAnswerBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
