/**
 * Reflection: every few iterations the model judges its own work by the real transcript, and may stop it or lay down another plan. A call of its own, metered like any; what is asked and answered does not
 * stand in the prompt afterwards, and of a reflection that fails or makes no sense nothing is left at all.
 */
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json } from '../../kernel/ids.ts';
import type { AgentRun } from './agent-run.ts';
import { askAside } from './aside.ts';
import { importanceOf, type Steps } from './conversation.ts';

export interface Reflection {
  /** How well the work goes, 0 to 1. */
  readonly score: number;
  readonly issues: readonly string[];
  readonly suggestions: readonly string[];
  /** False: stop, and answer with what there is. */
  readonly goOn: boolean;
  /** '' where the old plan still holds. */
  readonly plan: string;
}

const outputTokens = 1_000;

/** What an answer is to be, for the model. */
export const reflectionForm = `Answer with one JSON object and nothing else:
{"score": how well it goes, 0 to 1, "issues": [what is wrong], "suggestions": [what would help], "goOn": false if more tool calls are of no use, else true, "plan": a new plan, or "" if the old one holds}`;

const question = `Step back and judge your work on the task so far, by what stands above. ${reflectionForm}`;

export const reflectionFormat: Json = {
  type: 'object',
  properties: {
    score: { type: 'number', minimum: 0, maximum: 1 },
    issues: { type: 'array', items: { type: 'string' } },
    suggestions: { type: 'array', items: { type: 'string' } },
    goOn: { type: 'boolean' },
    plan: { type: 'string' },
  },
  required: ['score', 'issues', 'suggestions', 'goOn', 'plan'],
  additionalProperties: false,
};

/** Reflects when it is time to. */
export function* reflect(run: AgentRun): Steps<void> {
  const { task, progress, conversation } = run;
  const { iterations, reflectionsBegun, isStopping } = progress;
  // Behind the last iteration nobody would follow it.
  const isDue = task.reflectEvery > 0 && iterations % task.reflectEvery === 0 && iterations < task.iterations;
  if (!isDue || isStopping || reflectionsBegun >= task.reflections) return;
  progress.reflectionsBegun++;
  const maxOutput = Math.min(outputTokens, task.maxOutput);
  const answer = yield* askAside(run, question, {
    purpose: 'reflection',
    maxOutput,
    format: reflectionFormat,
  });
  const reflection = answer.ok ? reflectionOf(answer.value.text) : undefined;
  if (reflection === undefined) return;
  progress.reflections++;
  const { goOn, plan } = reflection;
  if (!goOn) progress.isStopping = true;
  if (!goOn || plan !== '') yield* conversation.note(noteOf(reflection), importanceOf.plan);
}

/** undefined: it is not what was asked for. The object may stand in a block of code. */
export function reflectionOf(text: string): Reflection | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  const { score, issues, suggestions, goOn, plan } = parsed;
  const isScore = typeof score === 'number' && score >= 0 && score <= 1;
  if (!isScore || !isTexts(issues) || !isTexts(suggestions)) return undefined;
  if (typeof goOn !== 'boolean' || typeof plan !== 'string') return undefined;
  return { score, issues, suggestions, goOn, plan: plan.trim() };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** What the model is told of it: its own words, marked as such. */
function noteOf({ score, issues, suggestions, goOn, plan }: Reflection): string {
  const lines = [
    `[Your reflection on the work so far; score ${score}]`,
    ...issues.map((issue) => `Issue: ${issue}`),
    ...suggestions.map((suggestion) => `Suggestion: ${suggestion}`),
    ...(plan === '' ? [] : [`New plan: ${plan}`]),
    ...(goOn ? [] : ['No more tools: give your final answer now, with what you have.']),
  ];
  return lines.join('\n');
}
