/** A run as lines of text, for a model that judges it: what was asked, what was done and what came of it. */
import type { StoredStep } from '../../agents/traces/stored-steps.ts';
import type { Json } from '../../kernel/ids.ts';

/** Characters of one entry. */
const mostOfOne = 2_000;

/** No longer than `most` characters: what stands in the middle is left out first. */
export function runRecord(task: string, steps: readonly StoredStep[], most: number): string {
  const first = `Task: ${excerpt(task)}`;
  const lines = steps.map(lineOf).filter((line) => line !== '');
  const kept: string[] = [];
  let left = most - first.length;
  // The end tells most.
  for (const line of lines.toReversed()) {
    if (line.length > left) break;
    left -= line.length + 1;
    kept.push(line);
  }
  const missing = lines.length - kept.length;
  return [first, ...(missing === 0 ? [] : [`[${missing} steps are left out]`]), ...kept.toReversed()].join(
    '\n',
  );
}

function lineOf({ sequence, name, type, status, data }: StoredStep): string {
  const what = wordsOf(type, data);
  if (what === '') return '';
  const how =
    status === 'done'
      ? ''
      : ` (${status}${typeof data['message'] === 'string' ? `: ${data['message']}` : ''})`;
  return `${sequence}. ${name}: ${excerpt(what)}${how}`;
}

function wordsOf(type: StoredStep['type'], data: StoredStep['data']): string {
  switch (type) {
    case 'llm_call':
    case 'reflection': {
      const asks = data['toolCalls'] === undefined ? '' : ` asks for ${textOf(data['toolCalls'])}`;
      return `says ${textOf(data['text'])}${asks}`;
    }
    case 'tool_call':
      return `calls ${textOf(data['tool'])} ${textOf(data['arguments'])} and gets ${textOf(data['result'] ?? data['value'])}`;
    case 'feedback':
      return `asks a person ${textOf(data['question'])} and is told ${textOf(data['answer'])}`;
    case 'conclusion':
      return `ends as ${textOf(data['outcome'])} with ${textOf(data['value'])}`;
    default:
      return '';
  }
}

const textOf = (value: Json | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);

const excerpt = (text: string): string =>
  text.length <= mostOfOne ? text : `${text.slice(0, mostOfOne - 1)}…`;
