/**
 * The kernel in the place of a model server. A client's conversation is a process; each of its requests is a message to that process, which thinks once. So the calls of an agent that knows nothing of all this
 * wait for cores and budgets like those of any other, and stand in the audit log.
 */
import { clientAgentName, type ClientRequest } from '../../agents/client-agent.ts';
import { pageOf, type Message } from '../../agents/model/messages.ts';
import type { NumberedDelta } from '../../host/answer-streams.ts';
import type { StepWatcher } from '../../host/live-kernel.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { Answer, ModelRequest, SyscallResult } from '../../kernel/syscalls.ts';
import type { DrivenRuns } from '../runs/driven-runs.ts';
import { withFacts } from '../runs/run-facts.ts';
import type { ServedWorld } from '../served-world.ts';
import { ChatRefused, failedCall } from './chat-errors.ts';
import {
  Conversations,
  pageHash,
  scopeName,
  type Conversation,
  type ConversationScope,
} from './conversations.ts';

export interface ChatOptions {
  /** A conversation ends when nothing has come for this long, µs. */
  readonly idleUs: number;
  /** Conversations that wait for their client, at most: the longest idle end. */
  readonly idleMax: number;
  /** Requests of one conversation that wait for each other, at most. */
  readonly waitingMax: number;
}

const chatDefaults: ChatOptions = { idleUs: 600_000_000, idleMax: 100, waitingMax: 16 };

/** One request, as the kernel takes it. */
export interface ChatTurn {
  readonly messages: readonly Message[];
  readonly request: ModelRequest;
  /** Tokens; absent: as for agents here. */
  readonly maxOutput: number | undefined;
  readonly scope: ConversationScope;
}

export interface ChatListener {
  /** The conversation is there. */
  onRun(run: string): void;
  /** A piece of the answer that is told once and stays. */
  onText(type: 'text' | 'reasoning', text: string): void;
}

const stopped = ({ run }: Conversation): ChatRefused =>
  new ChatRefused(409, 'invalid_request_error', 'stopped', `run ${run}: it is stopped`);

/** Who waits for the end of a call. */
interface Waiting {
  readonly listener: ChatListener;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export class ChatService implements StepWatcher {
  private readonly world: ServedWorld;
  private readonly driven: DrivenRuns;
  private readonly options: ChatOptions;
  private readonly conversations: Conversations;
  private readonly waiting = new Map<Pid, Waiting>();
  /** Conversations with names, while they begin. */
  private readonly named = new Map<string, Promise<Conversation>>();
  /** Runs that begin here. */
  private readonly beginning = new Set<string>();

  constructor(world: ServedWorld, driven: DrivenRuns, options: Partial<ChatOptions> = {}) {
    this.world = world;
    this.driven = driven;
    this.options = { ...chatDefaults, ...options };
    this.conversations = new Conversations(world.live);
    world.live.watch(this);
    world.live.answers.watch((delta) => this.told(delta));
    driven.watch(({ type, run }) => {
      const conversation = type === 'stopped' ? this.conversations.ofRun(run) : undefined;
      if (conversation !== undefined) this.stop(conversation);
    });
  }

  /** Resolves when the answer is durable. Who hangs up (`signal`) ends the conversation's process, and with it the call. Throws ChatRefused, and Refused for a server that takes up nothing more. */
  async answer(turn: ChatTurn, listener: ChatListener, signal: AbortSignal): Promise<Answer> {
    const messages = turn.messages.map(
      (message) => this.world.redact(message as unknown as Json) as unknown as Message,
    );
    const pages = messages.map((message) => pageHash(pageOf(message)));
    const least = messages.findIndex(({ role }) => role === 'user') + 1;
    const isNamed = turn.scope.key !== '';
    const found = isNamed
      ? this.conversations.named(turn.scope)
      : this.conversations.like(turn.scope, { pages, least: least === 0 ? pages.length : least });
    // Its client is told, and waits for nobody.
    if (found?.isStopped === true) throw stopped(found);
    const conversation = found ?? (await (isNamed ? this.beginOnce(turn.scope) : this.begin(turn.scope)));
    if (conversation.waiting > this.options.waitingMax)
      throw new ChatRefused(
        429,
        'requests',
        'rate_limit_exceeded',
        'too many requests of this conversation wait',
        {
          retryAfter: 1,
        },
      );
    return this.inTurn(conversation, async () => {
      signal.throwIfAborted();
      // Its process may have ended while this request waited for its turn.
      const isThere = this.conversations.get(conversation.pid) !== undefined;
      if (conversation.isStopped) throw stopped(conversation);
      const current = isThere ? conversation : await this.begin(turn.scope, conversation);
      listener.onRun(current.run);
      return this.ask(current.pid, turn, { messages, pages }, listener, signal);
    });
  }

  private async inTurn<Result>(conversation: Conversation, act: () => Promise<Result>): Promise<Result> {
    conversation.waiting++;
    const before = conversation.turn;
    let end = (): void => {};
    conversation.turn = new Promise((resolve) => (end = resolve));
    await before;
    try {
      return await act();
    } finally {
      conversation.waiting--;
      conversation.usedUs = this.world.clock.nowUs();
      end();
      this.endIdle();
    }
  }

  private async ask(
    pid: Pid,
    { request, maxOutput }: ChatTurn,
    { messages, pages }: { readonly messages: readonly Message[]; readonly pages: readonly string[] },
    listener: ChatListener,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { live } = this.world;
    const keep = this.conversations.common(pid, pages);
    const sent: ClientRequest = {
      keep,
      add: messages.slice(keep),
      maxOutput: maxOutput ?? this.usualOutput(request.model),
      request,
    };
    const answered = new Promise<Answer>((resolve, reject) =>
      this.waiting.set(pid, { listener, resolve, reject }),
    );
    answered.catch(() => {});
    const hangUp = (): void => {
      this.waiting.get(pid)?.reject(new ChatRefused(503, 'server_error', null, 'the client has hung up'));
      this.end(pid);
    };
    signal.addEventListener('abort', hangUp, { once: true });
    try {
      const isTaken = await live.message(pid, plainJson(sent));
      if (!isTaken)
        throw new ChatRefused(503, 'server_error', null, 'the conversation has ended', { retryAfter: 1 });
      const answer = await answered;
      await live.settled();
      return answer;
    } finally {
      signal.removeEventListener('abort', hangUp);
      this.waiting.delete(pid);
    }
  }

  /** Tokens of an answer for which the client names no limit. */
  private usualOutput(model: string | undefined): number {
    const args = this.world.agent(model === undefined ? {} : { models: [model] });
    const most = isRecord(args) ? args['maxOutput'] : undefined;
    return typeof most === 'number' ? most : 4_000;
  }

  // ---- Processes -------------------------------------------------------------------------------------------------------

  /** Requests that come at once under one name begin one conversation. */
  private beginOnce(scope: ConversationScope): Promise<Conversation> {
    const name = scopeName(scope);
    const begun = this.named.get(name) ?? this.begin(scope).finally(() => this.named.delete(name));
    this.named.set(name, begun);
    return begun;
  }

  /** `instead`: of a conversation that has ended, whose requests still wait for each other. */
  private async begin(scope: ConversationScope, instead?: Conversation): Promise<Conversation> {
    const { world } = this;
    const run = world.newRunName();
    this.beginning.add(run);
    const name = scope.user === '' ? 'chat' : `chat ${world.redact(scope.user) as string}`;
    try {
      const pid = await this.driven.drive(run, async () => {
        const spawned = world.live.spawn({
          program: clientAgentName,
          name: name.slice(0, 200),
          arguments: { idleUs: this.options.idleUs },
          run,
          priority: scope.priority,
          budget: world.budget,
          settings: withFacts(world.settings, { uid: scope.tenant, name }, undefined),
        });
        spawned.end.catch(() => {});
        return spawned.pid;
      });
      const conversation: Conversation = {
        run,
        pid,
        scope: scopeName(scope),
        waiting: instead?.waiting ?? 0,
        turn: instead?.turn ?? Promise.resolve(),
        usedUs: world.clock.nowUs(),
        isStopped: false,
      };
      this.conversations.add(conversation);
      return conversation;
    } finally {
      this.beginning.delete(run);
    }
  }

  private endIdle(): void {
    const idle = this.conversations.idle();
    for (const { pid } of idle.slice(0, Math.max(0, idle.length - this.options.idleMax))) this.end(pid);
  }

  private stop(conversation: Conversation): void {
    conversation.isStopped = true;
    this.waiting.get(conversation.pid)?.reject(stopped(conversation));
  }

  private end(pid: Pid): void {
    if (this.conversations.get(pid) === undefined) return;
    this.conversations.remove(pid);
    try {
      this.world.live.signal(pid, 'terminate');
    } catch {
      // It has ended by itself, or the kernel is closed.
    }
  }

  // ---- What the kernel tells ---------------------------------------------------------------------------------------------

  take({ events, records }: StepOutput): void {
    for (const record of records) {
      if (record.type !== 'history' || record.kind !== 'think') continue;
      const waiting = this.waitingFor(record.run, record.pid);
      if (waiting !== undefined) this.ended(waiting, record.result as SyscallResult<Answer>);
    }
    for (const event of events) {
      if (event.type === 'process.terminated') {
        const waiting = this.waiting.get(event.pid);
        this.conversations.remove(event.pid);
        waiting?.reject(failedCall(event.code, endedBecause(event), undefined));
      } else if (event.type === 'process.spawned' && event.program === clientAgentName) {
        if (this.beginning.has(event.run)) continue;
        // One of before a restart: its client has lost its connection, and will ask again with all that was said.
        const { pid } = event;
        queueMicrotask(() => this.world.live.signal(pid, 'terminate'));
      }
    }
  }

  broke(message: string): void {
    for (const { reject } of this.waiting.values())
      reject(new ChatRefused(503, 'server_error', null, message, { retryAfter: 5 }));
  }

  /** Runs that began here have their processes' own numbers in their records. */
  private waitingFor(run: string, pid: Pid): Waiting | undefined {
    return this.conversations.get(pid)?.run === run ? this.waiting.get(pid) : undefined;
  }

  private ended({ resolve, reject }: Waiting, result: SyscallResult<Answer>): void {
    if (result.ok) resolve(result.value);
    else reject(failedCall(result.code, result.message, result.failure));
  }

  /** An answer that begins anew says nothing until its end: what was told cannot be taken back. */
  private told({ call, stretch, delta }: NumberedDelta): void {
    const { type, text } = delta;
    if (stretch > 0 || type === 'tool-call') return;
    this.waitingFor(call.run, call.pid)?.listener.onText(type, text);
  }
}

function endedBecause({ outcome, message }: { readonly outcome: string; readonly message: string }): string {
  return message === '' ? `the process was ${outcome}` : message;
}

/** Without the fields that are not there, which are no JSON. */
const plainJson = (value: ClientRequest): Json => JSON.parse(JSON.stringify(value)) as Json;
