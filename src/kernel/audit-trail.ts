/**
 * Adds what a process just did to the audit log, one record for each act on the world: who did what, with which input and output (by hash, so
 * that contents can be pruned while the chain stays whole), at what cost. Acts on its own page table and clock are no acts on the world. An act
 * is told when it has its result; one that never gets any, because its process ends, is told then: its result is undefined.
 */
import { sha256Hex } from '../base/sha256.ts';
import type { Json } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { Call, Process } from './process.ts';
import { historyVersion, type AuditRecord } from './records.ts';
import { notJson } from './schema/problem.ts';
import type { PersonAnswered } from './inputs.ts';
import type { Answer, Remember, Syscall, SyscallResult, ToolResult } from './syscalls.ts';

/** A model call: told with all that it paid, whatever became of it, and with what its model thought; one that was degraded, with its model. */
export function auditCall(
  state: KernelState,
  process: Process,
  { input, paidMicroDollars, degradedTo, reasoning: text }: Call,
  result: SyscallResult<Answer> | undefined,
): void {
  if (!state.options.records) return;
  // Not the page of the answer, which another memory would number otherwise.
  const output = result?.ok === true ? hashOf(withoutPage(result.value)) : outputOf(result);
  const action = degradedTo === undefined ? 'think' : `think/${degradedTo.model}`;
  if (text === '') return add(state, process, action, input, output, paidMicroDollars);
  const reasoning = sha256Hex(text);
  state.record({ v: historyVersion, type: 'page', run: process.run, hash: reasoning, text });
  add(state, process, action, input, output, paidMicroDollars, { reasoning });
}

/** A person's word on a question of syscall `n`: who said what to which. */
export function auditPerson(
  state: KernelState,
  { run, runPid }: Process,
  n: number,
  question: Json,
  { decision, value, by }: PersonAnswered,
): void {
  if (!state.options.records) return;
  const input = notJson(question, 'question') === undefined ? hashOf(question) : '';
  const person = by === undefined ? {} : { person: by };
  add(state, { run, runPid, n }, `person/${decision}`, input, hashOf(value), 0, person);
}

/** One call of a batch. Arguments that were refused may be no JSON at all, and are then not told. */
export function auditTool(
  state: KernelState,
  process: Process,
  { tool, args }: { readonly tool: string; readonly args: Json },
  result: ToolResult | undefined,
): void {
  if (!state.options.records) return;
  const input = notJson(args, 'arguments') === undefined ? hashOf(args) : '';
  add(state, process, `tool/${tool}`, input, outputOf(result), 0);
}

/** A result that came when its call, of syscall `n`, was over. */
export function auditLateTool(
  state: KernelState,
  { run, runPid }: Process,
  n: number,
  { tool, args }: { readonly tool: string; readonly args: Json },
  result: ToolResult,
): void {
  if (!state.options.records) return;
  add(state, { run, runPid, n }, `tool/${tool}/late`, hashOf(args), outputOf(result), 0);
}

/** Every other act. */
export function auditSyscall(
  state: KernelState,
  process: Process,
  syscall: Syscall,
  result: SyscallResult<Json> | undefined,
): void {
  // What was not allowed to begin with was no act.
  if (!state.options.records || (result?.ok === false && result.code === 'INVALID_ARGUMENT')) return;
  const tell = (action: string, input: Json | undefined): void =>
    add(state, process, action, input === undefined ? '' : hashOf(input), outputOf(result), 0);
  switch (syscall.kind) {
    case 'ask':
      return tell(`ask/${syscall.purpose}`, syscall.question);
    case 'send':
      return tell(`send/${syscall.to}`, syscall.message);
    case 'spawn':
      return tell(`spawn/${syscall.program}`, syscall.arguments);
    case 'signal':
      return tell(`signal/${syscall.signal}/${syscall.pid}`, undefined);
    case 'remember':
      return tell(`remember/${syscall.scope}`, rememberedOf(syscall));
    case 'checkpoint':
      return tell('checkpoint', syscall.state);
    default:
      return undefined;
  }
}

function add(
  state: KernelState,
  { run, runPid, n }: Pick<Process, 'run' | 'runPid' | 'n'>,
  action: string,
  input: string,
  output: string,
  microDollars: number,
  more: Pick<AuditRecord, 'reasoning' | 'person'> = {},
): void {
  // In the order of its canonical text, which is made quickest so.
  state.record({
    action,
    atUs: state.nowUs,
    input,
    microDollars,
    n,
    output,
    pid: runPid,
    run,
    type: 'audit',
    v: historyVersion,
    ...more,
  });
}

function withoutPage(answer: Answer): Json {
  const { page: _, ...rest } = answer;
  return rest;
}

/** The text, or with its key and data. */
const rememberedOf = ({ text, key, data }: Remember): Json =>
  key === undefined && data === undefined
    ? text
    : { text, ...(key === undefined ? {} : { key }), ...(data === undefined ? {} : { data }) };

const hashOf = (value: Json): string => sha256Hex(JSON.stringify(value ?? null));

function outputOf(result: SyscallResult<unknown> | undefined): string {
  if (result === undefined) return 'none';
  return result.ok ? hashOf(result.value as Json) : `error/${result.code}`;
}
