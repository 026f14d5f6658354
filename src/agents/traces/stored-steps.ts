/**
 * The steps of a run read back from what a storage has of one of its branches: those of a trace, numbered in the order in which they had their results, which is that of the records. A step that was under way
 * when the storage was read is none. Pure.
 */
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { HistoryRecord, JournalRecord, LedgerRecord, ProcessEnded } from '../../kernel/records.ts';
import type { BranchRecord } from '../../kernel/storage.ts';
import type { Answer, ChildEnd, PersonReply, SyscallResult, ToolResult } from '../../kernel/syscalls.ts';
import { stepTypeOf } from './run-trace.ts';
import { noUsage, type Step, type StepStatus, type StepType, type StepUsage } from './trace.ts';

export interface StoredStep extends Step {
  /** How many records of the branch there are up to its result; the tool calls of one batch have the same. */
  readonly end: number;
  /** A tool call that was begun and writes. */
  readonly isWrite: boolean;
}

/** `records`: of one branch, in the order of their append. `ledger`: of the run, whose branches share it; that of other runs is passed over. */
export function storedSteps(
  records: readonly BranchRecord[],
  ledger: readonly LedgerRecord[],
): readonly StoredStep[] {
  const steps: StoredStep[] = [];
  const reader = new StepReader((step) => steps.push(step));
  for (const record of ledger) reader.settled(record);
  for (const [index, record] of records.entries()) reader.take(record, index + 1);
  return steps;
}

/** Writes that have begun, of batches that have no result and whose processes have not ended: steps to be, numbered behind all others. */
export function writesUnderWay(records: readonly BranchRecord[]): readonly StoredStep[] {
  const steps: StoredStep[] = [];
  const reader = new StepReader((step) => steps.push(step));
  for (const [index, record] of records.entries()) reader.take(record, index + 1);
  const { length } = steps;
  reader.addUnderWay(records.length);
  return steps.slice(length);
}

/** Where a process is among the steps. */
interface Place {
  readonly name: string;
  /** The syscall whose steps are `tips`; what it followed from. */
  n: number;
  base: readonly number[];
  tips: number[];
  /** When it had its last result, and asked for the next. */
  askedUs: number;
  /** Of the batch of tool calls that it makes, those that its journal tells of. */
  readonly calls: Map<string, JournalledCall>;
}

/** What a journal tells of a tool call so far. */
interface JournalledCall {
  readonly n: number;
  readonly index: number;
  readonly startedUs: number;
  endedUs: number;
  isBegun: boolean;
  repeats: number;
  /** As it was made; absent: as it was asked for. */
  made: AskedTool;
  result: ToolResult | undefined;
}

/** What is told of a step by its kind. */
interface StepFacts {
  readonly type: StepType;
  readonly status: StepStatus;
  readonly data: { readonly [field: string]: Json };
  readonly index?: number;
  readonly startedUs?: number;
  readonly endedUs?: number;
  readonly usage?: StepUsage;
  readonly isWrite?: boolean;
}

/** Reads record by record, as they come: what a call was settled for must be told before its result. */
export class StepReader {
  /** How many steps there are. */
  count = 0;
  private readonly onStep: (step: StoredStep) => void;
  private readonly places = new Map<Pid, Place>();
  private readonly conclusions = new Map<Pid, number>();
  private readonly settlements = new Map<string, LedgerRecord[]>();

  constructor(onStep: (step: StoredStep) => void) {
    this.onStep = onStep;
  }

  /** The same settlement again changes nothing. */
  settled(record: LedgerRecord): void {
    if (record.what !== 'settled') return;
    const key = callKey(record);
    const known = this.settlements.get(key);
    if (known === undefined) this.settlements.set(key, [record]);
    else if (!known.some(({ reservedUs, seq }) => reservedUs === record.reservedUs && seq === record.seq))
      known.push(record);
  }

  /** `end`: how many records there are with this one. */
  take(record: BranchRecord, end: number): void {
    if (record.type === 'process.started') {
      const { pid, parent, name, atUs } = record;
      // What its parent had come to when it spawned it.
      const tips = parent === 0 ? [] : [...(this.places.get(parent)?.tips ?? [])];
      this.places.set(pid, { name, n: 0, base: tips, tips, askedUs: atUs, calls: new Map() });
      return;
    }
    const place = this.places.get(record.pid);
    if (place === undefined) return;
    switch (record.type) {
      case 'history':
        this.result(place, record, end);
        place.askedUs = record.atUs;
        return;
      case 'process.ended':
        return this.concluded(place, record, end);
      case 'tool.started':
      case 'tool.ended':
        return journalled(place, record);
      default:
        return;
    }
  }

  addUnderWay(end: number): void {
    for (const [pid, place] of this.places) this.addWrites(place, pid, end, { status: 'open', endedUs: -1 });
  }

  /** `unended`: what is to be said of those without a result. */
  private addWrites(
    place: Place,
    pid: Pid,
    end: number,
    unended: Pick<StepFacts, 'status' | 'endedUs'>,
  ): void {
    for (const call of place.calls.values()) {
      const { n, endedUs: atUs, result, isBegun } = call;
      const facts = { ...writeOf(call, call.made, result), ...(result === undefined ? unended : {}) };
      if (isBegun) this.add(place, { pid, n, atUs }, end, facts);
    }
    place.calls.clear();
  }

  private result(place: Place, record: HistoryRecord, end: number): void {
    const { kind, result, asked } = record;
    // What was not allowed to begin with was no act.
    if (!result.ok && result.code === 'INVALID_ARGUMENT') return;
    const told = isRecord(asked) ? asked : {};
    switch (kind) {
      case 'think':
        return this.add(place, record, end, this.callOf(record, told));
      case 'callTools': {
        if (result.ok)
          for (const [index, one] of (result.value as unknown as readonly ToolResult[]).entries())
            this.add(place, record, end, toolCallOf(place, record, index, one));
        return place.calls.clear();
      }
      case 'ask':
        return this.add(place, record, end, {
          type: 'feedback',
          ...outcomeOf(result, told, (value) => {
            const { decision, value: answer } = value as unknown as PersonReply;
            return { decision, answer };
          }),
        });
      case 'recall':
        return this.add(place, record, end, {
          type: 'memory_read',
          ...outcomeOf(result, told, (memories) => ({ memories })),
        });
      case 'remember':
        return this.add(place, record, end, { type: 'memory_write', ...outcomeOf(result, told, () => ({})) });
      case 'wait': {
        const ended = result.ok ? (result.value as unknown as ChildEnd).pid : undefined;
        const conclusion = ended === undefined ? undefined : this.conclusions.get(ended);
        if (conclusion !== undefined && !place.tips.includes(conclusion)) place.tips.push(conclusion);
        return;
      }
      default:
        return;
    }
  }

  private callOf(record: HistoryRecord, told: { readonly [field: string]: Json }): StepFacts {
    const { purpose = 'turn' } = told as { readonly purpose?: string };
    const type = stepTypeOf(purpose);
    const asked = { ...told, purpose };
    const result = record.result as SyscallResult<Answer>;
    const usage = this.usageOf(record);
    if (result.ok) {
      const { text, toolCalls, finish, model } = result.value;
      const data = {
        ...asked,
        ...(model === undefined ? {} : { model }),
        text,
        ...(toolCalls === undefined ? {} : { toolCalls: [...toolCalls] }),
        ...(finish === undefined ? {} : { finish }),
      };
      return { type, status: 'done', data, usage };
    }
    const { code, message, failure } = result;
    const text = failure?.partial;
    const data = { ...asked, code, message, ...(text === undefined ? {} : { text }) };
    return { type, status: code === 'MODEL_TIMEOUT' ? 'timed-out' : 'failed', data, usage };
  }

  /**
   * What was settled for a call. The ledger tells no branches, and two of them may have made a call of one number: the last settlement is told at the instant of the result, and of those before it belong as many
   * as the answer's tokens say.
   */
  private usageOf(record: HistoryRecord): StepUsage {
    const settled = this.settlements.get(callKey(record)) ?? [];
    const last = settled.findLastIndex(({ atUs }) => atUs === record.atUs);
    const result = record.result as SyscallResult<Answer>;
    let tokensLeft = result.ok ? result.value.tokensIn + result.value.tokensOut : 0;
    const sum = { ...noUsage };
    for (let at = last; at >= 0 && (at === last || tokensLeft > 0); at--) {
      const { tokens, tokensCached, tokensOut, microDollars } = settled[at]!;
      tokensLeft -= tokens;
      sum.tokensIn += tokens - tokensOut;
      sum.tokensCached += tokensCached;
      sum.tokensOut += tokensOut;
      sum.microDollars += microDollars;
    }
    return sum;
  }

  private concluded(place: Place, { pid, outcome, value, atUs }: ProcessEnded, end: number): void {
    // Writes of a batch that has no result any more.
    this.addWrites(place, pid, end, { status: 'cancelled', endedUs: atUs });
    const status = outcome === 'completed' ? 'done' : outcome === 'failed' ? 'failed' : 'cancelled';
    const facts = { type: 'conclusion', status, data: { outcome, value }, startedUs: atUs } as const;
    this.add(place, { pid, n: 0, atUs }, end, facts);
    this.conclusions.set(pid, this.count);
  }

  private add(
    place: Place,
    { pid, n, atUs }: Pick<HistoryRecord, 'pid' | 'n' | 'atUs'>,
    end: number,
    {
      type,
      status,
      data,
      index = 0,
      startedUs = place.askedUs,
      endedUs = atUs,
      usage = noUsage,
      isWrite = false,
    }: StepFacts,
  ): void {
    if (place.n !== n || n === 0) {
      place.n = n;
      place.base = place.tips;
      place.tips = [];
    }
    const sequence = ++this.count;
    const { name, base } = place;
    const parents = [...base];
    this.onStep({
      sequence,
      type,
      pid,
      name,
      n,
      index,
      parents,
      status,
      data,
      startedUs,
      endedUs,
      usage,
      end,
      isWrite,
    });
    place.tips.push(sequence);
  }
}

function toolCallOf(
  { calls, askedUs }: Place,
  { n, asked, atUs }: HistoryRecord,
  index: number,
  result: ToolResult,
): StepFacts {
  const told = calls.get(keyOf(n, index));
  const made = ((asked ?? []) as readonly AskedTool[])[index] ?? {};
  if (told !== undefined) return writeOf(told, made, result);
  return { ...toolFacts(made, result), index, startedUs: askedUs, endedUs: atUs };
}

/** Of a call that a journal tells of. `result` undefined: it has none. */
function writeOf(call: JournalledCall, asked: AskedTool, result: ToolResult | undefined): StepFacts {
  const { index, startedUs, endedUs, repeats, made, isBegun: isWrite } = call;
  const { data, ...facts } = toolFacts({ ...asked, ...made }, result);
  return {
    ...facts,
    data: { ...data, ...(repeats > 0 ? { repeats } : {}) },
    index,
    startedUs,
    endedUs,
    isWrite,
  };
}

function toolFacts(
  { tool = '', arguments: args }: AskedTool,
  result: ToolResult | undefined,
): Pick<StepFacts, 'type' | 'status' | 'data'> {
  const asked = { tool, ...(args === undefined ? {} : { arguments: args }) };
  if (result === undefined) return { type: 'tool_call', status: 'cancelled', data: asked };
  if (result.ok) return { type: 'tool_call', status: 'done', data: { ...asked, value: result.value } };
  const { code, message } = result;
  const status = code === 'TOOL_TIMEOUT' ? 'timed-out' : 'failed';
  return { type: 'tool_call', status, data: { ...asked, code, message } };
}

interface AskedTool {
  readonly tool?: string;
  readonly arguments?: Json;
}

const keyOf = (n: number, index: number): string => `${n} ${index}`;

function journalled(
  { calls, askedUs }: Place,
  record: Extract<JournalRecord, { readonly type: 'tool.started' | 'tool.ended' }>,
): void {
  const { n, index, atUs, attempt } = record;
  const key = keyOf(n, index);
  let call = calls.get(key);
  if (call === undefined) {
    const unknown = { isBegun: false, repeats: 0, made: {}, result: undefined };
    // The start of a read is told nowhere.
    const startedUs = record.type === 'tool.started' ? atUs : askedUs;
    call = { n, index, startedUs, endedUs: atUs, ...unknown };
    calls.set(key, call);
  }
  call.endedUs = atUs;
  call.repeats = attempt;
  if (record.type === 'tool.ended') {
    if (!record.isRepeated) call.result = record.result;
    return;
  }
  const { tool, arguments: args } = record;
  call.isBegun = true;
  call.made = {
    ...(tool === undefined ? {} : { tool }),
    ...(args === undefined ? {} : { arguments: args }),
  };
}

function outcomeOf(
  result: SyscallResult<Json>,
  told: { readonly [field: string]: Json },
  dataOf: (value: Json) => { readonly [field: string]: Json },
): Pick<StepFacts, 'status' | 'data'> {
  if (result.ok) return { status: 'done', data: { ...told, ...dataOf(result.value) } };
  const { code, message } = result;
  return { status: 'failed', data: { ...told, code, message } };
}

const callKey = ({ run, pid, n }: Pick<HistoryRecord, 'run' | 'pid' | 'n'>): string => `${run} ${pid} ${n}`;
