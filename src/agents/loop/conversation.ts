/**
 * What stands in an agent's prompt: which pages, how large, what may leave. The pages themselves are the kernel's; this is the agent's own account of them, small enough to be saved with
 * every checkpoint.
 */
import { assert } from '../../base/assert.ts';
import { sha256Hex } from '../../base/sha256.ts';
import type { Json, PageNumber } from '../../kernel/ids.ts';
import { importanceDefaults } from '../../kernel/options.ts';
import type { Answer, Allocate, Syscall, SyscallResult } from '../../kernel/syscalls.ts';
import { pageOf, type AssistantMessage, type Message } from '../model/messages.ts';
import { AgentFailure } from './agent-failure.ts';
import { joined, settle, stretchesToDrop, type Stretch } from './window.ts';

export type Steps<Value> = Generator<Syscall, Value, SyscallResult<unknown>>;

/** What of a conversation is worth how much; answers and results have the design's 0.7. What people said is kept longest. */
export const importanceOf = {
  system: 1,
  user: 0.9,
  summary: 0.8,
  memories: 0.8,
  plan: 0.8,
  turn: importanceDefaults.result,
} as const;

interface SavedConversation {
  readonly tokens: number;
  /** First page, count, tokens, importance. */
  readonly settled: readonly (readonly [number, number, number, number])[];
  readonly opening: readonly Stretch[];
  readonly live: readonly Stretch[];
  readonly turn: Stretch | null;
  readonly stage: Stage;
  readonly key: string;
  readonly before: string;
  readonly last: string;
}

/** Of the user turn: nothing has answered it yet, the model works on it and has answered all that was said, a user has spoken since, or its final answer stands. */
type Stage = 'opened' | 'answered' | 'steered' | 'closed';

/** A message with the text of its page. */
export interface SizedMessage {
  readonly message: Message;
  readonly text: string;
  readonly tokens: number;
}

export class Conversation {
  /** Of the whole prompt, as the kernel counts. */
  tokens = 0;
  /**
   * Names what stands in the prompt, by what was added and dropped in which order: two conversations of one key have the same prompt. '' unless keys are kept. `before`: without the
   * last message; `last`: that message, when a user said it.
   */
  key = '';
  before = '';
  last = '';
  private settled: Stretch[] = [];
  /** What the turn at work began with: the task, or a follow-up. It stays until the turn is closed, whatever is said meanwhile. */
  private opening: Stretch[] = [];
  /** What a user has said last while the model worked. */
  private live: Stretch[] = [];
  /** The last answer, with results that the model has not seen. */
  private turn: Stretch | undefined;
  private stage: Stage = 'opened';
  private readonly countTokens: (text: string) => number;
  private readonly keepsKeys: boolean;
  /** Tokens up to which stretches are joined: a hundredth of the window, so that some 200 stretches fill it. */
  private readonly grain: number;

  constructor(options: {
    readonly countTokens: (text: string) => number;
    readonly windowTokens: number;
    readonly keepsKeys: boolean;
    readonly saved?: Json | undefined;
  }) {
    this.countTokens = options.countTokens;
    this.keepsKeys = options.keepsKeys;
    this.grain = Math.floor(options.windowTokens / 100);
    if (options.saved !== undefined) this.load(options.saved as unknown as SavedConversation);
  }

  tokensOf(text: string): number {
    return Math.max(1, Math.ceil(this.countTokens(text)));
  }

  /** Its text and tokens, which are not made a second time: a real tokenizer takes longer over a result than all else does. */
  sized(message: Message): SizedMessage {
    const text = pageOf(message);
    return { message, text, tokens: this.tokensOf(text) };
  }

  // ---- What is said --------------------------------------------------------------------------------------------------

  *system(text: string): Steps<void> {
    yield* this.allocate(this.sized({ role: 'system', text }), importanceOf.system, true);
  }

  /** A message of the live user turn, which never leaves the window: what it began with, and what was said last. */
  *user(text: string): Steps<void> {
    if (this.stage === 'closed') {
      // The final answer, too: it leaves before what it answers, for no conversation begins with an answer.
      for (const stretch of [...this.opening, ...this.live]) settle(this.settled, stretch, this.grain);
      this.settleTurn();
      this.opening = [];
      this.live = [];
      this.stage = 'opened';
    } else if (this.stage === 'answered') {
      for (const stretch of this.live) settle(this.settled, stretch, this.grain);
      this.live = [];
    }
    const stretch = yield* this.allocate(this.sized({ role: 'user', text }), importanceOf.user);
    if (this.stage === 'opened') this.opening.push(stretch);
    else {
      this.live.push(stretch);
      this.stage = 'steered';
    }
  }

  /** The final answer stands: what a user says next is another turn. */
  close(): void {
    this.stage = 'closed';
  }

  /** What the program itself tells the model: a plan, a summary, memories. */
  *note(text: string, importance: number): Steps<void> {
    const stretch = yield* this.allocate(this.sized({ role: 'user', text }), importance);
    settle(this.settled, stretch, this.grain);
  }

  /** The kernel has put an answer into the prompt. */
  answered(message: AssistantMessage, { page, content, tokensOut }: Answer): void {
    assert(page !== undefined, 'an answer that was to be kept has a page');
    this.settleTurn();
    const tokens = content?.tokens ?? tokensOut;
    this.turn = { first: page, count: 1, tokens, importance: importanceOf.turn };
    this.tokens += tokens;
    this.stage = 'answered';
    if (this.keepsKeys) this.said(pageOf(message), '');
  }

  /** An answer that no call gave, or that stands for the one before it. */
  *answer(message: AssistantMessage, tokens?: number): Steps<void> {
    this.settleTurn();
    const text = pageOf(message);
    const sized = { message, text, tokens: tokens ?? this.tokensOf(text) };
    this.turn = yield* this.allocate(sized, importanceOf.turn);
    this.stage = 'answered';
  }

  /** Takes the last answer back, which has no results. Its tokens. */
  *retract(): Steps<number> {
    const { turn } = this;
    assert(turn?.count === 1, 'only an answer without results can be taken back');
    this.turn = undefined;
    yield* this.leave('free', [turn]);
    return turn.tokens;
  }

  /** The result of a call that the last answer asked for. */
  *result(result: SizedMessage): Steps<void> {
    const stretch = yield* this.allocate(result, importanceOf.turn);
    assert(this.turn !== undefined, 'a result follows an answer');
    this.turn = joined(this.turn, stretch);
  }

  /** A message that is taken out again by `withdraw`: what is told of the conversation must not stand in it. */
  *aside(text: string): Steps<Aside> {
    const { key, before, last } = this;
    const stretch = yield* this.allocate(this.sized({ role: 'user', text }), importanceDefaults.page);
    return { stretch, key, before, last };
  }

  *withdraw({ stretch, key, before, last }: Aside): Steps<void> {
    yield* this.leave('free', [stretch]);
    Object.assign(this, { key, before, last });
  }

  // ---- What leaves ---------------------------------------------------------------------------------------------------

  /** What would leave to come down to `target` tokens: never the system prompt, the live user turn or results that the model has not seen. */
  droppable(target: number): readonly Stretch[] {
    return stretchesToDrop(this.settled, this.tokens, target);
  }

  *drop(stretches: readonly Stretch[]): Steps<void> {
    const leaving = new Set(stretches);
    this.settled = this.settled.filter((stretch) => !leaving.has(stretch));
    yield* this.leave('drop', stretches);
  }

  save(): Json {
    const { tokens, settled, opening, live, turn = null, stage, key, before, last } = this;
    const saved: SavedConversation = {
      tokens,
      settled: settled.map(({ first, count, tokens: size, importance }) => [first, count, size, importance]),
      opening: [...opening],
      live: [...live],
      turn,
      stage,
      key,
      before,
      last,
    };
    return saved as unknown as Json;
  }

  private load({ settled, turn, opening, live, ...rest }: SavedConversation): void {
    Object.assign(this, rest);
    this.settled = settled.map(([first, count, tokens, importance]) => ({
      first,
      count,
      tokens,
      importance,
    }));
    this.opening = [...opening];
    this.live = [...live];
    this.turn = turn ?? undefined;
  }

  private settleTurn(): void {
    if (this.turn !== undefined) settle(this.settled, this.turn, this.grain);
    this.turn = undefined;
  }

  private *allocate(
    { message, text, tokens }: SizedMessage,
    importance: number,
    pinned = false,
  ): Steps<Stretch> {
    const call: Allocate = { kind: 'allocate', text, tokens, importance, ...(pinned ? { pinned } : {}) };
    const result = yield call;
    if (!result.ok) throw new AgentFailure(result.code, result.message);
    this.tokens += tokens;
    this.said(text, message.role === 'user' ? message.text : '');
    return { first: result.value as PageNumber, count: 1, tokens, importance };
  }

  /** In one syscall, as the prompt behind the first of the pages is broken by it. */
  private *leave(kind: 'drop' | 'free', stretches: readonly Stretch[]): Steps<void> {
    if (stretches.length === 0) return;
    const pages = stretches.flatMap(({ first, count }) =>
      Array.from({ length: count }, (_, at) => (first + at) as PageNumber),
    );
    const result = yield { kind, pages };
    assert(result.ok, `a page of ${pages.join(', ')} is not in the page table`);
    for (const { first, count, tokens } of stretches) {
      this.tokens -= tokens;
      this.said(`${kind} ${first} ${count}`, '');
    }
  }

  private said(what: string, last: string): void {
    if (!this.keepsKeys) return;
    this.before = this.key;
    this.key = sha256Hex(`${this.key}\n${what}`);
    this.last = last;
  }
}

/** A message on its way out again, and the key without it. */
export interface Aside {
  readonly stretch: Stretch;
  readonly key: string;
  readonly before: string;
  readonly last: string;
}
