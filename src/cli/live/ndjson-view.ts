/** What scripts read of live agents: one JSON document a line, as it happens. */
import type { NumberedDelta } from '../../host/answer-streams.ts';
import type { ModelReply, ToolReply } from '../../host/ports.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { ToolStart } from '../../kernel/requests.ts';
import type { LiveWatcher } from './live-world.ts';

/** The kernel's own events as they are (each has a `seq`), and between them what stands beside the kernel: words, arguments and results, and the end. */
export class NdjsonView implements LiveWatcher {
  private readonly write: (document: Json) => void;

  constructor(write: (document: Json) => void) {
    this.write = write;
  }

  onEvent(event: KernelEvent): void {
    this.write(event as unknown as Json);
  }

  onDelta({ call: { pid, n }, number, aside, delta }: NumberedDelta): void {
    this.write({ type: 'delta', pid, n, number, aside, delta: { ...delta } });
  }

  onReply(pid: Pid, { text, toolCalls, finish, failed }: ModelReply): void {
    this.write({
      type: 'answer',
      pid,
      text,
      toolCalls: toolCalls as unknown as Json,
      finish: finish ?? null,
      ...(failed === undefined ? {} : { code: failed.code, message: failed.message }),
    });
  }

  onToolStart({ identity, request, attempt, tool, arguments: args }: ToolStart): void {
    this.write({ type: 'tool.call', pid: identity.pid, request, attempt, tool, arguments: args });
  }

  onToolEnd({ identity, request, attempt, tool }: ToolStart, { ok, value }: ToolReply): void {
    this.write({ type: 'tool.result', pid: identity.pid, request, attempt, tool, ok, value });
  }

  onNotice(line: string): void {
    this.write({ type: 'notice', text: line });
  }
}
