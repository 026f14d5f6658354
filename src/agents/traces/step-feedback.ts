import { invalid } from '../../kernel/errors.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json } from '../../kernel/ids.ts';
import type { AskedCall } from '../../kernel/syscalls.ts';
import type { ExperienceSource } from '../memory/experience.ts';
import { checkFeedback, type Feedback } from '../memory/feedback.ts';
import type { TraceRoot } from './run-trace.ts';
import type { Step } from './trace.ts';

/** What somebody says of a step. */
export interface StepFeedback {
  readonly run: string;
  /** Its sequence. */
  readonly step: number;
  /** Of the memories that it joins. */
  readonly scope: string;
  readonly kind: ExperienceSource;
  /** Of a correction what to do instead, not empty; else why; default ''. */
  readonly text?: string;
  /** When the experience holds; default: on this task, and for a tool call when calling this tool. */
  readonly condition?: string;
}

/** Characters of a task and of what a step did that an experience quotes. */
const mostQuoted = 300;

/** Throws KernelError INVALID_ARGUMENT that names the field. */
export function feedbackOn(root: TraceRoot, step: Step, said: StepFeedback): Feedback {
  if (step.type === 'feedback') throw invalid('step', step.sequence, 'a step that is no feedback itself');
  return checkFeedback({
    kind: said.kind,
    condition: said.condition ?? conditionOf(root, step),
    did: didOf(step),
    text: said.text ?? '',
    run: said.run,
    step: step.sequence,
  });
}

function conditionOf(root: TraceRoot, { type, data }: Step): string {
  const { task } = isRecord(root.arguments) ? root.arguments : {};
  const on = typeof task === 'string' && task !== '' ? `the task: ${excerpt(task)}` : root.name;
  return type === 'tool_call' ? `calling ${data['tool'] as string} on ${on}` : `working on ${on}`;
}

function didOf({ type, data }: Step): string {
  switch (type) {
    case 'llm_call':
    case 'reflection':
      return excerpt(data['text'] || callsOf(data['toolCalls']));
    case 'tool_call':
      return `${data['tool'] as string} ${excerpt(data['arguments'])}`.trimEnd();
    case 'conclusion':
      return excerpt(answerOf(data['value']));
    default:
      return '';
  }
}

/** What an answer without words asked for. */
function callsOf(asked: Json | undefined): string {
  const calls = (asked ?? []) as unknown as readonly AskedCall[];
  return calls.map(({ tool, arguments: args }) => `${tool} ${JSON.stringify(args ?? null)}`).join(', ');
}

/** Of what an agent or a team ends with, its answer. */
function answerOf(value: Json | undefined): Json | undefined {
  return isRecord(value) ? ((value as { readonly answer?: Json }).answer ?? value) : value;
}

function excerpt(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= mostQuoted ? text : `${text.slice(0, mostQuoted - 1)}…`;
}
