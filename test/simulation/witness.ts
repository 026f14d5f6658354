/**
 * Stands beside a world and counts for itself, over all lives of all kernels: what was stored, what began and on what ground, what acted, who was told what. It knows the kernel's records and requests, and
 * nothing of how they come about.
 */
import { canonicalJson } from '../../src/base/canonical-json.ts';
import type { ModelCall } from '../../src/agents/model/model-call.ts';
import type { ModelReply, ToolReply } from '../../src/host/ports.ts';
import type { ProcessEnd } from '../../src/host/live-kernel.ts';
import { isRecord } from '../../src/kernel/budget-limits.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Json, RequestId } from '../../src/kernel/ids.ts';
import type { Input, PersonAnswered, RestoreInput } from '../../src/kernel/inputs.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { StepOutput } from '../../src/kernel/outbox.ts';
import type { HistoryRecord, KernelRecord } from '../../src/kernel/records.ts';
import type { CallIdentity, PersonAsk, ToolStart } from '../../src/kernel/requests.ts';
import type { StoredProcess } from '../../src/kernel/storage.ts';
import type { Answer, ToolResult } from '../../src/kernel/syscalls.ts';
import { subRunOf } from '../../src/kernel/sub-run.ts';
import type { ToolData } from '../../src/kernel/tool-data.ts';
import { agentProblem, reasonOf } from '../agents/faults/agent-ends.ts';
import { checkSpending } from '../agents/faults/spending.ts';
import { danglingIn } from '../agents/loop/agent-world.ts';
import { checkStored } from '../sim/stored-promises.ts';
import { promised } from './broken-promise.ts';
import { causeless } from './causes.ts';
import type { RunPlan, Scenario } from './scenario.ts';
import type { SimulatedDisk } from './simulated-storage.ts';

/** What only a call that was started comes to. */
const ran: ReadonlySet<string> = new Set(['TOOL_FAILED', 'TOOL_TIMEOUT', 'TOOL_INTERRUPTED']);

/** A tool call, over all its starts. */
interface WitnessedCall {
  readonly tool: string;
  readonly key: string;
  starts: number;
  /** Lives in which it was started. */
  readonly lives: Set<number>;
  /** How often it changed the world. */
  effects: number;
  readonly replies: ToolReply[];
}

/** What one life of a kernel has given out and was told, as far as it matters for what may begin. */
export class WitnessedLife {
  readonly number: number;
  /** Records that were given out, and of these how many are known to be stored. */
  records = 0;
  acknowledged = 0;
  /** How many records stand before what was asked for, by request. */
  readonly due = new Map<string, number>();
  /** Tool calls by request, as they were started last. */
  readonly started = new Map<RequestId, ToolStart>();
  /** Writes whose good end the kernel took: behind how many records. */
  readonly ended: { readonly place: string; readonly due: number }[] = [];
  /** Open questions: the calls that wait for an approval. */
  readonly asked = new Map<RequestId, PersonAsk>();

  constructor(number: number) {
    this.number = number;
  }
}

export class Witness {
  readonly counts = new Map<string, number>();
  private readonly disk: SimulatedDisk;
  private readonly scenario: Scenario;
  private readonly tools: ReadonlyMap<string, ToolData>;
  private readonly allLives: WitnessedLife[] = [];
  /** Syscalls whose result is stored, and tool calls whose end is. */
  private readonly stored = new Set<string>();
  /** Processes that have been told as ended, by name. */
  private readonly told = new Map<string, ProcessEnd>();
  private readonly calls = new Map<string, WitnessedCall>();
  /** What a person said first about a tool call. */
  private readonly decisions = new Map<string, PersonAnswered>();
  /** Texts that whole answers had, by call. */
  private readonly answers = new Map<string, string[]>();
  /** What models said to a process as a turn of its work, and what its tools gave it. */
  private readonly heard = new Map<string, Set<string>>();
  /** Prompt and longest answer of its largest call, by process. */
  private readonly largest = new Map<string, number>();
  /** By run, node and resource. */
  private readonly overruns = new Map<string, number>();
  /** Messages of the world that somebody was told are stored, by process. */
  private readonly messages: { readonly run: string; readonly pid: number; readonly text: string }[] = [];
  /** By run and pid. */
  readonly names = new Map<string, string>();

  constructor(disk: SimulatedDisk, scenario: Scenario) {
    this.disk = disk;
    this.scenario = scenario;
    this.tools = new Map(scenario.tools.map((tool) => [tool.name, tool]));
  }

  note(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  begin(): WitnessedLife {
    const life = new WitnessedLife(this.allLives.length + 1);
    this.allLives.push(life);
    return life;
  }

  onEvent(run: string, event: KernelEvent): void {
    this.note(`event: ${event.type}`);
    if (event.type === 'call.requested') {
      const process = `${run} ${event.pid}`;
      const size = event.promptTokens + event.maxOutput;
      this.largest.set(process, Math.max(this.largest.get(process) ?? 0, size));
    } else if (event.type === 'budget.overrun') {
      const key = `${run} ${event.node} ${event.resource}`;
      this.overruns.set(key, (this.overruns.get(key) ?? 0) + event.amount);
    }
  }

  // ---- What is given out and stored ------------------------------------------------------------------------------------

  onStep(life: WitnessedLife, { records, requests }: StepOutput, input: Input): void {
    life.records += records.length;
    for (const record of records)
      if (record.type === 'process.started') this.names.set(`${record.run} ${record.pid}`, record.name);
    if (input.type === 'person.answered') this.answered(life, input);
    if (input.type === 'tool.ended' && input.ok) {
      const start = life.started.get(input.request);
      if (start !== undefined && start.attempt === input.attempt && this.isWriter(start.tool))
        life.ended.push({ place: placeOf(start.identity), due: life.records });
    }
    for (const request of requests) {
      if (request.type === 'tool.start') life.started.set(request.request, request);
      if (request.type === 'call.start') life.due.set(`model ${callOf(request.identity)}`, life.records);
      else if (request.type === 'tool.start')
        life.due.set(`tool ${request.request} ${request.attempt}`, life.records);
      else if (request.type === 'person.ask') {
        life.due.set(`person ${request.request}`, life.records);
        life.asked.set(request.request, request);
      } else if (request.type === 'person.withdraw') life.asked.delete(request.request);
    }
  }

  private answered(life: WitnessedLife, input: PersonAnswered): void {
    const ask = life.asked.get(input.request);
    this.note(ask === undefined ? 'person: answers what is not open' : `person: ${input.decision}`);
    if (ask === undefined) return;
    life.asked.delete(input.request);
    if (ask.tool !== undefined) this.decisions.set(placeOf(ask.identity), input);
    const { run, pid } = ask.identity;
    if (input.decision === 'answer') this.heardBy(run, pid).add(JSON.stringify(input.value));
  }

  onStored(records: readonly KernelRecord[]): void {
    for (const record of records) {
      const { type } = record;
      if (type === 'history') this.stored.add(`model ${callOf(record)}`);
      else if (type === 'tool.ended' && !record.isRepeated) this.stored.add(`tool ${placeOf(record)}`);
      else if (type === 'ledger') this.stored.add(`ledger ${record.run} ${record.pid} ${record.n}`);
    }
  }

  private checkDue(life: WitnessedLife, what: string): void {
    const due = life.due.get(what);
    promised(due !== undefined, 'asked before it begins', () => `${what} begins, nobody asked for it`);
    promised(
      life.acknowledged >= due,
      'durable before it begins',
      () => `${what} begins behind ${due} records, of which ${life.acknowledged} are acknowledged`,
    );
  }

  // ---- Models ----------------------------------------------------------------------------------------------------------

  onModelCall(life: WitnessedLife, call: ModelCall): void {
    const { identity } = call;
    const { run, pid, n } = identity;
    const what = `model ${callOf(identity)}`;
    this.checkDue(life, what);
    promised(!this.stored.has(what), 'an answer is paid once', () => `${what} is asked again`);
    promised(
      this.stored.has(`ledger ${run} ${pid} ${n}`),
      'reserved before it begins',
      () => `${what} begins without a reservation`,
    );
    const dangling = danglingIn(call.messages);
    promised(dangling === undefined, 'a prompt is whole', () => `${what}: ${dangling}`);
    this.checkPrompt(what, call);
    this.note(`purpose: ${call.request.purpose ?? 'turn'}`);
  }

  /** What stands there as said by the model or a tool is what they said. */
  private checkPrompt(what: string, { identity: { run, pid }, messages }: ModelCall): void {
    const heard = this.heardBy(run, pid);
    for (const message of messages) {
      if (message.role === 'assistant')
        promised(
          heard.has(message.text),
          'a prompt tells what was said',
          () => `${what}: the model never said ${JSON.stringify(message.text)}`,
        );
      else if (message.role === 'tool' && message.ok)
        promised(
          heard.has(JSON.stringify(message.value)),
          'a prompt tells what was said',
          () => `${what}: no tool gave ${JSON.stringify(message.value)}`,
        );
    }
  }

  private heardBy(run: string, pid: number): Set<string> {
    const process = `${run} ${pid}`;
    let heard = this.heard.get(process);
    if (heard === undefined) this.heard.set(process, (heard = new Set()));
    return heard;
  }

  onModelReply({ identity, request }: ModelCall, { text, finish, failed }: ModelReply, whole: string): void {
    this.note(`model: ${failed?.code ?? finish ?? 'stopped'}`);
    const { purpose = 'turn' } = request;
    // A critique may give a better answer.
    if (finish !== undefined && (purpose === 'turn' || purpose === 'critique'))
      this.heardBy(identity.run, identity.pid).add(whole).add(whole.trim());
    if (finish === undefined) return;
    const texts = this.answers.get(callOf(identity)) ?? [];
    texts.push(text, whole);
    this.answers.set(callOf(identity), texts);
  }

  // ---- Tools -----------------------------------------------------------------------------------------------------------

  /** Returns what is known of the call from now on. */
  onToolStart(life: WitnessedLife, start: ToolStart): WitnessedCall {
    const { tool, identity, subRun, attempt, arguments: args } = start;
    const place = placeOf(identity);
    this.checkDue(life, `tool ${start.request} ${attempt}`);
    promised(!this.stored.has(`tool ${place}`), 'a result is not asked for again', () => `${tool} ${place}`);
    promised(
      !this.stored.has(`model ${callOf(identity)}`),
      'a result is not asked for again',
      () => `${tool} ${place}, whose batch is over`,
    );
    promised(
      isRecord(args) && 'path' in args,
      'a call is made as it was asked for',
      () => `${tool} ${place}: ${JSON.stringify(args)}`,
    );
    promised(subRun === subRunOf(identity), 'one key for each call', () => `${tool} ${place}: ${subRun}`);
    const known = this.calls.get(place) ?? {
      tool,
      key: subRun,
      starts: 0,
      lives: new Set(),
      effects: 0,
      replies: [],
    };
    this.calls.set(place, known);
    known.starts++;
    known.lives.add(life.number);
    this.note(attempt > 0 ? 'tool: repeated' : known.starts > 1 ? 'tool: started again' : 'tool: started');
    const { retries = 0 } = this.tools.get(tool)!;
    promised(
      !this.isWriter(tool) || known.starts <= retries + 1,
      'a write is not repeated',
      () => `${tool} ${place} starts ${known.starts} times`,
    );
    this.checkApproval(tool, place, args);
    return known;
  }

  /** Whose repeat may be a second effect. */
  private isWriter(tool: string): boolean {
    const { reads, writes, files, idempotent = false } = this.tools.get(tool)!;
    const isUnknown = reads === undefined && writes === undefined && files === undefined;
    return !idempotent && (isUnknown || (writes?.length ?? 0) > 0);
  }

  private checkApproval(tool: string, place: string, args: Json): void {
    const { approval = false } = this.tools.get(tool)!;
    const decision = this.decisions.get(place);
    promised(
      approval === false || decision !== undefined,
      'approved before it begins',
      () => `${tool} ${place}: nobody was asked`,
    );
    if (decision === undefined) return;
    promised(
      decision.decision === 'approve' || decision.decision === 'edit',
      'approved before it begins',
      () => `${tool} ${place}: a person said ${decision.decision}`,
    );
    promised(
      decision.decision === 'approve' || canonicalJson(decision.value) === canonicalJson(args),
      'approved before it begins',
      () => `${tool} ${place}: with arguments that nobody allowed`,
    );
  }

  onToolReply({ run, pid }: CallIdentity, call: WitnessedCall, reply: ToolReply): void {
    call.replies.push(reply);
    if (reply.ok) this.heardBy(run, pid).add(JSON.stringify(reply.value));
  }

  onEffect(call: WitnessedCall): void {
    const { idempotent = false } = this.tools.get(call.tool)!;
    // The key is known: what it did then is what it does.
    if (idempotent && call.effects > 0) return;
    call.effects++;
  }

  // ---- People ----------------------------------------------------------------------------------------------------------

  onAsk(life: WitnessedLife, { request, identity, tool }: PersonAsk): void {
    this.checkDue(life, `person ${request}`);
    const place = placeOf(identity);
    if (tool !== undefined)
      promised(
        !this.stored.has(`tool ${place}`),
        'a result is not asked for again',
        () => `${tool} ${place}`,
      );
    promised(!this.stored.has(`model ${callOf(identity)}`), 'a person answers once', () => place);
  }

  onMessageTaken(run: string, pid: number, text: string): void {
    this.messages.push({ run, pid, text });
  }

  // ---- Restores --------------------------------------------------------------------------------------------------------

  /** Whoever goes on is what was started. */
  onRestored(kernel: Kernel, { processes }: RestoreInput): void {
    for (const { started } of processes) {
      const process = kernel['state'].process(started.pid);
      if (process.state === 'terminated') continue;
      const { name, priority, capabilities, engine } = process;
      const budget = kernel.snapshot().budgets[process.budget]!.name;
      const now = { name, priority, capabilities, engine: engine.options.name, budget };
      for (const field of ['name', 'priority', 'capabilities', 'engine', 'budget'] as const)
        promised(
          canonicalJson(now[field]) === canonicalJson(started[field]),
          'who is restored keeps what it was given',
          () =>
            `process ${started.pid}: ${field}: ${JSON.stringify(now[field])}, started with ${JSON.stringify(started[field])}`,
        );
    }
  }

  /** Nobody looks in vain for the end of a child that is stored. Of programs that wait for any child. */
  private checkWaits({ run, pid, program }: StoredProcess): void {
    if (program !== 'crew' && program !== 'diary') return;
    const children = new Set<number>();
    let ends = 0;
    for (const record of this.disk.store.records(run, 'main')) {
      if (record.type === 'process.started' && record.parent === pid) children.add(record.pid);
      else if (record.type === 'process.ended' && children.has(record.pid)) ends++;
      else if (record.type === 'history' && record.pid === pid && record.kind === 'wait') {
        if (record.result.ok) ends--;
        else
          promised(
            ends === 0 || record.result.code === 'INTERRUPTED',
            'an end is told',
            () =>
              `process ${pid} of ${run}: ${record.result.ok ? '' : record.result.code}, ${ends} ends are not told`,
          );
      }
    }
  }

  // ---- Ends ------------------------------------------------------------------------------------------------------------

  onEndTold(run: string, end: ProcessEnd): void {
    const name = `${run} ${end.pid}`;
    const before = this.told.get(name);
    promised(before === undefined, 'one end', () => `process ${name} is told to have ended twice`);
    this.told.set(name, end);
    this.checkEnd(run, end);
  }

  /** What somebody was told is stored, and stays so. */
  private checkEnd(run: string, { pid, outcome, value }: ProcessEnd): void {
    const stored = this.disk.store.processes(run).find((process) => process.pid === pid)?.end;
    promised(
      stored !== undefined &&
        stored.outcome === outcome &&
        canonicalJson(stored.value) === canonicalJson(value),
      'what is told is stored',
      () => `process ${run} ${pid} ended as ${outcome}, stored: ${stored?.outcome ?? 'nothing'}`,
    );
  }

  /** Promises of any moment. */
  check(): void {
    const { store } = this.disk;
    try {
      checkStored(store);
    } catch (error) {
      promised(false, 'what is stored fits together', () => (error as Error).message);
    }
    for (const [name, end] of this.told) this.checkEnd(name.slice(0, name.lastIndexOf(' ')), end);
    for (const { run, pid, text } of this.messages) {
      const sent = store
        .journal({ run, branch: 'main', pid: pid as ProcessEnd['pid'] })
        .filter((record) => record.type === 'message.sent' && record.message === text).length;
      promised(sent === 1, 'a message that was taken is stored once', () => `${run} ${pid}: ${sent} times`);
    }
  }

  /** Everybody has ended. */
  finish(): void {
    const { store } = this.disk;
    for (const plan of this.scenario.runs) {
      const { name: run } = plan;
      const processes = store.processes(run);
      promised(processes.length > 0, 'no run is lost', () => `nothing is stored of ${run}`);
      for (const process of processes) {
        promised(
          process.end !== undefined,
          'each process has an end',
          () => `process ${process.pid} (${process.program}) of ${run} has none`,
        );
        this.note(`outcome: ${process.program} ${process.end.outcome}`);
        let calls = 0;
        for (const record of store.history(run, { branch: 'main', pid: process.pid }))
          calls += this.checkHistory(process, record);
        this.checkProcess(plan, process, calls);
        this.checkWaits(process);
      }
      this.checkBudgets(run);
    }
    for (const [place, { tool, key, effects }] of this.calls) {
      const { idempotent = false } = this.tools.get(tool)!;
      promised(!idempotent || effects <= 1, 'one effect for a key', () => `${tool} ${place} ${key}`);
    }
  }

  private checkProcess(plan: RunPlan, process: StoredProcess, calls: number): void {
    const { run, pid, program, arguments: task } = process;
    const { outcome, value } = process.end!;
    const wrong = causeless(this.scenario, plan, process);
    promised(
      wrong === undefined,
      'nothing fails without a cause',
      () => `process ${pid} (${program}) of ${run}: ${wrong}, ${JSON.stringify(value)}`,
    );
    if (program !== 'agent') return;
    const largest = this.largest.get(`${run} ${pid}`) ?? 0;
    const problem = agentProblem(task, { outcome, value, calls, largest, isUnsaved: false });
    promised(
      problem === undefined,
      'an agent keeps its limits',
      () => `process ${pid} of ${run}: ${problem}`,
    );
    this.note(`reason: ${reasonOf({ outcome, value })}`);
    if (outcome !== 'completed') return;
    const { answer } = value as { readonly answer: string };
    promised(
      this.heardBy(run, pid).has(answer),
      'the end is what the model said',
      () => `process ${pid} of ${run}: ${JSON.stringify(answer)}`,
    );
  }

  private checkBudgets(run: string): void {
    const ledger = this.disk.store.ledger().filter((record) => record.run === run);
    const overruns = new Map(
      [...this.overruns].flatMap(([key, amount]) =>
        key.startsWith(`${run} `) ? [[key.slice(run.length + 1), amount] as const] : [],
      ),
    );
    try {
      checkSpending(ledger, this.scenario.budgets, overruns);
    } catch (error) {
      promised(false, 'a budget is not exceeded', () => (error as Error).message);
    }
  }

  /** Returns how many tool calls it is. */
  private checkHistory({ run, branch, pid }: StoredProcess, { n, kind, result }: HistoryRecord): number {
    this.note(result.ok ? kind : `${kind}: ${result.code}`);
    if (!result.ok) return 0;
    const identity = { run, branch, pid, n, index: 0 };
    if (kind === 'think') {
      const { text } = result.value as unknown as Answer;
      const texts = this.answers.get(callOf(identity)) ?? [];
      promised(
        texts.includes(text),
        'an answer is what the model said',
        () => `${callOf(identity)}: ${JSON.stringify(text)}, said: ${JSON.stringify(texts)}`,
      );
    }
    if (kind !== 'callTools') return 0;
    const results = result.value as unknown as readonly ToolResult[];
    for (const [index, told] of results.entries()) this.checkResult({ ...identity, index }, told);
    return results.length;
  }

  /** A result is what the tool said, or what is true of it. */
  private checkResult(identity: CallIdentity, told: ToolResult): void {
    const place = placeOf(identity);
    const call = this.calls.get(place);
    const decision = this.decisions.get(place);
    this.note(`result: ${told.ok ? 'ok' : told.code}`);
    const isTrue = (holds: boolean, what: string): void =>
      promised(holds, 'a result is what is so', () => `${place}: ${JSON.stringify(told)}, ${what}`);
    if (told.ok) {
      const said =
        decision?.decision === 'answer' ? [{ ok: true, value: decision.value }] : (call?.replies ?? []);
      isTrue(
        said.some(({ ok, value }) => ok && canonicalJson(value) === canonicalJson(told.value)),
        `said: ${JSON.stringify(said)}`,
      );
      return;
    }
    const { code, message } = told;
    isTrue(!ran.has(code) || call !== undefined || code === 'TOOL_INTERRUPTED', 'it never began');
    if (code === 'TOOL_DENIED') isTrue(call === undefined && decision !== undefined, 'nobody denied it');
    if (call === undefined) return;
    const { idempotent = false } = this.tools.get(call.tool)!;
    if (code === 'TOOL_INTERRUPTED') {
      isTrue(!idempotent, 'its key would have told');
      const isKnown = this.allLives.some(({ ended, acknowledged }) =>
        ended.some((end) => end.place === place && acknowledged >= end.due),
      );
      isTrue(!isKnown, 'its end was stored');
    }
    if (code === 'TOOL_FAILED')
      isTrue(
        call.replies.some(
          ({ ok, value }) =>
            !ok && (value === message || message.includes(JSON.stringify(value).slice(1, -1))),
        ),
        `said: ${JSON.stringify(call.replies)}`,
      );
    if (!ran.has(code)) isTrue(code === 'TOOL_CANCELLED' || code === 'TOOL_DENIED', 'it began');
  }
}

type Call = Pick<CallIdentity, 'run' | 'branch' | 'pid' | 'n'>;
const callOf = ({ run, branch, pid, n }: Call): string => `${run}/${branch}/${pid}/${n}`;
const placeOf = (identity: Call & Pick<CallIdentity, 'index'>): string =>
  `${callOf(identity)}/${identity.index}`;
