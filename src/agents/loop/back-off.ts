/** When a failed model call is tried again. */
import type { Rng } from '../../base/rng.ts';
import { modelFailureCodes, type KernelErrorCode } from '../../kernel/errors.ts';
import { longestWaitUs } from '../../kernel/syscall-handler.ts';
import type { ModelFailure } from '../../kernel/syscalls.ts';

/** The first wait, µs; each further one is twice the one before: 1, 2, 4 s. */
const firstWaitUs = 1_000_000;
/** A wait is longer by up to this share of itself, by chance, so that agents that failed together don't come back together. */
const jitterShare = 0.25;

/** µs before the repeat number `repeat`, from 0: never less than its turn in 1, 2, 4 s and never less than the server asks for. */
export function backOffUs(repeat: number, failure: ModelFailure | undefined, rng: Rng): number {
  const ownUs = firstWaitUs * (1 << repeat);
  const askedUs = failure?.retryAfterUs ?? 0;
  const leastUs = Math.max(ownUs, Number.isFinite(askedUs) ? Math.ceil(askedUs) : 0);
  const jitterUs = Math.floor(rng.next() * jitterShare * leastUs);
  return Math.min(leastUs + jitterUs, longestWaitUs);
}

/** Another model may answer: this one is not available, or too small for the prompt. Everything else (a budget, wrong arguments) is not mended by asking somebody else. */
export function isOfThisModel(code: KernelErrorCode): boolean {
  return isModelFailure(code) || code === 'WINDOW_EXCEEDED' || code === 'CONTEXT_TOO_LARGE';
}

/** The call began and failed. */
function isModelFailure(code: KernelErrorCode): boolean {
  return (modelFailureCodes as readonly string[]).includes(code);
}

/** Whether the same model may answer next time. A failure of which nothing is known may, unless the server itself reported it. */
export function isRetryable(code: KernelErrorCode, failure: ModelFailure | undefined): boolean {
  return isModelFailure(code) && (failure?.retryable ?? code !== 'MODEL_FAILED');
}
