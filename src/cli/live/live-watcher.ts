/** Who looks at live agents: what a watcher is told, and the ports that tell it. */
import { responseCacheName } from '../../agents/loop/response-cache.ts';
import type { NumberedDelta } from '../../host/answer-streams.ts';
import type { ModelPort, ModelReply, ToolPort, ToolReply } from '../../host/ports.ts';
import type { StorageNews } from '../../host/storage-waits.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { ToolStart } from '../../kernel/requests.ts';

/** Who watches gets all of it as it happens; nothing of this may throw. */
export interface LiveWatcher {
  onEvent?(event: KernelEvent): void;
  onDelta?(delta: NumberedDelta): void;
  /** A model call came to its end. */
  onReply?(pid: Pid, reply: ModelReply): void;
  onToolStart?(start: ToolStart): void;
  onToolEnd?(start: ToolStart, reply: ToolReply): void;
  /** From now on the process asks this model. */
  onModel?(pid: Pid, model: string): void;
  /** So many memories are about the task of an agent that begins. */
  onRecall?(count: number): void;
  /** Something happened to an MCP server, or to the storage. */
  onNotice?(line: string): void;
}

/** `needCounter`: is called before the first answer whose server does not count itself is given on. */
export function watchedModel(
  port: ModelPort,
  watcher: LiveWatcher,
  needCounter: () => Promise<void>,
): ModelPort {
  return {
    async call(call, stop, tell) {
      const reply = await port.call(call, stop, tell);
      if (reply.usage.tokensOut === undefined && reply.text !== '' && !stop.isStopped) await needCounter();
      watcher.onReply?.(call.identity.pid, reply);
      return reply;
    },
  };
}

export function watchedTools(tools: ToolPort, watcher: LiveWatcher): ToolPort {
  return {
    async call(start, stop) {
      // What agents ask of it is no act of theirs.
      if (start.tool === responseCacheName) return tools.call(start, stop);
      watcher.onToolStart?.(start);
      const reply = await tools.call(start, stop);
      watcher.onToolEnd?.(start, reply);
      return reply;
    },
  };
}

/** What a watcher is told of it. The message names the storage. */
export function storageLine({ type, message }: StorageNews): string {
  return type === 'unavailable'
    ? `${message}: waiting; nothing goes on until it is cured`
    : 'storage: goes on';
}
