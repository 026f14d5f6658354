/** Another result in the place of a step's: what a model has answered, a tool has given back or a person has said. */
import { pageOf } from '../agents/model/messages.ts';
import { assistantMessage } from '../agents/loop/cached-answers.ts';
import type { StoredStep } from '../agents/traces/stored-steps.ts';
import { sha256Hex } from '../base/sha256.ts';
import { isRecord } from '../kernel/budget-limits.ts';
import { invalid } from '../kernel/errors.ts';
import type { Json } from '../kernel/ids.ts';
import { historyVersion, type HistoryRecord, type PageRecord } from '../kernel/records.ts';
import type { Redactor } from './redactor.ts';
import type { Answer, AskedCall, PersonReply, ToolResult } from '../kernel/syscalls.ts';

interface EditMeans {
  /** Takes out what must not be stored. */
  readonly redactor: Redactor | undefined;
  readonly countTokens: (text: string) => number;
}

/** What an answer says, and which tools it asks for. */
interface ToldAnswer {
  readonly text: string;
  readonly toolCalls: readonly AskedCall[];
}

export interface EditedResult {
  readonly record: HistoryRecord;
  /** Of an answer that stands in the prompt: its text. */
  readonly page?: PageRecord;
}

/**
 * `text` in the place of the result of `step`, which `record` holds. An answer is a final one, unless the text is JSON: { text, toolCalls: [{ tool, arguments }] }. A tool's result is read as JSON where it was JSON
 * of another kind than a text and the text is some. What was paid stays paid. Throws KernelError INVALID_ARGUMENT for a step that has no such result.
 */
export function editedResult(
  record: HistoryRecord,
  step: StoredStep,
  text: string,
  { redactor, countTokens }: EditMeans,
): EditedResult {
  const { result } = record;
  const redacted = (value: Json): Json => (redactor === undefined ? value : redactor.value(value));
  switch (step.type) {
    case 'llm_call':
    case 'reflection': {
      if (!result.ok) throw invalid('edit', step.sequence, 'a step with an answer; this model call failed');
      const told = redacted(answerIn(text) as unknown as Json) as unknown as ToldAnswer;
      return editedAnswer(record, result.value as unknown as Answer, told, countTokens);
    }
    case 'tool_call': {
      if (!result.ok) break;
      const value = (result.value as unknown as readonly ToolResult[]).map((one, index) =>
        index === step.index ? ({ ok: true, value: redacted(valueLike(one, text)) } as const) : one,
      );
      return { record: { ...record, result: { ok: true, value: value as unknown as Json } } };
    }
    case 'feedback': {
      if (!result.ok) break;
      const { decision } = result.value as unknown as PersonReply;
      const value = { decision, value: redacted(text) };
      return { record: { ...record, result: { ok: true, value } } };
    }
    default:
      break;
  }
  throw invalid(
    'edit',
    step.sequence,
    `the step of a model's answer, a tool's result or what a person said; this one is ${step.type}`,
  );
}

function editedAnswer(
  record: HistoryRecord,
  { toolCalls: _calls, finish: _finish, content, ...answer }: Answer,
  { text, toolCalls }: ToldAnswer,
  countTokens: (text: string) => number,
): EditedResult {
  const edited: Answer = {
    ...answer,
    text,
    ...(toolCalls.length === 0 ? { finish: 'stop' } : { toolCalls, finish: 'tool-calls' }),
  };
  // Where it was not worded as a message, the page is the text itself.
  if (content === undefined) return { record: { ...record, result: resultOf(edited) } };
  const page = pageOf(assistantMessage(edited));
  const hash = sha256Hex(page);
  const tokens = Math.max(1, Math.ceil(countTokens(page)));
  return {
    record: { ...record, result: resultOf({ ...edited, content: { hash, tokens } }) },
    page: { v: historyVersion, type: 'page', run: record.run, hash, text: page },
  };
}

const resultOf = (answer: Answer): HistoryRecord['result'] => ({
  ok: true,
  value: answer as unknown as Json,
});

function answerIn(given: string): ToldAnswer {
  const parsed = parsedJson(given);
  const fields = isRecord(parsed) ? Object.keys(parsed) : [];
  if (fields.length === 0 || !fields.every((field) => field === 'text' || field === 'toolCalls'))
    return { text: given, toolCalls: [] };
  const { text = '', toolCalls = [] } = parsed as { readonly text?: unknown; readonly toolCalls?: unknown };
  if (typeof text !== 'string' || !Array.isArray(toolCalls) || !toolCalls.every(isCall))
    throw invalid('edit', given, 'a text, or { "text": …, "toolCalls": [{ "tool": …, "arguments": {…} }] }');
  return {
    text,
    toolCalls: toolCalls.map((call: AskedCall, index) => ({ ...call, id: `edited-${index + 1}` })),
  };
}

const isCall = (call: unknown): boolean =>
  isRecord(call) &&
  Object.keys(call).every((field) => field === 'tool' || field === 'arguments' || field === 'id') &&
  typeof call['tool'] === 'string' &&
  isRecord(call['arguments']);

function valueLike(before: ToolResult, text: string): Json {
  if (!before.ok || typeof before.value === 'string') return text;
  const parsed = parsedJson(text);
  return parsed === undefined ? text : parsed;
}

function parsedJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
