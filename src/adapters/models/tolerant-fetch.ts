/**
 * Chat completions as servers really stream them, made what the provider's package reads: it refuses a whole chunk, and with it the answer, for one field that is not as OpenAI sends
 * it. Only the form changes, and only where there is one meaning: an event that is no JSON stays what it is, and fails the call.
 */
import { isRecord } from '../../kernel/budget-limits.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Fetches like `inner`, and mends the body of every answer that is no error. */
export function tolerantFetch(inner: typeof fetch = fetch): typeof fetch {
  return async (input, init) => {
    const response = await inner(input, init);
    const { ok, body, status, statusText, headers } = response;
    if (!ok || body === null) return response;
    // A server that does not stream answers in one piece.
    const isOnePiece = /\bjson\b/i.test(headers.get('content-type') ?? '');
    const mended = body.pipeThrough(mending(isOnePiece ? new OnePiece() : new EventLines()));
    return new Response(mended, { status, statusText, headers });
  };
}

interface Mender {
  take(text: string): string;
  end(): string;
}

function mending(mender: Mender): ReadableWritablePair<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  return new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(bytes, controller) {
      const text = mender.take(decoder.decode(bytes, { stream: true }));
      if (text !== '') controller.enqueue(encoder.encode(text));
    },
    flush(controller) {
      const text = mender.take(decoder.decode()) + mender.end();
      if (text !== '') controller.enqueue(encoder.encode(text));
    },
  });
}

/** An event stream, line by line. Lines end in CR, LF or both. */
class EventLines implements Mender {
  private readonly chunks = new Chunks();
  /** The line under way. */
  private parts: string[] = [];
  private endsInCr = false;
  /** The last event is a chunk, and the empty line behind it has not come. */
  private isOpen = false;

  take(text: string): string {
    if (text === '') return '';
    const lines = (this.endsInCr && text.startsWith('\n') ? text.slice(1) : text).split(/\r\n|\n|\r/);
    this.endsInCr = text.endsWith('\r');
    const rest = lines.pop()!;
    if (lines.length === 0) {
      this.parts.push(rest);
      return '';
    }
    lines[0] = this.parts.join('') + lines[0]!;
    this.parts = [rest];
    return lines.map((line) => `${this.line(line)}\n`).join('');
  }

  /** Behind a chunk that is whole, the empty line may be missing. */
  end(): string {
    const rest = this.parts.join('');
    const line = rest === '' ? '' : this.line(rest);
    return this.isOpen ? `${line}\n\n` : rest;
  }

  private line(line: string): string {
    if (!line.startsWith('data:')) {
      if (line === '') this.isOpen = false;
      return line;
    }
    const chunk = parsed(line.slice('data:'.length));
    this.isOpen = chunk !== undefined;
    const mended = chunk && this.chunks.mended(chunk);
    return mended === undefined ? line : `data: ${JSON.stringify(mended)}`;
  }
}

/** A whole answer, or an error, as one event. */
class OnePiece implements Mender {
  private readonly parts: string[] = [];

  take(text: string): string {
    this.parts.push(text);
    return '';
  }

  end(): string {
    const text = this.parts.join('');
    const told = parsed(text);
    if (told === undefined) return text;
    return `data: ${JSON.stringify(new Chunks().mended(told) ?? told)}\n\n`;
  }
}

/** Undefined: no JSON object. Some servers put one into a list. */
function parsed(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
    return isRecord(only) ? only : undefined;
  } catch {
    return undefined;
  }
}

/** The chunks of one answer. */
class Chunks {
  private hasDelta = false;

  /** Undefined: it needs no mending. */
  mended(chunk: Fields): Fields | undefined {
    const error = errorOf(chunk);
    if (error !== undefined) return error === chunk['error'] ? undefined : { error };
    const choices = chunk['choices'];
    const mendedChoices = Array.isArray(choices) ? this.choices(choices) : [];
    if (mendedChoices === choices && !('error' in chunk)) return undefined;
    const { error: _, ...rest } = chunk;
    return { ...rest, choices: mendedChoices };
  }

  /** The same list, when nothing was to be mended. */
  private choices(choices: readonly unknown[]): readonly unknown[] {
    const mended = choices.filter(isRecord).map((choice) => this.choice(choice));
    return mended.length === choices.length && mended.every((choice, index) => choice === choices[index])
      ? choices
      : mended;
  }

  private choice(choice: Fields): Fields {
    const { delta, message, ...rest } = choice;
    if (isRecord(delta)) {
      this.hasDelta = true;
      const mended = deltaOf(delta);
      return mended === delta ? choice : { ...choice, delta: mended };
    }
    // A message is the whole answer: behind deltas it would be said twice.
    if (!isRecord(message) || this.hasDelta) return choice;
    return { ...rest, delta: deltaOf(message) };
  }
}

/** As `{ message }`; undefined: the chunk is none. */
function errorOf(chunk: Fields): unknown {
  const { error, choices, message, detail } = chunk;
  if (typeof error === 'string') return { message: error };
  if (isRecord(error))
    return typeof error['message'] === 'string' ? error : { message: JSON.stringify(error) };
  if (choices !== undefined) return undefined;
  if (typeof message === 'string') return { message, ...named(chunk, 'type'), ...named(chunk, 'code') };
  return detail === undefined ? undefined : { message: textOf(detail) };
}

function named(chunk: Fields, field: 'type' | 'code'): Fields {
  const value = chunk[field];
  return typeof value === 'string' || typeof value === 'number' ? { [field]: value } : {};
}

/** The same object, when nothing was to be mended. */
function deltaOf(delta: Fields): Fields {
  const { role, tool_calls: calls, function_call: old } = delta;
  const isKnownRole = role === undefined || role === null || role === '' || role === 'assistant';
  // The form before there were several calls.
  const asked = calls ?? (isRecord(old) ? [{ index: 0, function: old }] : calls);
  const mendedCalls = isRecord(asked) ? [callOf(asked)] : Array.isArray(asked) ? callsOf(asked) : asked;
  if (isKnownRole && mendedCalls === calls) return delta;
  return { ...delta, role: isKnownRole ? role : 'assistant', tool_calls: mendedCalls };
}

function callsOf(calls: readonly unknown[]): readonly unknown[] {
  const mended = calls.filter(isRecord).map(callOf);
  return mended.length === calls.length && mended.every((call, index) => call === calls[index])
    ? calls
    : mended;
}

/** The same object, when nothing was to be mended. */
function callOf(call: Fields): Fields {
  const { index, id, function: asked } = call;
  const args = isRecord(asked) ? asked['arguments'] : undefined;
  const isText = args === undefined || args === null || typeof args === 'string';
  const isNumbered = typeof index !== 'string';
  const isNamed = typeof id !== 'number';
  if (isRecord(asked) && isText && isNumbered && isNamed) return call;
  return {
    ...call,
    ...(isNumbered ? {} : { index: /^\d+$/.test(index) ? Number(index) : undefined }),
    ...(isNamed ? {} : { id: String(id) }),
    function: isRecord(asked) ? { ...asked, ...(isText ? {} : { arguments: JSON.stringify(args) }) } : {},
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
