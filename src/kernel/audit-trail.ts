import { hashIntegers } from '../base/hash.ts';
import { sha256Hex } from '../base/sha256.ts';
import type { Json } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { Process } from './process.ts';
import { historyVersion } from './records.ts';
import type { Syscall, SyscallResult, ToolResult } from './syscalls.ts';

/**
 * Adds what `process` just did to the audit log, one record for each act on the world: who did what, with which input and output (by hash, so
 * that contents can be pruned while the chain stays whole), at what cost. Acts on its own page table and clock are no acts on the world.
 */
export function recordAudit(
  state: KernelState,
  process: Process,
  syscall: Syscall,
  result: SyscallResult<Json>,
): void {
  switch (syscall.kind) {
    case 'think': {
      const fingerprint = hashIntegers(
        process.table.entries.flatMap(({ extent }) => [extent.space, extent.first, extent.count]),
      );
      const prompt = `prompt/${fingerprint.toString(16)}/${process.table.tokens}`;
      return add(state, process, 'think', prompt, outputOf(result), process.lastCost);
    }
    case 'callTools':
      for (const [index, call] of syscall.calls.entries()) {
        const own = result.ok ? (result.value as unknown as readonly ToolResult[])[index]! : result;
        // Arguments that were refused may be no JSON at all.
        const isRefused = !own.ok && own.code === 'TOOL_ARGUMENTS';
        add(state, process, `tool/${call.tool}`, isRefused ? '' : hashOf(call.arguments), outputOf(own), 0);
      }
      return undefined;
    case 'ask':
      return add(state, process, `ask/${syscall.purpose}`, hashOf(syscall.question), outputOf(result), 0);
    case 'send':
      return add(state, process, `send/${syscall.to}`, hashOf(syscall.message), outputOf(result), 0);
    case 'spawn':
      return add(state, process, `spawn/${syscall.program}`, hashOf(syscall.arguments), outputOf(result), 0);
    case 'signal':
      return add(state, process, `signal/${syscall.signal}/${syscall.pid}`, '', outputOf(result), 0);
    case 'remember':
      return add(state, process, `remember/${syscall.scope}`, hashOf(syscall.text), outputOf(result), 0);
    case 'checkpoint':
      return add(state, process, 'checkpoint', hashOf(syscall.state), outputOf(result), 0);
    default:
      return undefined;
  }
}

function add(
  state: KernelState,
  process: Process,
  action: string,
  input: string,
  output: string,
  microDollars: number,
): void {
  const { run, pid, n } = process;
  state.record({
    v: historyVersion,
    type: 'audit',
    run,
    pid,
    n,
    action,
    input,
    output,
    microDollars,
    atUs: state.nowUs,
  });
}

const hashOf = (value: Json): string => sha256Hex(JSON.stringify(value ?? null));

const outputOf = (result: SyscallResult<Json>): string =>
  result.ok ? hashOf(result.value) : `error/${result.code}`;
