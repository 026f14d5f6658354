/** Ports whose world tells the kernel nothing that is to be redacted: neither answers nor their streams, neither results nor errors. */
import { messageOf } from '../kernel/errors.ts';
import type { Json } from '../kernel/ids.ts';
import type { ModelFailure } from '../kernel/syscalls.ts';
import type { ModelDelta, ModelPort, ModelReply, ToolPort } from './ports.ts';
import type { RedactedStream, Redactor } from './redactor.ts';

/** Pieces come as late as a match may need, and of the arguments of tool calls none: as pieces of JSON their members can't be told. */
export function redactedModel(port: ModelPort, redactor: Redactor): ModelPort {
  return {
    async call(call, stop, tell) {
      const streams = { text: redactor.stream(), reasoning: redactor.stream() };
      const pass = (type: keyof typeof streams, text: string): void => {
        if (text !== '') tell({ type, text });
      };
      const redacted = (delta: ModelDelta): void => {
        if (delta.type === 'tool-call') tell({ ...delta, tool: redactor.text(delta.tool), text: '' });
        else pass(delta.type, (streams[delta.type] satisfies RedactedStream).push(delta.text));
      };
      try {
        const reply = await port.call(call, stop, redacted);
        const isWhole = reply.finish !== undefined && reply.finish !== 'length';
        pass('reasoning', streams.reasoning.end());
        if (isWhole) pass('text', streams.text.end());
        return redactedReply(reply, redactor, isWhole);
      } catch (error) {
        // Its cause would tell what is not to be told.
        // eslint-disable-next-line preserve-caught-error
        throw new Error(redactor.text(messageOf(error)));
      }
    },
  };
}

export function redactedTools(port: ToolPort, redactor: Redactor): ToolPort {
  return {
    async call(start, stop) {
      try {
        const reply = await port.call(start, stop);
        return { ...reply, value: redactor.value(reply.value) };
      } catch (error) {
        // Its cause would tell what is not to be told.
        // eslint-disable-next-line preserve-caught-error
        throw new Error(redactor.text(messageOf(error)));
      }
    },
  };
}

function redactedReply(reply: ModelReply, redactor: Redactor, isWhole: boolean): ModelReply {
  const { text, toolCalls, failed } = reply;
  return {
    ...reply,
    text: isWhole ? redactor.text(text) : redactor.cutText(text),
    toolCalls: toolCalls.map(
      (call) => redactor.value(call as unknown as Json) as unknown as (typeof toolCalls)[number],
    ),
    ...(failed === undefined
      ? {}
      : {
          failed: {
            code: failed.code,
            message: redactor.text(failed.message),
            failure: redactor.value(failed.failure) as ModelFailure,
          },
        }),
  };
}
