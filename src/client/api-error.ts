/** A refusal of the server, in the one form that all of them have. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** Of the answer. */
  readonly status: number;
  /** For programs; `UNKNOWN` for an answer of another form, as a proxy in between gives. */
  readonly code: string;
  /** What is wrong, for bad input. */
  readonly field: string | undefined;
  /** Under which the server's log has it, when the server failed. */
  readonly id: string | undefined;
  /** When the same may succeed, s. */
  readonly retryAfter: number | undefined;

  constructor(status: number, text: string, retryAfter?: number) {
    const told = errorOf(text);
    super(typeof told?.['message'] === 'string' ? told['message'] : `the server answered ${status}`);
    this.status = status;
    this.code = typeof told?.['code'] === 'string' ? told['code'] : 'UNKNOWN';
    this.field = typeof told?.['field'] === 'string' ? told['field'] : undefined;
    this.id = typeof told?.['id'] === 'string' ? told['id'] : undefined;
    this.retryAfter = retryAfter;
  }
}

function errorOf(text: string): Record<string, unknown> | undefined {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
