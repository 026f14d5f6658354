/** The conversations of clients, each a process that waits for its client's next request; and which of them a request goes on with. */
import { sha256Hex } from '../../base/sha256.ts';
import type { LiveKernel } from '../../host/live-kernel.ts';
import type { Pid } from '../../kernel/ids.ts';

/** What tells conversations of different clients apart, whatever is said in them. */
export interface ConversationScope {
  /** '': nobody's. */
  readonly tenant: string;
  /** Of the client; '': it named none. */
  readonly user: string;
  readonly priority: number;
  /** As the client calls the conversation; '': it does not. */
  readonly key: string;
}

export interface Conversation {
  readonly run: string;
  readonly pid: Pid;
  readonly scope: string;
  /** Requests under way and those that wait for their turn. */
  waiting: number;
  /** The last of them. */
  turn: Promise<void>;
  usedUs: number;
  /** Somebody holds it: its process has left the kernel. */
  isStopped: boolean;
}

/** In the words of a page; a request goes on with what it has in common with one. */
export interface Opening {
  /** Hashes of the pages. */
  readonly pages: readonly string[];
  /** So many of them must be known, up to what the user said first: a system prompt alone is common to many conversations. */
  readonly least: number;
}

export const scopeName = ({ tenant, user, priority, key }: ConversationScope): string =>
  JSON.stringify([tenant, user, priority, key]);

export const pageHash = (text: string): string => sha256Hex(text);

export class Conversations {
  private readonly live: LiveKernel;
  private readonly byPid = new Map<Pid, Conversation>();

  constructor(live: LiveKernel) {
    this.live = live;
  }

  add(conversation: Conversation): void {
    this.byPid.set(conversation.pid, conversation);
  }

  remove(pid: Pid): void {
    this.byPid.delete(pid);
  }

  get(pid: Pid): Conversation | undefined {
    return this.byPid.get(pid);
  }

  ofRun(run: string): Conversation | undefined {
    return [...this.byPid.values()].findLast((one) => one.run === run);
  }

  /** The one that its client calls so, busy or not. */
  named(scope: ConversationScope): Conversation | undefined {
    const name = scopeName(scope);
    return [...this.byPid.values()].findLast((one) => one.scope === name);
  }

  /** Of those that wait for a request the one that has most in common with this one, if that is enough; of several the one used last. */
  like(scope: ConversationScope, { pages, least }: Opening): Conversation | undefined {
    const name = scopeName(scope);
    let best: Conversation | undefined;
    let most = Math.max(1, least) - 1;
    for (const one of this.byPid.values()) {
      if (one.scope !== name || one.waiting > 0 || one.isStopped) continue;
      const common = this.common(one.pid, pages);
      if (common < most || (common === most && (best === undefined || one.usedUs < best.usedUs))) continue;
      best = one;
      most = common;
    }
    return best;
  }

  /** How many of its pages, from the first on, are these. */
  common(pid: Pid, pages: readonly string[]): number {
    const known = this.live.kernel.promptOf(pid);
    let count = 0;
    while (count < pages.length && known[count] === pages[count]) count++;
    return count;
  }

  /** Those that wait for a request, the one that has waited longest first. */
  idle(): readonly Conversation[] {
    return [...this.byPid.values()]
      .filter(({ waiting }) => waiting === 0)
      .sort((a, b) => a.usedUs - b.usedUs);
  }
}
