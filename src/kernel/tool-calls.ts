import { auditLateTool, auditPerson, auditTool } from './audit-trail.ts';
import type { KernelErrorCode } from './errors.ts';
import type { Json, RequestId } from './ids.ts';
import type { PersonAnswered, RestoredCall, ToolEnded } from './inputs.ts';
import type { KernelState } from './kernel-state.ts';
import type { Process } from './process.ts';
import type { WaitReason } from './process-state.ts';
import type { PersonAsk } from './requests.ts';
import type { CallTools, ToolCall, ToolResult } from './syscalls.ts';
import { admission, effectsOf } from './tool-admission.ts';
import { subRunOf } from './sub-run.ts';
import { keepResults } from './tool-results.ts';
import {
  decided,
  failure,
  identityOf,
  timedOut,
  toolResultOf,
  type Refusal,
  type ToolBatch,
  type ToolRun,
} from './tool-run.ts';
import { ToolSlots } from './tool-slots.ts';
import { needsApproval } from './tools.ts';

/**
 * The life of tool calls. One lock table for all processes: conflicting calls run one after another, the others side by side. A tool's failure
 * is a result for the program, never an end of the agent. Locks and slots are held until the world says that the call is over, which may be later
 * than the program's result when it timed out or its process ended.
 */
export class ToolCalls {
  private readonly state: KernelState;
  private readonly runs = new Map<RequestId, ToolRun>();
  private readonly slots: ToolSlots;

  constructor(state: KernelState) {
    this.state = state;
    this.slots = new ToolSlots(state.locks, {
      granted: (run) => this.launch(run),
      grantedLate: ({ process, batch }) => this.tellReason(process, batch),
    });
  }

  /** A batch of none has its result at once; else the process waits, and undefined is returned. */
  start(process: Process, call: CallTools): ToolResult | undefined {
    const { calls } = call;
    if (calls.length === 0) return { ok: true, value: [] };
    const { n } = process;
    const batch: ToolBatch = { call, n, results: calls.map(() => undefined), runs: [], left: calls.length };
    process.pending = { kind: 'tools' };
    process.tools = batch;
    const known = process.interrupted?.calls;
    process.interrupted = undefined;
    // Registered first: a refusal of the last call must not end the batch before the others are known.
    const accepted: ToolRun[] = [];
    for (let index = 0; index < calls.length; index++) {
      const before = known?.find((one) => one.index === index);
      const run = this.takeOver(process, batch, before)
        ? undefined
        : this.accept(process, batch, index, calls[index]!, before?.attempt);
      if (run !== undefined) accepted.push(run);
    }
    for (const run of accepted) {
      if (run.stage === 'person') this.askPerson(run);
      else this.slots.acquire(run);
    }
    if (batch.left === 0) this.finish(process, batch);
    else this.tellReason(process, batch);
    return undefined;
  }

  ended(input: ToolEnded): void {
    const { state } = this;
    const run = this.runs.get(input.request);
    // A late end of a call that is over and settled: nothing depends on it any more.
    if (run === undefined || run.stage !== 'running' || (input.attempt ?? run.attempt) !== run.attempt)
      return;
    const { tool, process, batch } = run;
    const isFailed = !input.ok;
    if (!run.abandoned && run.timer !== undefined) state.timers.clear(run.timer);
    run.timer = undefined;
    if (!run.abandoned && isFailed && run.attempt < tool.retries) {
      this.tellRepeated(run);
      this.keepEnd(run, toolResultOf(input), true);
      run.stage = 'retry';
      const waitUs = tool.retryWaitUs * (1 << run.attempt);
      run.attempt++;
      run.timer = state.timers.set({ kind: 'tool-retry', request: run.request }, state.nowUs + waitUs);
      return this.tellReason(process, batch);
    }
    const result = toolResultOf(input);
    if (run.abandoned) this.tellLate(run, result);
    else this.tellEnded(run, input.ok, isFailed ? 'TOOL_FAILED' : '');
    this.settle(run);
    if (!run.abandoned) this.deliver(run, result);
  }

  timeout(request: RequestId): void {
    const run = this.runs.get(request)!;
    run.timer = undefined;
    run.abandoned = true;
    this.state.out.requests.push({ type: 'tool.stop', request });
    this.tellEnded(run, false, 'TOOL_TIMEOUT');
    this.deliver(run, timedOut(run.tool.name, run.tool.timeoutUs));
  }

  retry(request: RequestId): void {
    const run = this.runs.get(request)!;
    run.timer = undefined;
    this.launch(run);
    this.tellReason(run.process, run.batch);
  }

  /** A person answered for a call that needed approval, or that asked them. False: the request is not one of these. */
  answered(input: PersonAnswered): boolean {
    const run = this.runs.get(input.request);
    if (run === undefined || run.stage !== 'person') return false;
    this.state.out.emit({
      type: 'person.answered',
      pid: run.process.pid,
      request: run.request,
      decision: input.decision,
    });
    const { name, asksPerson } = run.tool;
    auditPerson(this.state, run.process, run.batch.n, questionOf(run), input);
    const result = decided(name, asksPerson, input) ?? this.edited(run, input);
    if (result !== undefined) {
      this.runs.delete(run.request);
      run.stage = 'done';
      this.deliver(run, result);
      return true;
    }
    this.slots.acquire(run);
    this.tellReason(run.process, run.batch);
    return true;
  }

  /** The process ends: what has not started is withdrawn; what runs is told to stop, and keeps its locks until it says that it did. */
  abandon(process: Process): void {
    const batch = process.tools;
    process.tools = undefined;
    if (batch === undefined) return;
    const open = batch.runs.filter((run) => run.stage !== 'done' && !run.abandoned);
    // All of them first: what one of them lets go must not start another.
    for (const run of open) run.abandoned = true;
    for (const run of open) {
      if (run.timer !== undefined) this.state.timers.clear(run.timer);
      run.timer = undefined;
      // Now, or before a crash.
      if (run.hasStarted || run.attempt > 0)
        auditTool(this.state, process, { tool: run.tool.name, args: run.args }, undefined);
      if (run.stage === 'running') {
        this.state.out.requests.push({ type: 'tool.stop', request: run.request });
        this.tellEnded(run, false, 'TOOL_CANCELLED');
        continue;
      }
      if (run.stage === 'person')
        this.state.out.requests.push({ type: 'person.withdraw', request: run.request });
      if (run.stage === 'retry' || (run.stage === 'held' && run.hasStarted)) this.settle(run);
      else {
        this.runs.delete(run.request);
        this.slots.withdraw(run);
      }
    }
  }

  /** Its process, which is stopped, leaves the kernel: what has not started, or is to be repeated, is withdrawn and will be asked for where it goes on. */
  letGo(process: Process): void {
    const batch = process.tools;
    process.tools = undefined;
    const open = batch?.runs.filter((run) => run.stage !== 'done' && !run.abandoned) ?? [];
    for (const run of open) run.abandoned = true;
    for (const run of open) {
      if (run.timer !== undefined) this.state.timers.clear(run.timer);
      run.timer = undefined;
      if (run.stage === 'person')
        this.state.out.requests.push({ type: 'person.withdraw', request: run.request });
      if (run.hasStarted) this.settle(run);
      else {
        this.runs.delete(run.request);
        this.slots.withdraw(run);
      }
    }
  }

  /** The process goes on after a suspension in the middle of its batch: what it waits for may have changed. */
  continued(process: Process): void {
    const batch = process.tools!;
    for (const run of batch.runs) {
      if (run.stage !== 'held') continue;
      if (run.hasStarted) this.launch(run);
      else this.slots.acquire(run);
    }
    this.tellReason(process, batch);
  }

  /** Takes the arguments that a person put in the place of the model's. A refusal: the tool does not take them. */
  private edited(run: ToolRun, { decision, value }: PersonAnswered): Refusal | undefined {
    if (decision !== 'edit') return undefined;
    const effects = effectsOf(this.state, run.process, run.tool, value);
    if ('code' in effects) return effects;
    run.args = value;
    run.effects = effects;
    return undefined;
  }

  // ---- Stages --------------------------------------------------------------------------------------------------------

  /** A call of before a crash: what has its result keeps it, and of an interrupted write nobody knows whether it acted. Where that makes no difference it is started again. */
  private takeOver(process: Process, batch: ToolBatch, before: RestoredCall | undefined): boolean {
    if (before === undefined || before.end === 'repeated') return false;
    const { index, attempt, end } = before;
    const isRepeatable = this.state.tools.get(batch.call.calls[index]!.tool)?.idempotent === true;
    if (end === 'unknown' && isRepeatable) return false;
    batch.left--;
    if (end !== 'unknown') {
      batch.results[index] = end;
      return true;
    }
    const { state } = this;
    const { pid, n } = process;
    const { tool, arguments: args } = batch.call.calls[index]!;
    const result = failure(
      'TOOL_INTERRUPTED',
      `${tool} had started when the kernel ended: whether it acted is not known`,
    );
    batch.results[index] = result;
    state.out.emit({ type: 'tool.interrupted', pid, tool, n, index });
    auditTool(state, process, { tool, args }, result);
    const { lastHash: hash } = process;
    state.journal(process, { type: 'tool.ended', n, index, hash, attempt, result, isRepeated: false });
    return true;
  }

  /** `attempt`: of the last start before a crash, which failed; undefined: this is the first. */
  private accept(
    process: Process,
    batch: ToolBatch,
    index: number,
    call: ToolCall,
    attempt?: number,
  ): ToolRun | undefined {
    const tool = this.state.tools.get(call.tool);
    const admitted = admission(this.state, process, call);
    if (tool === undefined || 'code' in admitted) {
      this.state.out.emit({
        type: 'tool.refused',
        pid: process.pid,
        tool: call.tool,
        n: process.n,
        index,
        code: (admitted as Refusal).code,
      });
      auditTool(this.state, process, { tool: call.tool, args: call.arguments }, admitted as Refusal);
      batch.results[index] = admitted as Refusal;
      batch.left--;
      return undefined;
    }
    const run: ToolRun = {
      request: this.state.nextRequest(),
      process,
      batch,
      index,
      tool,
      args: call.arguments,
      script: call.script,
      effects: admitted,
      stage: tool.asksPerson || needsApproval(tool, call.arguments, admitted) ? 'person' : 'lock',
      timer: undefined,
      attempt: attempt === undefined ? 0 : attempt + 1,
      hasStarted: false,
      abandoned: false,
    };
    this.runs.set(run.request, run);
    batch.runs.push(run);
    return run;
  }

  private askPerson(run: ToolRun): void {
    const { out } = this.state;
    const { process, request, tool, script } = run;
    const { asksPerson } = tool;
    const purpose = asksPerson ? 'answer' : 'approve';
    out.emit({ type: 'person.asked', pid: process.pid, request, purpose });
    out.requests.push({
      type: 'person.ask',
      request,
      pid: process.pid,
      identity: identityOf(run),
      question: questionOf(run),
      purpose,
      tool: tool.name,
      script: asksPerson ? answerIn(script) : undefined,
    });
  }

  private launch(run: ToolRun): void {
    const { state } = this;
    const { process, request, tool, index } = run;
    // A stopped process starts nothing, and keeps nobody from starting but by what it has started.
    if (process.state === 'suspended') {
      run.stage = 'held';
      if (!run.hasStarted) this.slots.letGo(run);
      return;
    }
    run.stage = 'running';
    run.hasStarted = true;
    const { reads, writes } = run.effects;
    const { out } = state;
    out.events.push({
      seq: ++out.seq,
      atUs: state.nowUs,
      type: 'tool.started',
      pid: process.pid,
      request,
      tool: tool.name,
      n: process.n,
      index,
      reads,
      writes,
    });
    const { n, lastHash: hash } = process;
    if (writes.length > 0)
      state.journal(process, {
        type: 'tool.started',
        n,
        index,
        hash,
        attempt: run.attempt,
        tool: tool.name,
        arguments: run.args,
      });
    const identity = identityOf(run);
    out.requests.push({
      type: 'tool.start',
      request,
      pid: process.pid,
      attempt: run.attempt,
      identity,
      subRun: subRunOf(identity),
      tool: tool.name,
      arguments: run.args,
      timeoutUs: tool.timeoutUs,
      script: run.script,
    });
    run.timer = state.timers.set({ kind: 'tool-timeout', request }, state.nowUs + tool.timeoutUs);
  }

  /** The call is over in the world: locks and slot are free, and whoever waited for them goes on. */
  private settle(run: ToolRun): void {
    run.stage = 'done';
    this.runs.delete(run.request);
    const { out, nowUs } = this.state;
    out.events.push({
      seq: ++out.seq,
      atUs: nowUs,
      type: 'tool.settled',
      request: run.request,
      tool: run.tool.name,
    });
    this.slots.letGo(run);
  }

  // ---- Results -------------------------------------------------------------------------------------------------------

  private deliver(run: ToolRun, result: ToolResult): void {
    const { batch, process } = run;
    batch.results[run.index] = result;
    batch.left--;
    if (process.tools !== batch) return;
    this.keepEnd(run, result, false);
    auditTool(this.state, process, { tool: run.tool.name, args: run.args }, result);
    if (batch.left === 0) this.finish(process, batch);
    else this.tellReason(process, batch);
  }

  /** What a call came to must not be lost with the rest of its batch, so that nothing that ended is done again; of a read, the batch's own result says it where it is the last. A read that failed and is repeated may be. */
  private keepEnd(
    { process, batch, index, attempt, effects, tool }: ToolRun,
    result: ToolResult,
    isRepeated: boolean,
  ): void {
    const isRead = effects.writes.length === 0 && !tool.asksPerson;
    if (isRead && (isRepeated || batch.left === 0)) return;
    const { n, lastHash: hash } = process;
    this.state.journal(process, { type: 'tool.ended', n, index, hash, attempt, result, isRepeated });
  }

  private finish(process: Process, batch: ToolBatch): void {
    process.tools = undefined;
    const results = batch.results as ToolResult[];
    if (batch.call.keepResults !== false) keepResults(this.state, process, results);
    this.state.deliver(process, { ok: true, value: results });
  }

  /** One of the batch's calls runs: the process waits for a tool; else for what the first unfinished one waits for. */
  private tellReason(process: Process, batch: ToolBatch): void {
    if (process.tools !== batch || process.state === 'suspended' || batch.left === 0) return;
    let on: WaitReason = 'timer';
    for (const { stage, abandoned } of batch.runs) {
      if (abandoned) continue;
      if (stage === 'running') {
        on = 'tool';
        break;
      }
      if (stage === 'person') on = 'person';
      else if ((stage === 'lock' || stage === 'slot') && on === 'timer') on = 'lock';
    }
    this.state.wait(process, on);
  }

  private tellEnded(run: ToolRun, isOk: boolean, code: KernelErrorCode | ''): void {
    const { process, request, tool } = run;
    const { out, nowUs } = this.state;
    out.events.push({
      seq: ++out.seq,
      atUs: nowUs,
      type: 'tool.ended',
      pid: process.pid,
      request,
      tool: tool.name,
      ok: isOk,
      code,
    });
  }

  private tellRepeated({ process, request, tool }: ToolRun): void {
    const { pid } = process;
    const end = {
      type: 'tool.ended',
      pid,
      request,
      tool: tool.name,
      ok: false,
      code: 'TOOL_FAILED',
    } as const;
    this.state.out.emit({ ...end, isRepeated: true });
  }

  /** What it came to is known when nobody waits for it any more. */
  private tellLate({ process, batch, request, tool, args }: ToolRun, result: ToolResult): void {
    this.state.out.emit({ type: 'tool.late', request, tool: tool.name, ok: result.ok });
    auditLateTool(this.state, process, batch.n, { tool: tool.name, args }, result);
  }
}

const questionOf = ({ tool, args }: ToolRun): Json =>
  tool.asksPerson ? args : { tool: tool.name, arguments: args };

/** What a recording says of a call that asks a person. */
function answerIn(script: ToolCall['script']): PersonAsk['script'] {
  if (script === undefined) return undefined;
  const { result, durationUs } = script;
  return {
    ...(result === undefined ? {} : { answer: result }),
    ...(durationUs === undefined ? {} : { durationUs }),
  };
}
