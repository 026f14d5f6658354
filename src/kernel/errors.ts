/** Codes of failures that a user, an agent or a caller can act on. The set grows; a code never changes its meaning. */
export type KernelErrorCode =
  | 'INVALID_ARGUMENT' // a field of an input, option or file is not what it may be
  | 'INVALID_FILE' // a file that cannot be read as what it claims to be
  | 'CONTEXT_TOO_LARGE' // prompt and maximal output can never fit into the engine's context memory
  | 'WINDOW_EXCEEDED' // prompt and maximal output are larger than one call may contain
  | 'BUDGET_EXCEEDED' // a reservation that no window of a budget node can ever hold
  | 'BUDGET_EXHAUSTED' // its budget is spent, and stops whoever asks for more
  | 'UNKNOWN_PAGE'
  | 'UNKNOWN_PROCESS'
  | 'UNKNOWN_TOOL'
  | 'UNKNOWN_PROGRAM'
  | 'UNKNOWN_ENGINE'
  | 'UNKNOWN_BUDGET'
  | 'NOT_PERMITTED' // the process lacks the capability
  | 'TOOL_ARGUMENTS' // arguments that fail the tool's schema
  | 'TOOL_FAILED'
  | 'TOOL_TIMEOUT'
  | 'TOOL_CANCELLED' // its process ended while it ran
  | 'TOOL_DENIED' // a person said no
  | 'TOOL_INTERRUPTED' // a crash came after the start of a call that writes: whether it acted is not known
  | ModelFailureCode
  | 'MAILBOX_FULL'
  | 'TIMEOUT'
  | 'INTERRUPTED' // a message came while it waited for a child, and it was to hear of it
  | 'NOT_OWNER' // a lock that the process does not hold
  | 'UNKNOWN_SEMAPHORE'
  | 'DEADLOCK' // the wait could never end, or the process was chosen to give way in a deadlock
  | 'STORAGE_FAILED'
  | 'STORAGE_UNAVAILABLE' // a full disk or a lost connection: the same may succeed when that is cured
  | 'LEASE_LOST' // another worker drives the run
  | 'RELEASED' // the process left its kernel, to go on elsewhere or later
  | 'PROGRAM_DIVERGED' // a restored program yielded another syscall than its history holds
  | 'PROGRAM_FAILED' // an exception in a program
  | 'ITERATION_LIMIT' // more steps than allowed, or more than allowed without time passing
  | 'PROCESS_LIMIT' // more processes than may live at once or start at one instant, or more generations
  | 'POLICY_BROKEN'; // a policy broke its contract

/** What becomes of a model call that began and gave no answer. */
export type ModelFailureCode = (typeof modelFailureCodes)[number];
export const modelFailureCodes = [
  'MODEL_FAILED', // the server or the way to it failed, or it refused
  'MODEL_TIMEOUT', // it took longer than allowed
  'EMPTY_STREAM', // it ended without any event
  'STREAM_INCOMPLETE', // it broke off before its end
] as const;

/** Bad input or an impossible request: one line that names the field, the value and what is allowed. Thrown at the edge only. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: KernelErrorCode;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(
    code: KernelErrorCode,
    message: string,
    options: { detail?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? {};
  }
}

/** The usual bad-input error: `field: value is not allowed; allowed: …`. */
export function invalid(field: string, value: unknown, allowed: string): KernelError {
  return new KernelError(
    'INVALID_ARGUMENT',
    `${field}: ${shown(value)} is not allowed; allowed: ${allowed}`,
    {
      detail: { field, value, allowed },
    },
  );
}

/** A value in a message, on one line, whatever it is: `String` throws on an object without a prototype. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return 'a function';
    case 'object':
      if (value !== null) return Array.isArray(value) ? 'a list' : 'an object';
      return 'null';
    default:
      return String(value);
  }
}

/** What was thrown, for people. */
export function messageOf(error: unknown): string {
  const message: unknown = error instanceof Error ? error.message : error;
  return typeof message === 'string' ? message : shown(message);
}

/** A policy broke its contract: who, what it answered and what is allowed. The kernel is done for, as after a failed assertion. */
export function brokenPolicy(policy: string, answer: string, allowed: string, cause?: unknown): KernelError {
  return new KernelError('POLICY_BROKEN', `${policy}: ${answer}; allowed: ${allowed}`, { cause });
}
