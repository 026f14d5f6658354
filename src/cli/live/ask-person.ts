/** Questions of agents, asked of whoever sits at the terminal: one after another, each answered by itself; and what is typed while nobody asks, told to the agent. */
import { messageOf } from '../../kernel/errors.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json } from '../../kernel/ids.ts';
import type { PersonAnswered } from '../../kernel/inputs.ts';
import type { PersonAsk } from '../../kernel/requests.ts';
import type { ToolRegistry } from '../../kernel/tools.ts';
import type { OpenQuestions, QuestionNews } from '../../host/open-questions.ts';
import type { Io } from '../command.ts';
import type { ApprovalMode } from './approval.ts';
import { shown, type RunView } from './run-view.ts';

export interface AskPersonOptions {
  readonly questions: OpenQuestions;
  readonly registry: ToolRegistry;
  readonly io: Io;
  readonly approve: ApprovalMode;
  readonly view: Pick<RunView, 'line' | 'note' | 'of'>;
  readonly answer: (ask: PersonAsk, decision: PersonAnswered['decision'], value: Json) => void;
  /** What is typed while no question is open. */
  readonly onMessage: (text: string) => void;
}

/** What a call was denied for, where nobody says more. */
export const nobodyIsAsked = 'nobody is asked (--approve never)';
export const noReason = 'no reason was given';

export class AskPerson {
  private readonly options: AskPersonOptions;
  /** By the number that people see, from 1. */
  private readonly numbers = new Map<PersonAsk['request'], number>();
  private count = 0;
  private isThere: boolean;
  private readonly ends: (() => void)[] = [];

  constructor(options: AskPersonOptions) {
    this.options = options;
    const { questions, io } = options;
    this.isThere = io.person.isThere;
    this.ends.push(questions.watch((news) => this.heard(news)));
    if (this.isThere) this.ends.push(io.person.onLine((line) => this.typed(line)));
  }

  close(): void {
    for (const end of this.ends.splice(0)) end();
  }

  private heard(news: QuestionNews): void {
    const { view, approve } = this.options;
    if (news.type === 'withdrawn') {
      const number = this.numbers.get(news.request);
      if (number === undefined) return;
      view.note(`question ${number} is withdrawn`);
      this.numbers.delete(news.request);
      const [next] = this.options.questions.open();
      // What is typed now means this one; so it is shown.
      if (next !== undefined) this.show(next);
      return;
    }
    const { ask } = news;
    if (approve === 'never') return this.refuse(ask, nobodyIsAsked);
    if (!this.isThere)
      return this.refuse(
        ask,
        'nobody to ask: standard input is no terminal (--approve always would allow it)',
      );
    this.numbers.set(ask.request, ++this.count);
    this.show(ask);
  }

  private titleOf(ask: PersonAsk): string {
    const call = callOf(ask);
    const words = call === undefined ? wordsOf(ask.question) : `${call.tool} ${shown(call.arguments)}`;
    return `${this.options.view.of(ask.pid)}${words}`;
  }

  /** Not within the step that asked. */
  private refuse(ask: PersonAsk, why: string): void {
    this.options.view.line(`✗ ${this.titleOf(ask)} is denied: ${why}`);
    queueMicrotask(() => this.decide(ask, 'deny', why));
  }

  private show(ask: PersonAsk): void {
    const { view, questions } = this.options;
    const [first] = questions.open();
    view.line(`? ${this.numbers.get(ask.request)}  ${this.titleOf(ask)}`);
    if (first !== ask)
      return view.note(
        `     it waits behind the one before it; #${this.numbers.get(ask.request)} before an answer means this one`,
      );
    view.note(
      ask.purpose === 'answer'
        ? '     type the answer'
        : '     y: yes · n REASON: no · e {"argument": …}: yes, but with these arguments',
    );
  }

  /** `#2 y` is for question 2, `> text` for the agent; anything else for the first open question or, when there is none, for the agent. */
  private typed(line: string | undefined): void {
    const { questions, onMessage } = this.options;
    if (line === undefined) return this.gone();
    const text = line.trim();
    if (text === '') return;
    const open = questions.open();
    if (text.startsWith('>')) return onMessage(text.slice(1).trim());
    const [, number, rest = ''] = /^#(\d+)\s*(.*)$/.exec(text) ?? [];
    if (number === undefined) {
      const [first] = open;
      return first === undefined ? onMessage(text) : this.answered(first, text);
    }
    const ask = open.find(({ request }) => this.numbers.get(request) === Number(number));
    if (ask !== undefined) return this.answered(ask, rest);
    const known = open.map(({ request }) => `#${this.numbers.get(request)}`).join(', ');
    this.options.view.line(`there is no open question ${number}; allowed: ${known || 'none is open'}`);
  }

  private answered(ask: PersonAsk, text: string): void {
    if (ask.purpose === 'answer') return this.decide(ask, 'answer', text);
    const [, word = '', rest = ''] = /^(\S*)\s*([^]*)$/.exec(text) ?? [];
    switch (word.toLowerCase()) {
      case 'y':
      case 'yes':
        if (rest === '') return this.decide(ask, 'approve', null);
        break;
      case 'n':
      case 'no':
        return this.decide(ask, 'deny', rest === '' ? noReason : rest);
      case 'e':
      case 'edit':
        return this.edited(ask, rest);
      default:
    }
    this.options.view.line(
      `"${text}" is no answer; allowed: y, n REASON, e {"argument": …}, or > and a message for the agent`,
    );
  }

  private edited(ask: PersonAsk, text: string): void {
    const { registry, view } = this.options;
    let args: Json;
    try {
      args = JSON.parse(text) as Json;
    } catch (error) {
      return view.line(`that is no JSON (${messageOf(error)}); the question is still open`);
    }
    const tool = registry.get(callOf(ask)?.tool ?? '');
    const problem = tool === undefined ? undefined : registry.check(tool, args);
    if (problem !== undefined) return view.line(`${problem}; the question is still open`);
    this.decide(ask, 'edit', args);
  }

  private decide(ask: PersonAsk, decision: PersonAnswered['decision'], value: Json): void {
    const { questions, answer, view } = this.options;
    questions.close(ask.request);
    this.numbers.delete(ask.request);
    answer(ask, decision, value);
    const [next] = questions.open();
    if (next !== undefined && this.isThere) this.show(next);
    else if (decision === 'deny' && this.isThere) view.note('     denied');
  }

  /** Whoever was there has closed the input: nobody answers any more. */
  private gone(): void {
    this.isThere = false;
    for (const ask of this.options.questions.open())
      this.refuse(ask, 'nobody to ask any more: the input has ended');
  }
}

/** What a model asks, with the answers that it proposes. */
function wordsOf(asked: Json): string {
  const { question, options } = isRecord(asked) ? asked : {};
  if (typeof question !== 'string') return shown(asked);
  const proposed = Array.isArray(options) ? ` (${options.map(shown).join(', ')})` : '';
  return `${shown(question)}${proposed}`;
}

/** What a question for a yes is about. */
export function callOf({
  question,
  purpose,
}: Pick<PersonAsk, 'question' | 'purpose'>): { readonly tool: string; readonly arguments: Json } | undefined {
  if (purpose === 'answer' || !isRecord(question)) return undefined;
  const { tool, arguments: args = null } = question as { readonly tool?: Json; readonly arguments?: Json };
  return typeof tool === 'string' ? { tool, arguments: args } : undefined;
}
