/** Where a run is cut when somebody says something in the middle of it, or wants an answer again. Steps are those of one branch, by number. */
import type { StoredStep } from '../../agents/traces/stored-steps.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import { invalid } from '../../kernel/errors.ts';
import { stepId } from './trace-views.ts';

interface CutGiven {
  readonly steps: readonly StoredStep[];
  /** The process that hears what is said. */
  readonly root: Pid;
  /** By its sequence or its id; undefined: nothing is said of it. */
  readonly after: number | string | undefined;
  /** Somebody says something: the answer before it stands. Else what the model has said last is said anew. */
  readonly isTold: boolean;
}

/** The last step to keep; 0: none. Throws KernelError INVALID_ARGUMENT for a step that there is not. */
export function cutPlace({ steps, root, after, isTold }: CutGiven): number {
  const named = after === undefined ? steps.length : numberOf(steps, after);
  const kept = behindBatch(steps, beforeEnd(steps, root, named));
  return isTold ? kept : beforeAnswer(steps, root, kept);
}

function numberOf(steps: readonly StoredStep[], after: number | string): number {
  if (typeof after === 'number') {
    if (after <= steps.length) return after;
    throw invalid('insert_after', after, `a step of the trace, 0 to ${steps.length}`);
  }
  const found = steps.find((step) => stepId(step) === after);
  if (found !== undefined) return found.sequence;
  throw invalid('insert_after', after, 'the id of a step of the branch with which the trace goes on');
}

/** Behind the end of the first process nobody hears anything; nor behind a call that had no answer, which would be the end again. */
function beforeEnd(steps: readonly StoredStep[], root: Pid, named: number): number {
  const end = steps.findIndex((step) => step.pid === root && step.type === 'conclusion');
  let kept = end < 0 ? named : Math.min(named, end);
  while (kept > 0 && isFailedCall(steps[kept - 1]!, root)) kept--;
  return kept;
}

const isFailedCall = ({ pid, type, status }: StoredStep, root: Pid): boolean =>
  pid === root && (type === 'llm_call' || type === 'reflection') && status !== 'done';

/** An answer that asks for tools goes with their results: of a conversation without them no model makes sense, and calls that have acted are not made again. */
function behindBatch(steps: readonly StoredStep[], kept: number): number {
  const step = steps[kept - 1];
  if (step === undefined || !asksForTools(step)) return kept;
  const next = steps.findIndex((one) => one.sequence > step.sequence && one.pid === step.pid);
  return steps[next]?.type === 'tool_call' ? lastOfBatch(steps, next) : kept;
}

function lastOfBatch(steps: readonly StoredStep[], first: number): number {
  const { pid, n } = steps[first]!;
  return steps.findLast((step) => step.pid === pid && step.n === n)!.sequence;
}

function asksForTools({ type, data }: StoredStep): boolean {
  const calls: Json | undefined = data['toolCalls'];
  return type === 'llm_call' && Array.isArray(calls) && calls.length > 0;
}

/** Where the model has spoken last and nothing but its own critique has come of it, it speaks anew. */
function beforeAnswer(steps: readonly StoredStep[], root: Pid, kept: number): number {
  const last = steps.slice(0, kept).findLast(({ pid, type }) => pid === root && type !== 'reflection');
  return last?.type === 'llm_call' && !asksForTools(last) ? last.sequence - 1 : kept;
}
