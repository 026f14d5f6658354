/** Logs of agents, written by hand: lines of Claude Code and spans of OpenTelemetry from a few words each. */

const epochMs = 1_750_000_000_000; // 2025-06-15T15:06:40Z

const at = (seconds: number): string => {
  const ms = Math.round(seconds * 1_000) % 60_000;
  const minutes = Math.floor((Math.round(seconds * 1_000) + 400_000) / 60_000);
  const inMinute = (ms + 40_000) % 60_000;
  const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');
  const hour = 15 + Math.floor(minutes / 60);
  return `2025-06-15T${pad(hour)}:${pad(minutes % 60)}:${pad(Math.floor(inMinute / 1_000))}.${pad(inMinute % 1_000, 3)}Z`;
};

export interface Usage {
  readonly input: number;
  readonly created?: number;
  readonly read?: number;
  readonly output: number;
}

/** Lines of one session of Claude Code. */
export class ClaudeCodeSession {
  readonly lines: object[] = [];
  private readonly session: string;
  private readonly side: string | undefined;
  private last: string | null = null;

  constructor(session: string, side?: string) {
    this.session = session;
    this.side = side;
  }

  private add(seconds: number, type: string, fields: object): this {
    const uuid = `${this.session}-${this.side ?? 'main'}-${this.lines.length}`;
    const { session, side, last } = this;
    this.lines.push({
      parentUuid: last,
      isSidechain: side !== undefined,
      sessionId: session,
      type,
      ...fields,
      uuid,
      timestamp: at(seconds),
    });
    this.last = uuid;
    return this;
  }

  says(seconds: number, text: string): this {
    return this.add(seconds, 'user', { message: { role: 'user', content: text } });
  }

  /** One line of an answer: its text, or a tool call. */
  answers(
    seconds: number,
    id: string,
    usage: Usage,
    tool?: { id: string; name: string; prompt?: string },
  ): this {
    const content =
      tool === undefined
        ? [{ type: 'text', text: 'so be it' }]
        : [{ type: 'tool_use', id: tool.id, name: tool.name, input: { prompt: tool.prompt } }];
    return this.add(seconds, 'assistant', {
      requestId: `req-${id}`,
      message: {
        id,
        role: 'assistant',
        model: 'a-model',
        content,
        usage: {
          input_tokens: usage.input,
          cache_creation_input_tokens: usage.created ?? 0,
          cache_read_input_tokens: usage.read ?? 0,
          output_tokens: usage.output,
        },
      },
    });
  }

  result(seconds: number, tool: string, failed = false): this {
    const part = {
      type: 'tool_result',
      tool_use_id: tool,
      content: 'done',
      ...(failed ? { is_error: true } : {}),
    };
    return this.add(seconds, 'user', { message: { role: 'user', content: [part] } });
  }
}

export const jsonLines = (lines: readonly object[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('');

export interface SpanWords {
  readonly id: string;
  readonly parent?: string;
  readonly trace?: string;
  readonly from: number;
  readonly to: number;
  readonly failed?: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
}

function spanOf({ id, parent, trace = 't1', from, to, failed, attributes }: SpanWords): object {
  const nano = (seconds: number): string => `${epochMs + Math.round(seconds * 1_000)}000000`;
  return {
    traceId: trace,
    spanId: id,
    ...(parent === undefined ? {} : { parentSpanId: parent }),
    name: `${attributes['gen_ai.operation.name'] ?? 'work'} x`,
    startTimeUnixNano: nano(from),
    endTimeUnixNano: nano(to),
    ...(failed === true ? { status: { code: 2 } } : {}),
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
    })),
  };
}

export const exportOf = (...spans: readonly SpanWords[]): object => ({
  resourceSpans: [
    { resource: { attributes: [] }, scopeSpans: [{ scope: { name: 'x' }, spans: spans.map(spanOf) }] },
  ],
});

export const chat = (tokensIn: number, tokensOut: number, cached?: number): SpanWords['attributes'] => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.request.model': 'a-model',
  'gen_ai.usage.input_tokens': tokensIn,
  'gen_ai.usage.output_tokens': tokensOut,
  ...(cached === undefined ? {} : { 'gen_ai.usage.cache_read.input_tokens': cached }),
});
