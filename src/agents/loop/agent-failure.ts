/** Ends a run from wherever its program is: thrown within the program, caught by its main loop, and never seen outside. What can be mended is a value instead. */
export class AgentFailure extends Error {
  readonly reason: string;

  /** `reason`: a code; `message`: one line. */
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}
