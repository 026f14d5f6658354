/** A step of a stored run in a few words, for one line of a terminal. */
import type { StoredStep } from '../../agents/traces/stored-steps.ts';
import type { Json } from '../../kernel/ids.ts';
import type { AskedCall } from '../../kernel/syscalls.ts';
import { visible } from '../live/visible-text.ts';

/** What it is: `write_file {"path":"notes.txt"}`, `model`, `end of agent`. */
export function stepWords(
  { type, data, name }: Pick<StoredStep, 'type' | 'data' | 'name'>,
  most = 80,
): string {
  switch (type) {
    case 'tool_call':
      return excerpt(`${data['tool'] as string} ${textOf(data['arguments'])}`, most);
    case 'llm_call':
      return data['purpose'] === 'turn' ? 'model' : `model (${data['purpose'] as string})`;
    case 'reflection':
      return `model (${data['purpose'] as string})`;
    case 'feedback':
      return excerpt(`person ${textOf(data['question'])}`, most);
    case 'memory_read':
      return excerpt(`recall ${textOf(data['query'])}`, most);
    case 'memory_write':
      return excerpt(`remember ${data['scope'] as string}: ${textOf(data['text'])}`, most);
    case 'conclusion':
      return `end of ${name}`;
  }
}

/** What came of it: the answer and the tools that it asks for, the tool's result, what a person said. */
export function resultText({ type, data, status }: Pick<StoredStep, 'type' | 'data' | 'status'>): string {
  if (status === 'open') return 'not known: it had not ended';
  const { code, message } = data as { readonly code?: string; readonly message?: string };
  if (code === 'TOOL_INTERRUPTED') return 'not known: it was cut off';
  if (code !== undefined) return `${code}: ${message ?? ''}`;
  if (type === 'conclusion') return conclusionText(data);
  if (status === 'cancelled') return 'not known: its process ended first';
  switch (type) {
    case 'tool_call':
      return textOf(data['value']);
    case 'feedback':
      return textOf(data['answer']);
    case 'memory_read':
      return `${(data['memories'] as readonly Json[]).length} memories`;
    case 'memory_write':
      return 'stored';
    default: {
      return [data['text'] as string, callWords(data['toolCalls'])].filter((text) => text !== '').join('\n');
    }
  }
}

/** The tool calls that an answer asks for, a line each. */
export function callWords(toolCalls: Json | undefined): string {
  const calls = (toolCalls ?? []) as unknown as readonly AskedCall[];
  return calls
    .map(({ tool, arguments: args, malformed = '' }) => `${tool} ${textOf(args) || malformed}`)
    .join('\n');
}

/** Of what a process ended with, its answer. */
function conclusionText(data: StoredStep['data']): string {
  const { outcome, value } = data as { readonly outcome: string; readonly value: Json };
  const { answer, message } = (value ?? {}) as { readonly answer?: Json; readonly message?: Json };
  const said = answer === undefined || answer === '' ? (message ?? value) : answer;
  const text = textOf(said ?? undefined);
  return outcome === 'completed' ? text : [outcome, text].filter((one) => one !== '').join(': ');
}

export function textOf(value: Json | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The first of it, on one line. */
export function excerpt(text: string, most: number): string {
  const line = visible(text).replaceAll(/\s+/g, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
