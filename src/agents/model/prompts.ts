import type { Kernel } from '../../kernel/kernel.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { CallIdentity, CallStart } from '../../kernel/requests.ts';
import type { ModelRequest, OfferedTool } from '../../kernel/syscalls.ts';
import type { Message } from './messages.ts';
import type { ModelCall } from './model-call.ts';

/** The messages of pages by hash; undefined: nobody has told that page's text here. */
type MessageOfHash = (hash: string) => Message | undefined;

/**
 * What the model is asked by the call that starts. The prompt is read when somebody asks for it, and must be read before the process goes on: a mock that does not look costs
 * nothing, however long the prompt. Pages without a text (recorded blocks, a hash alone) say nothing.
 */
export class PromptCall implements ModelCall {
  readonly identity: CallIdentity;
  readonly maxOutput: number;
  readonly request: ModelRequest;
  readonly partial?: string;
  private readonly kernel: Kernel;
  private readonly pid: Pid;
  private readonly messageOf: MessageOfHash;
  private read: readonly Message[] | undefined;

  constructor(
    kernel: Kernel,
    { pid, identity, maxOutput, tokensOut, request = {}, degradedTo }: CallStart,
    messageOf: MessageOfHash,
    partial = '',
  ) {
    this.pid = pid;
    this.identity = identity;
    // What was said is part of the longest answer.
    this.maxOutput = partial === '' ? maxOutput : Math.max(1, maxOutput - tokensOut);
    // Its budget pays for the cheaper model only.
    this.request = degradedTo === undefined ? request : { ...request, model: degradedTo.model };
    this.kernel = kernel;
    this.messageOf = messageOf;
    if (partial !== '') this.partial = partial;
  }

  get messages(): readonly Message[] {
    if (this.read !== undefined) return this.read;
    const messages: Message[] = [];
    for (const hash of this.kernel.promptOf(this.pid)) {
      const message = hash === undefined ? undefined : this.messageOf(hash);
      if (message !== undefined) messages.push(message);
    }
    this.read = messages;
    return messages;
  }

  get tools(): readonly OfferedTool[] {
    const { tools = [], ownTools = [] } = this.request;
    return [...tools.flatMap((name) => this.kernel.tool(name) ?? []), ...ownTools];
  }
}
