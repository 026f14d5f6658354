/** What came of one member, and how the others read it. */
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { Outcome } from '../../kernel/process-state.ts';
import { quoted } from '../model/quoted.ts';

/** Failed or not: nothing is swallowed. */
export type Contribution = {
  readonly member: string;
  /** From 1: of a debate the round, else 1. */
  readonly round: number;
  /** 0: it could not be spawned. */
  readonly pid: Pid | 0;
  readonly outcome: Outcome;
  /** What it gave; of one that failed, what it left. */
  readonly value: Json;
};

/** What a member says: agents and teams give a result, in which it is the `answer`; other programs just give it. */
export function answerOf(value: Json): Json {
  return isRecord(value) && value['answer'] !== undefined ? value['answer'] : value;
}

/** A contribution as the others read it: its answer, of one that failed why, and its last words. */
export function told({ member, outcome, value }: Contribution): string {
  const { isWhole = true, message = '' } = isRecord(value) ? value : {};
  const isCompleted = outcome === 'completed';
  const did = isCompleted ? (isWhole === true ? 'answered' : 'answered, and was cut off') : outcome;
  const why = isCompleted || typeof message !== 'string' || message === '' ? '' : ` (${message})`;
  const words = wordsOf(value);
  return words === '' ? `${member} ${did}${why}` : `${member} ${did}${why}:\n${quoted(words)}`;
}

function wordsOf(value: Json): string {
  const answer = answerOf(value);
  if (typeof answer === 'string') return answer;
  // A team without an answer: what its members left is not for others to read.
  const isMissing = answer === null || (isRecord(answer) && Array.isArray(answer['contributions']));
  return isMissing ? '' : JSON.stringify(answer);
}
