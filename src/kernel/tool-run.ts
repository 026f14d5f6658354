import type { KernelErrorCode } from './errors.ts';
import type { Json, RequestId, TimerId } from './ids.ts';
import type { PersonAnswered, ToolEnded } from './inputs.ts';
import type { Effects } from './lock-table.ts';
import type { Process } from './process.ts';
import type { CallIdentity } from './requests.ts';
import type { CallTools, ToolCall, ToolResult } from './syscalls.ts';
import type { RegisteredTool } from './tools.ts';

/** The calls of one `callTools`, in call order. */
export interface ToolBatch {
  readonly call: CallTools;
  /** Number of its syscall. */
  readonly n: number;
  readonly results: (ToolResult | undefined)[];
  readonly runs: ToolRun[];
  left: number;
}

/** One call on its way: approved by a person if it must be, then its locks, then a slot of its tool, then the world. */
export interface ToolRun {
  readonly request: RequestId;
  readonly process: Process;
  readonly batch: ToolBatch;
  readonly index: number;
  readonly tool: RegisteredTool;
  args: Json;
  readonly script: ToolCall['script'];
  effects: Effects;
  /** `held`: it could run, but its process is suspended. It has no locks then, unless it has started before. */
  stage: 'person' | 'lock' | 'slot' | 'held' | 'running' | 'retry' | 'done';
  timer: TimerId | undefined;
  attempt: number;
  /** In this life of the kernel: it keeps its locks and its slot until it is over. */
  hasStarted: boolean;
  /** The process has its result, or is gone; the locks wait for the tool's own end. */
  abandoned: boolean;
}

export function identityOf({
  process,
  batch,
  index,
}: Pick<ToolRun, 'process' | 'batch' | 'index'>): CallIdentity {
  const { run, branch, runPid } = process;
  return { run, branch, pid: runPid, n: batch.n, index };
}

export type Refusal = Extract<ToolResult, { ok: false }>;

export const failure = (code: KernelErrorCode, message: string): Refusal => ({ ok: false, code, message });

export const timedOut = (tool: string, timeoutUs: number): Refusal =>
  failure('TOOL_TIMEOUT', `${tool} gave no result within ${timeoutUs} µs`);

/** What the program is told of an end. */
export const toolResultOf = ({ ok, value }: Pick<ToolEnded, 'ok' | 'value'>): ToolResult =>
  ok ? { ok, value } : failure('TOOL_FAILED', textOf(value));

/** What a person's word makes of a call that waits for it (`asks`: for an answer, else for a yes): its result, or undefined: it is made. Whatever is no answer, or no clear yes, is a no. */
export function decided(
  tool: string,
  asks: boolean,
  { decision, value }: Pick<PersonAnswered, 'decision' | 'value'>,
): ToolResult | undefined {
  if (asks && decision === 'answer') return { ok: true, value };
  if (!asks && (decision === 'approve' || decision === 'edit')) return undefined;
  const did = asks ? 'did not answer' : decision === 'deny' ? 'denied' : 'did not approve';
  return failure('TOOL_DENIED', `a person ${did} ${tool}: ${textOf(value)}`);
}

export const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
