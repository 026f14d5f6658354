/** How a live run ended, as one document and as the lines that close it. */
import type { AgentResult } from '../../agents/loop/agent-run.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Outcome } from '../../kernel/process-state.ts';
import { formatCount, formatDuration, formatMoney } from '../../report/format.ts';
import type { LiveUsage, ModelUsage } from './usage-meter.ts';

/** What came of the program that ran. */
export interface LiveEnd {
  /** `parked`: it has not ended, and can go on later. */
  readonly outcome: Outcome | 'parked';
  /** What an agent or a team says of it: `answered`, or a code. */
  readonly reason: string;
  /** One line; '' unless it failed. */
  readonly message: string;
  /** The answer, or the last words of a run that has none. */
  readonly answer: string;
  readonly isWhole: boolean;
}

export function liveEndOf({
  outcome,
  value,
  code,
  message,
}: {
  readonly outcome: Outcome;
  readonly value: Json;
  readonly code: string;
  readonly message: string;
}): LiveEnd {
  if (isAgentResult(value))
    return {
      outcome,
      reason: value.reason,
      message: value.message,
      answer: value.answer,
      isWhole: value.isWhole,
    };
  if (isRecord(value) && Array.isArray(value['contributions'])) {
    const { answer = null, message: why = '' } = value as { answer?: Json; message?: string };
    const reason = outcome === 'completed' ? 'answered' : 'TEAM_FAILED';
    return { outcome, reason, message: why, answer: answerText(answer), isWhole: outcome === 'completed' };
  }
  return { outcome, reason: code === '' ? outcome : code, message, answer: '', isWhole: false };
}

function isAgentResult(value: Json): value is Json & AgentResult {
  return isRecord(value) && typeof value['reason'] === 'string' && typeof value['answer'] === 'string';
}

/** Of a team: its one answer, or those of its members with their names. */
function answerText(answer: Json): string {
  if (answer === null) return '';
  if (typeof answer === 'string') return answer;
  if (!isRecord(answer)) return JSON.stringify(answer);
  return Object.entries(answer as Record<string, Json>)
    .map(([name, said]) => `${name}:\n${answerText(said)}`)
    .join('\n\n');
}

/** `completed in 1.2 s: 2 model calls, 1 tool call; 312 tokens in (120 cached), 45 out; $0.0012`. */
export function usageLine(
  outcome: LiveEnd['outcome'],
  us: number,
  used: LiveUsage,
  isPriceKnown: boolean,
): string {
  const { modelCalls, modelCallsFailed, toolCalls, toolCallsFailed } = used;
  const calls = `${counted(modelCalls, 'model call')}${failed(modelCallsFailed)}, ${counted(toolCalls, 'tool call')}${failed(toolCallsFailed)}`;
  const cost = isPriceKnown
    ? formatMoney(used.microDollars)
    : 'cost unknown: no price of the model (--prices)';
  return `${outcome} in ${formatDuration(us)}: ${calls}; ${tokensLine(used)}; ${cost}`;
}

/** What one of several models used; null: its price is not known. */
export type PricedUsage = Omit<ModelUsage, 'microDollars'> & {
  readonly model: string;
  readonly microDollars: number | null;
};

/** `gpt-4.1: 2 model calls; 312 tokens in (120 cached), 45 out; $0.0012`. */
export function modelLine({
  model,
  modelCalls,
  modelCallsFailed,
  microDollars,
  ...used
}: PricedUsage): string {
  const calls = `${counted(modelCalls, 'model call')}${failed(modelCallsFailed)}`;
  return `${model}: ${calls}; ${tokensLine(used)}; ${microDollars === null ? 'cost unknown' : formatMoney(microDollars)}`;
}

const failed = (count: number): string => (count === 0 ? '' : ` (${count} failed)`);

const tokensLine = (used: Pick<ModelUsage, 'tokensIn' | 'tokensCached' | 'tokensOut'>): string =>
  `${formatCount(used.tokensIn)} tokens in (${formatCount(used.tokensCached)} cached), ${formatCount(used.tokensOut)} out`;

const counted = (count: number, what: string): string =>
  `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;

/** What somebody can do about it, for the failures of which that is known. */
export function adviceOf(reason: string): string | undefined {
  switch (reason) {
    case 'BUDGET_EXCEEDED':
    case 'BUDGET_EXHAUSTED':
      return 'the budget is used up, or too small for the next call with its longest answer: more with --budget-tokens or --budget-usd';
    case 'WINDOW_EXCEEDED':
      return 'a larger window with --window-tokens, if the model takes it; or summaries of what leaves it: --summarise';
    case 'MODEL_TIMEOUT':
      return 'more time with --step-timeout; ringzero doctor looks at the endpoint';
    case 'ITERATION_LIMIT':
      return 'more turns with --iterations';
    case 'MODEL_FAILED':
    case 'EMPTY_STREAM':
    case 'STREAM_INCOMPLETE':
      return 'ringzero doctor looks at the endpoint';
    default:
      return undefined;
  }
}
