import { checkOf, type CheckerFacts, type Check, type Checker, type EventOf } from './checker.ts';

/** A tool call that holds its locks: from its first start to its settlement. A retry starts it again under the same request. */
interface ToolCall {
  readonly first: EventOf<'tool.started'>;
  /** Started more often than ended. */
  isRunning: boolean;
  isLate: boolean;
}

/**
 * Every start of a tool call has exactly one end, before the end of its process; a result that is late comes behind that end, once at most; a call is settled once, for
 * good; no tool has more calls between start and settlement than its limit.
 */
export function tools(facts: CheckerFacts): Checker {
  const check: Check = checkOf('tools');
  /** By request: not settled, or settled before it ended. */
  const calls = new Map<number, ToolCall>();
  /** Every request that was settled. */
  const settled = new Set<number>();
  /** By tool: calls that are not settled. */
  const counts = new Map<string, number>();
  const limits = new Map(facts.tools.map(({ name, concurrency }) => [name, concurrency ?? Infinity]));
  /** By pid: its running requests. */
  const runningOf = new Map<number, Set<number>>();

  function isSame({ first }: ToolCall, event: EventOf<'tool.started' | 'tool.ended'>): boolean {
    return first.pid === event.pid && first.tool === event.tool;
  }

  return {
    name: 'tools',
    promise:
      'A tool call that was started ends exactly once; a tool never runs more calls at a time than it allows.',
    on: {
      'tool.started': (event) => {
        const { pid, request, tool } = event;
        check(!settled.has(request), event, () => `request ${request} starts after it was settled`);
        const call = calls.get(request);
        if (call === undefined) {
          calls.set(request, { first: event, isRunning: true, isLate: false });
          const count = (counts.get(tool) ?? 0) + 1;
          const limit = limits.get(tool) ?? Infinity;
          check(count <= limit, event, () => `${count} calls of tool ${tool} at a time, allowed: ${limit}`);
          counts.set(tool, count);
        } else {
          check(!call.isRunning, event, () => `request ${request} starts again before it ended`);
          check(
            isSame(call, event),
            event,
            () => `request ${request} was ${call.first.tool} for ${call.first.pid}, not ${tool} for ${pid}`,
          );
          call.isRunning = true;
        }
        const running = runningOf.get(pid) ?? new Set();
        runningOf.set(pid, running.add(request));
      },
      'tool.ended': (event) => {
        const { pid, request, tool, ok, code } = event;
        check(ok === (code === ''), event, () => `request ${request} ends, ok: ${ok}, with code "${code}"`);
        const call = calls.get(request);
        check(call !== undefined && call.isRunning, event, () => `request ${request} ends, but does not run`);
        check(
          isSame(call, event),
          event,
          () => `request ${request} was ${call.first.tool} for ${call.first.pid}, not ${tool} for ${pid}`,
        );
        call.isRunning = false;
        runningOf.get(pid)!.delete(request);
        if (settled.has(request)) calls.delete(request);
      },
      'tool.late': (event) => {
        const { request, tool } = event;
        const call = calls.get(request);
        check(
          call !== undefined && !call.isRunning && !settled.has(request),
          event,
          () => `request ${request} is late, but had not ended, or is settled`,
        );
        check(
          call.first.tool === tool,
          event,
          () => `request ${request} was ${call.first.tool}, not ${tool}`,
        );
        check(!call.isLate, event, () => `request ${request} is late a second time`);
        call.isLate = true;
      },
      'tool.settled': (event) => {
        const { request, tool } = event;
        const call = calls.get(request);
        check(call !== undefined, event, () => `request ${request} is settled, but was not started`);
        check(!settled.has(request), event, () => `request ${request} is settled a second time`);
        check(
          call.first.tool === tool,
          event,
          () => `request ${request} was ${call.first.tool}, not ${tool}`,
        );
        settled.add(request);
        counts.set(tool, counts.get(tool)! - 1);
        if (!call.isRunning) calls.delete(request);
      },
      'process.terminated': (event) => {
        const [request] = runningOf.get(event.pid) ?? [];
        check(
          request === undefined,
          event,
          () => `process ${event.pid} ends, its tool call ${request} has not`,
        );
        runningOf.delete(event.pid);
      },
    },
  };
}
