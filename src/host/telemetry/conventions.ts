/**
 * The one mapping from what a kernel tells to OpenTelemetry: every name that is exported stands here and nowhere else.
 *
 * Source: OpenTelemetry semantic conventions for generative AI (spans, agent spans, metrics), status Development, as of semantic conventions 1.45.0.
 * Departs from them: what only an operating system for agents has is named `ringzero.*`.
 */

/** Raised when a name or its meaning changes. */
export const mappingVersion = 1;
/** The instrumentation scope of all spans and metrics; the schema is that of the conventions that the names are from. */
export const telemetryScope = {
  name: 'ringzero',
  version: String(mappingVersion),
  schemaUrl: 'https://opentelemetry.io/schemas/1.45.0',
} as const;

export type SpanType = 'invoke_agent' | 'chat' | 'execute_tool';

interface AttributeRow {
  /** Spans that have it. */
  readonly on: readonly SpanType[];
  readonly means: string;
  /** It holds what agents and models say, and is exported only when asked for. */
  readonly isContent?: true;
}

const all: readonly SpanType[] = ['invoke_agent', 'chat', 'execute_tool'];
const calls: readonly SpanType[] = ['invoke_agent', 'chat'];

/** Of spans. */
export const spanAttributes = {
  'gen_ai.operation.name': { on: all, means: 'what the span stands for' },
  'gen_ai.conversation.id': { on: all, means: 'the run' },
  'gen_ai.agent.name': { on: all, means: 'the name of the process' },
  'gen_ai.provider.name': { on: ['chat'], means: 'the kind of endpoint that was asked' },
  'gen_ai.request.model': { on: ['chat'], means: 'the model that was asked' },
  'gen_ai.request.max_tokens': { on: ['chat'], means: 'tokens that the answer may have' },
  'gen_ai.request.temperature': { on: ['chat'], means: 'as the request says' },
  'gen_ai.response.finish_reasons': { on: ['chat'], means: 'why the model stopped, as its server says' },
  'gen_ai.response.time_to_first_chunk': {
    on: ['chat'],
    means: 'seconds from its first start to its first piece, of an answer that comes in pieces',
  },
  'gen_ai.usage.input_tokens': { on: calls, means: 'tokens of prompts, as the budget was charged' },
  'gen_ai.usage.output_tokens': { on: calls, means: 'tokens of answers, as the budget was charged' },
  'gen_ai.usage.cache_read.input_tokens': {
    on: calls,
    means: 'of the prompt tokens those that were found in a cache',
  },
  'gen_ai.usage.reasoning.output_tokens': {
    on: ['chat'],
    means: 'of the answer tokens those that were only thought, where the server says',
  },
  'gen_ai.tool.name': { on: ['execute_tool'], means: 'the tool' },
  'gen_ai.tool.type': { on: ['execute_tool'], means: '`function`' },
  'gen_ai.tool.call.id': {
    on: ['execute_tool'],
    means: "the model's id of the call; of one that no model asked for, the idempotency key",
  },
  'server.address': { on: ['chat'], means: 'host of the endpoint' },
  'server.port': { on: ['chat'], means: 'its port' },
  'error.type': { on: all, means: 'the code of the failure' },
  'gen_ai.input.messages': { on: ['chat'], means: 'the prompt', isContent: true },
  'gen_ai.output.messages': { on: ['chat'], means: 'the answer', isContent: true },
  'gen_ai.tool.call.arguments': {
    on: ['execute_tool'],
    means: 'what the tool was given',
    isContent: true,
  },
  'gen_ai.tool.call.result': { on: ['execute_tool'], means: 'what it said', isContent: true },
  'ringzero.mapping.version': { on: all, means: 'the version of this table' },
  'ringzero.run.branch': { on: all, means: 'the branch of the run' },
  'ringzero.process.pid': { on: all, means: 'the process' },
  'ringzero.process.parent': { on: ['invoke_agent'], means: 'who started it; 0: nobody' },
  'ringzero.process.program': { on: ['invoke_agent'], means: 'the program that it runs' },
  'ringzero.process.priority': { on: ['invoke_agent'], means: '0 to 100, smaller runs first' },
  'ringzero.process.outcome': {
    on: ['invoke_agent'],
    means: 'completed, failed, cancelled, killed; unfinished: the kernel ended first',
  },
  'ringzero.process.resumed': {
    on: ['invoke_agent'],
    means: 'it went on from what was stored; its other figures are those since then',
  },
  'ringzero.budget.node': { on: ['invoke_agent'], means: 'the budget that pays' },
  'ringzero.cost.micro_dollars': { on: calls, means: 'what it cost, in millionths of a dollar' },
  'ringzero.calls': { on: ['invoke_agent'], means: 'model calls' },
  'ringzero.tool_calls': { on: ['invoke_agent'], means: 'tool calls' },
  'ringzero.faults.tokens': {
    on: ['invoke_agent'],
    means: 'tokens of pages that were needed and not in context memory',
  },
  'ringzero.time.running': { on: ['invoke_agent'], means: 'seconds on a core' },
  'ringzero.time.ready': { on: ['invoke_agent'], means: 'seconds in the ready queue' },
  'ringzero.time.suspended': { on: ['invoke_agent'], means: 'seconds suspended' },
  'ringzero.time.waiting.*': {
    on: ['invoke_agent'],
    means: 'seconds waiting, by reason: tool, person, message, child, budget, memory, storage, timer, lock',
  },
  'ringzero.engine': { on: ['chat'], means: 'the engine that it ran on' },
  'ringzero.call.purpose': { on: ['chat'], means: 'turn, reflection, critique, summary or another word' },
  'ringzero.call.queue_time': {
    on: ['chat'],
    means: 'seconds from the question to the first start: in the ready queue, for budget and for memory',
  },
  'ringzero.call.stretches': { on: ['chat'], means: 'stretches on a core; above 1: it was preempted' },
  'ringzero.call.core_time': { on: ['chat'], means: 'seconds on a core, all stretches together' },
  'ringzero.tool.attempts': { on: ['execute_tool'], means: 'starts; above 1: it failed and was repeated' },
  'ringzero.tool.key': { on: ['execute_tool'], means: 'the idempotency key that the tool was given' },
} as const satisfies Readonly<Record<string, AttributeRow>>;

/** Points in time within a span, with their attributes. */
export const spanEvents = {
  'ringzero.call.dispatched': {
    on: ['chat'],
    with: ['ringzero.core', 'ringzero.engine'],
    means: 'a stretch begins',
  },
  'ringzero.call.stopped': { on: ['chat'], with: ['ringzero.reason'], means: 'a stretch ends early' },
  'ringzero.call.refused': {
    on: ['invoke_agent'],
    with: ['error.type'],
    means: 'a model call never started',
  },
  'ringzero.tool.failed': {
    on: ['execute_tool'],
    with: ['error.type'],
    means: 'an attempt failed, and is repeated',
  },
  'ringzero.tool.refused': { on: ['invoke_agent'], with: ['error.type'], means: 'a tool call never started' },
  'ringzero.tool.late': {
    on: ['invoke_agent'],
    with: ['gen_ai.tool.name'],
    means: 'a tool that had timed out came to its end',
  },
  'ringzero.person.asked': { on: ['invoke_agent'], with: ['ringzero.purpose'], means: 'a person was asked' },
  'ringzero.person.answered': {
    on: ['invoke_agent'],
    with: ['ringzero.decision'],
    means: 'a person answered',
  },
  'ringzero.budget.exhausted': {
    on: ['invoke_agent'],
    with: ['ringzero.budget.node', 'ringzero.resource', 'ringzero.rule'],
    means: 'a limit has nothing left',
  },
  'ringzero.process.suspended': {
    on: ['invoke_agent'],
    with: ['ringzero.reason'],
    means: 'it was suspended',
  },
  'ringzero.process.continued': { on: ['invoke_agent'], with: [], means: 'it goes on' },
  'ringzero.process.restored': {
    on: ['invoke_agent'],
    with: [],
    means: 'a kernel goes on with it, after a crash or a parking',
  },
  'ringzero.process.migrated': {
    on: ['invoke_agent'],
    with: ['ringzero.engine'],
    means: 'it goes to another engine',
  },
  'ringzero.deadlock': { on: ['invoke_agent'], with: [], means: 'it is a member of a deadlock' },
} as const satisfies Readonly<
  Record<
    string,
    { readonly on: readonly SpanType[]; readonly with: readonly string[]; readonly means: string }
  >
>;

export type SpanAttributeName = Exclude<keyof typeof spanAttributes, 'ringzero.time.waiting.*'>;
export type SpanEventName = keyof typeof spanEvents;

/** Of a call that ends because its process does, or its kernel. */
export const cancelledType = 'CALL_CANCELLED';
