/** What the handlers of syscalls have in common: their type, and the results that need no process. */
import { shown, type KernelErrorCode } from './errors.ts';
import type { Process } from './process.ts';
import type { Syscall, SyscallResult } from './syscalls.ts';

export type Result = SyscallResult<unknown>;
export type Handler<S extends Syscall> = (process: Process, syscall: S) => Result | undefined;
/** Returns the result, or undefined when the process waits (or has ended). */
export type Handlers = { readonly [Kind in Syscall['kind']]: Handler<Extract<Syscall, { kind: Kind }>> };

export const done: Result = { ok: true, value: null };

export const failed = (code: KernelErrorCode, message: string): Result => ({ ok: false, code, message });

/** Arguments out of range: they change nothing. */
export const bad = (field: string, value: unknown, allowed: string): Result =>
  failed('INVALID_ARGUMENT', `${field}: ${shown(value)} is not allowed; allowed: ${allowed}`);

/** A year: with this bound every sum of times is an exact integer. */
export const longestWaitUs = 31_536_000_000_000;

export const isDuration = (value: number): boolean =>
  Number.isSafeInteger(value) && value >= 0 && value <= longestWaitUs;

export const isCount = (value: number): boolean => Number.isSafeInteger(value) && value > 0;

/** More than any prompt has: with this bound every sum of tokens is an exact integer. */
export const mostTokens = 1_000_000_000;
export const isTokens = (value: number): boolean => isCount(value) && value <= mostTokens;
