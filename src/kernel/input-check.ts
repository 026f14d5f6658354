/** What the world hands over is checked before it changes anything: a mistake is told in one line, and the kernel goes on as if nothing had come. */
import { invalid, KernelError } from './errors.ts';
import type { PersonAnswered, SignalName, StorageDone, ToolEnded } from './inputs.ts';
import { notJson } from './schema/problem.ts';

export const signalNames: readonly SignalName[] = ['stop', 'continue', 'terminate', 'kill'];

/** Throws KernelError INVALID_ARGUMENT. */
export function checkSignal(signal: SignalName): void {
  if (!signalNames.includes(signal)) throw invalid('signal', signal, signalNames.join(', '));
}

const decisions: readonly PersonAnswered['decision'][] = ['approve', 'edit', 'deny', 'answer'];

/** What a program is told must be JSON: it goes into its history. Throws KernelError INVALID_ARGUMENT. */
export function checkAnswer(input: ToolEnded | PersonAnswered | StorageDone): void {
  if (input.type !== 'person.answered') {
    if (typeof input.ok !== 'boolean') throw invalid('ok', input.ok, 'true or false');
  } else if (!decisions.includes(input.decision))
    throw invalid('decision', input.decision, decisions.join(', '));
  refuseFlaw(notJson(input.value, 'value'));
}

/** Throws KernelError INVALID_ARGUMENT when there is a flaw. */
export function refuseFlaw(flaw: string | undefined): void {
  if (flaw !== undefined) throw new KernelError('INVALID_ARGUMENT', flaw);
}
