/**
 * What a world of agents can be told from outside, over all lives of its kernel: which effects its tools had, whom people allowed what, how processes ended and what they were told. It counts for itself and
 * looks into nobody; a promise that is broken is an error that names it.
 */
import { agentDefaults, type AgentTask } from '../../../src/agents/loop/agent-task.ts';
import { responseCacheName } from '../../../src/agents/loop/response-cache.ts';
import type { TeamTask } from '../../../src/agents/teams/team-task.ts';
import type { SimulatedModel } from '../../../src/agents/model/model-call.ts';
import { canonicalJson } from '../../../src/base/canonical-json.ts';
import { rngFor } from '../../../src/base/rng.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import type { RequestId } from '../../../src/kernel/ids.ts';
import type { Input, ToolEnded } from '../../../src/kernel/inputs.ts';
import type { MemoryStore } from '../../../src/kernel/memory-store.ts';
import type { StepOutput } from '../../../src/kernel/outbox.ts';
import type { ProcessEnded } from '../../../src/kernel/records.ts';
import type { CallIdentity } from '../../../src/kernel/requests.ts';
import type { StoredProcess } from '../../../src/kernel/storage.ts';
import type { PersonReply, ToolResult } from '../../../src/kernel/syscalls.ts';
import { toolDefaults, type ToolSpec } from '../../../src/kernel/tools.ts';
import type { SimulatedPerson } from '../../../src/sim/devices/person-device.ts';
import type { ToolReplay } from '../../../src/sim/devices/tool-device.ts';
import { Draw } from '../../sim/random-draw.ts';
import { danglingIn } from '../loop/agent-world.ts';
import { agentProblem, reasonOf, type CountedEnd } from './agent-ends.ts';
import type { FaultWorld } from './draw-world.ts';
import { checkSpending } from './spending.ts';

/** Whose repeat would be a second effect: it writes, and its author does not call a repeat harmless. */
const writers = new Set(['write', 'remote', 'guarded', 'judged']);
/** What only a call that was started comes to. */
const ran: ReadonlySet<string> = new Set(['TOOL_FAILED', 'TOOL_TIMEOUT', 'TOOL_INTERRUPTED']);
/** Repeats that its author allows. */
const repeatable = 'steady';

interface Refused {
  readonly n: number;
  readonly asked: string;
  readonly untilUs: number;
  readonly inARow: number;
}

export class Witness {
  readonly counts = new Map<string, number>();
  private readonly seed: number;
  private readonly world: FaultWorld;
  private readonly store: MemoryStore;
  /** Starts of each tool call, by its idempotency key. */
  private readonly starts = new Map<string, { readonly tool: string; count: number }>();
  /** Request and attempt of the tool calls of this life that have not ended. */
  private readonly open = new Set<string>();
  /** When the last start of each request of this life was. */
  private readonly startedUs = new Map<number, number>();
  /** What was answered first, of calls that were to be approved or that ask. */
  private readonly decisions = new Map<string, PersonReply>();
  /** Open questions of this life of the kernel: the idempotency keys of what is to be approved. */
  private readonly asked = new Map<RequestId, string>();
  /** By process. */
  private readonly ends = new Map<string, number>();
  /** Prompt and longest answer of its largest call, by process. */
  private readonly largest = new Map<string, number>();
  /** In this life of the kernel, by pid. */
  private readonly runs = new Map<number, string>();
  /** By node and resource, over all lives. */
  private readonly overruns = new Map<string, number>();
  /** Of each agent. */
  private readonly retries = new Map<string, number>();
  /** By process: its last call failed, at which model and how often one after another; no repeat before then. */
  private readonly refused = new Map<string, Refused>();

  constructor(seed: number, world: FaultWorld, store: MemoryStore) {
    this.seed = seed;
    this.world = world;
    this.store = store;
  }

  /** A new life of the kernel begins; what the last one had asked, nobody answers. */
  begin(): void {
    this.asked.clear();
    this.open.clear();
  }

  note(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  onEvent(event: KernelEvent): void {
    this.note(`event: ${event.type}`);
    switch (event.type) {
      case 'process.spawned':
        this.runs.set(event.pid, event.run);
        break;
      case 'call.requested': {
        const { pid, promptTokens, maxOutput, purpose = 'turn' } = event;
        this.note(`purpose: ${purpose}`);
        const process = this.nameOf(pid);
        this.largest.set(process, Math.max(this.largest.get(process) ?? 0, promptTokens + maxOutput));
        break;
      }
      case 'process.terminated': {
        const process = this.nameOf(event.pid);
        this.ends.set(process, (this.ends.get(process) ?? 0) + 1);
        this.note(`code: ${event.code}`);
        break;
      }
      case 'budget.overrun': {
        const key = `${event.node} ${event.resource}`;
        this.overruns.set(key, (this.overruns.get(key) ?? 0) + event.amount);
        break;
      }
      case 'program.failed':
        // Only what they are given may be wrong.
        if (!event.message.includes(' is not allowed; allowed: '))
          throw new Error(`the program of process ${event.pid} failed: ${event.message}`);
        break;
      case 'tool.started':
        this.startedUs.set(event.request, event.atUs);
        break;
      case 'tool.ended': {
        const { timeoutUs = toolDefaults.timeoutUs } = this.specOf(event.tool);
        const tookUs = event.atUs - this.startedUs.get(event.request)!;
        if (tookUs > timeoutUs)
          throw new Error(`${event.tool} ended after ${tookUs} µs, allowed: ${timeoutUs}`);
        break;
      }
      case 'tool.settled':
        for (const start of this.open)
          if (start.startsWith(`${event.request} `))
            throw new Error(`${event.tool} is settled while it still acts`);
        break;
      case 'person.answered':
        this.note(`decision: ${event.decision}`);
        break;
      case 'budget.exhausted':
        this.note(`exhausted: ${event.rule}`);
        break;
      default:
    }
  }

  private nameOf(pid: number): string {
    return `${this.runs.get(pid)} ${pid}`;
  }

  // ---- Beside the kernel: models, tools, people ------------------------------------------------------------------------

  /** Looks at each prompt, and at when a server that refused is asked again. */
  watched(model: SimulatedModel, nowUs: () => number): SimulatedModel {
    return {
      answer: (call) => {
        const { run, pid, n } = call.identity;
        const dangling = danglingIn(call.messages);
        if (dangling !== undefined) throw new Error(`the prompt of process ${pid}, call ${n}: ${dangling}`);
        const script = model.answer(call);
        if (!this.hearsServers) return script;
        const { model: asked = '' } = call.request;
        const process = `${run} ${pid}`;
        const last = this.refused.get(process);
        const before = last?.asked === asked ? last : undefined;
        const isRepeat =
          before !== undefined && before.n !== n && before.inARow <= (this.retries.get(process) ?? 0);
        if (isRepeat && nowUs() < before.untilUs)
          throw new Error(
            `process ${pid} asks again at ${nowUs()}, it was told to wait until ${before.untilUs}`,
          );
        if (script.failure === undefined) this.refused.delete(process);
        else {
          const untilUs = nowUs() + (script.failure.retryAfterUs ?? 0);
          const inARow = before?.n === n ? before.inARow : (before?.inARow ?? 0) + 1;
          this.refused.set(process, { n, asked, untilUs, inARow });
        }
        return script;
      },
    };
  }

  /** What a model's server says reaches those who asked, and they know whom they asked. */
  private get hearsServers(): boolean {
    const { faults, kernel } = this.world;
    const isDegraded = kernel.budgets?.some(({ whenExhausted }) => whenExhausted === 'degrade') === true;
    return (faults.modelFailure ?? 0) === 0 && !isDegraded;
  }

  readonly started: ToolReplay = ({ tool, identity, attempt, arguments: args }) => {
    const key = keyOf(identity);
    const known = this.starts.get(key);
    if (known === undefined) this.starts.set(key, { tool, count: 1 });
    else known.count++;
    if (attempt > 0) this.note('tool: repeated');
    const decision = this.decisions.get(key);
    if (decision === undefined) return undefined;
    if (decision.decision !== 'approve' && decision.decision !== 'edit')
      throw new Error(`${tool} ${key} starts, a person said ${decision.decision}`);
    if (decision.decision === 'edit' && canonicalJson(decision.value) !== canonicalJson(args))
      throw new Error(`${tool} ${key} starts with arguments that nobody allowed`);
    return undefined;
  };

  readonly person: SimulatedPerson = ({ identity, purpose, script, tool }) => {
    const { deny, edit } = this.world.people;
    const draw = new Draw(rngFor(this.seed, `people/${keyOf(identity)}`));
    if (purpose === 'answer' && tool !== undefined && draw.chance(0.2))
      return { decision: 'deny', value: 'not now' };
    if (purpose === 'answer') return { decision: 'answer', value: script?.answer ?? 'so be it' };
    if (draw.chance(deny)) return { decision: 'deny', value: 'not now' };
    if (!draw.chance(edit)) return { decision: 'approve', value: null };
    return {
      decision: 'edit',
      value: draw.chance(0.2) ? { path: 'nowhere' } : { path: 'c', text: 'as I say' },
    };
  };

  /** The world's side of the kernel: what it asks of people, and the answer that reaches it first. */
  onStep({ records, requests }: StepOutput, input: Input): void {
    for (const record of records)
      if (record.type === 'process.started' && record.program === 'agent') {
        const { retries } = { ...agentDefaults, ...(record.arguments as unknown as AgentTask) };
        this.retries.set(`${record.run} ${record.pid}`, retries);
      }
    if (input.type === 'person.answered') {
      const key = this.asked.get(input.request);
      this.note(key === undefined ? 'person: answers what is not open' : 'person: answers');
      this.asked.delete(input.request);
      if (key !== undefined) this.decisions.set(key, input);
    }
    for (const request of requests) {
      if (request.type === 'person.ask') this.asked.set(request.request, keyOf(request.identity));
      else if (request.type === 'person.withdraw') this.asked.delete(request.request);
    }
    if (input.type === 'tool.ended') this.toolEnded(input);
    for (const request of requests)
      if (request.type === 'tool.start') this.open.add(`${request.request} ${request.attempt}`);
  }

  private toolEnded({ request, attempt }: ToolEnded): void {
    if (attempt !== undefined) {
      if (!this.open.delete(`${request} ${attempt}`)) this.note('tool: ends twice');
      return;
    }
    this.note('tool: stopped');
    for (const start of this.open) if (start.startsWith(`${request} `)) this.open.delete(start);
  }

  private specOf(tool: string): ToolSpec {
    return this.world.tools.find(({ spec }) => spec.name === tool)!.spec;
  }

  // ---- At any time, and at the end -------------------------------------------------------------------------------------

  checkBudgets(): void {
    checkSpending(this.store.ledger(), this.world.kernel.budgets ?? [], this.overruns);
  }

  /** Everybody has ended. */
  finish(): void {
    const { store, world } = this;
    for (const { run } of world.roots) {
      const processes = store.processes(run);
      if (processes.length === 0) throw new Error(`${run} is lost`);
      for (const process of processes) {
        const ends = this.ends.get(`${run} ${process.pid}`) ?? 0;
        if (process.end === undefined || ends !== 1)
          throw new Error(
            `process ${process.pid} of ${run} has ${ends} ends, stored: ${process.end?.outcome}`,
          );
        this.checkProcess(process, process.end);
      }
    }
    for (const [key, { tool, count }] of this.starts) {
      if (writers.has(tool) && count > 1) throw new Error(`${tool} ${key} acted ${count} times`);
      const { retries = 0 } = this.specOf(tool);
      if (tool === repeatable && count > retries + 1)
        throw new Error(`${tool} ${key} acted ${count} times, allowed: ${retries + 1}`);
    }
  }

  private checkProcess(process: StoredProcess, { outcome, value }: ProcessEnded): void {
    const { pid, run, branch, program } = process;
    const name = `process ${pid} (${program})`;
    this.note(`outcome: ${program} ${outcome}`);
    let calls = 0;
    let isUnsaved = false;
    const asked = new Set<number>();
    for (const { n, kind, result } of this.store.history(run, { branch, pid })) {
      if (asked.has(n)) throw new Error(`${name}: syscall ${n} has two results`);
      asked.add(n);
      this.note(result.ok ? kind : `${kind}: ${result.code}`);
      if (kind === 'checkpoint' && !result.ok) isUnsaved = true;
      if (kind !== 'callTools' || !result.ok) continue;
      for (const [index, told] of (result.value as unknown as readonly ToolResult[]).entries()) {
        const key = keyOf({ run, branch, pid, n, index });
        const start = this.starts.get(key);
        this.note(`result: ${told.ok ? 'ok' : told.code}`);
        if (start?.tool !== responseCacheName) calls++;
        const hasRun = told.ok ? this.decisions.get(key)?.decision !== 'answer' : ran.has(told.code);
        if (hasRun !== (start !== undefined) && (start === undefined || writers.has(start.tool)))
          throw new Error(
            `${name}: call ${n}/${index} came to ${JSON.stringify(told)}, starts: ${start?.count ?? 0}`,
          );
      }
    }
    if (program === 'team')
      this.note(`team: ${(process.arguments as unknown as TeamTask).topology} ${outcome}`);
    if (program === 'agent') this.checkAgent(process, { outcome, value, calls, isUnsaved });
  }

  private checkAgent(process: StoredProcess, end: Omit<CountedEnd, 'largest'>): void {
    const { pid, run } = process;
    const largest = this.largest.get(`${run} ${pid}`) ?? 0;
    this.note(`reason: ${reasonOf(end)}`);
    const problem = agentProblem(process.arguments, { ...end, largest });
    if (problem !== undefined) throw new Error(`process ${pid} (agent): ${problem}`);
  }
}

const keyOf = ({ run, branch, pid, n, index }: CallIdentity): string =>
  `${run}/${branch}/${pid}/${n}/${index}`;
