/** Short spellings of syscalls, and of what their results look like in a history. */
import { expect } from 'vitest';

import type { Json, PageNumber, Pid } from '../../src/kernel/ids.ts';
import type { Allocate, CallTools, Spawn, Syscall, ThinkCall, ToolCall } from '../../src/kernel/syscalls.ts';

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A textbook burst: a model call of a fixed core time that leaves no page. */
export function burst(durationUs: number, call: Partial<ThinkCall> = {}): ThinkCall {
  return { kind: 'think', maxOutput: 1, keepAnswer: false, script: { tokensOut: 1, durationUs }, ...call };
}

/** A call that answers `tokensOut` tokens, at most and in fact, at the rates of its engine. */
export function think(tokensOut: number, call: Partial<ThinkCall> = {}): ThinkCall {
  return { kind: 'think', maxOutput: tokensOut, keepAnswer: false, script: { tokensOut }, ...call };
}

export function allocate(tokens: number, page: Partial<Allocate> = {}): Allocate {
  return { kind: 'allocate', tokens, ...page };
}

export function tool(name: string, args: Json = {}, script: ToolCall['script'] = {}): ToolCall {
  return { tool: name, arguments: args, script: { result: `${name} done`, durationUs: SECOND, ...script } };
}

/** The results join no prompt. */
export function callTools(...calls: readonly ToolCall[]): CallTools {
  return { kind: 'callTools', calls, keepResults: false };
}

export const sleep = (us: number): Syscall => ({ kind: 'sleep', us });
export const spawn = (program: string, fields: Partial<Spawn> = {}): Spawn => ({
  kind: 'spawn',
  program,
  arguments: null,
  ...fields,
});
export const waitFor = (pid: number): Syscall => ({ kind: 'wait', pid: pid as Pid });
export const send = (to: number, message: Json): Syscall => ({ kind: 'send', to: to as Pid, message });
/** With a time limit, if one is given. */
export const acquire = (lock: string, timeoutUs?: number): Syscall => ({
  kind: 'acquire',
  lock,
  ...(timeoutUs === undefined ? {} : { timeoutUs }),
});
export const release = (lock: string): Syscall => ({ kind: 'release', lock });
export const semOpen = (semaphore: string, count: number): Syscall => ({ kind: 'semOpen', semaphore, count });
export const semWait = (semaphore: string, timeoutUs?: number): Syscall => ({
  kind: 'semWait',
  semaphore,
  ...(timeoutUs === undefined ? {} : { timeoutUs }),
});
export const semPost = (semaphore: string): Syscall => ({ kind: 'semPost', semaphore });
export const onPage = (kind: 'pin' | 'unpin' | 'drop' | 'free', page: number): Syscall =>
  kind === 'drop' || kind === 'free'
    ? onPages(kind, page)
    : {
        kind,
        page: page as PageNumber,
      };
export const onPages = (kind: 'drop' | 'free', ...pages: readonly number[]): Syscall => ({
  kind,
  pages: pages as PageNumber[],
});
export const touch = (...pages: readonly number[]): Syscall => ({
  kind: 'touch',
  pages: pages as PageNumber[],
});

export const ok = (value: Json = null) => ({ ok: true, value });
/** A failure with this code and, in its message, these words. */
export const failed = (code: string, words = ''): unknown =>
  expect.objectContaining({ ok: false, code, message: expect.stringContaining(words) });
