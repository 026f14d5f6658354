import type { Input } from '../../kernel/inputs.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { LedgerRecord, ProcessStarted } from '../../kernel/records.ts';
import type { CallStart, PersonAsk, ToolStart } from '../../kernel/requests.ts';

/** What one step of a kernel gives out beside its events, as far as spans need it. */
export class StepFacts {
  readonly input: Input;
  private readonly requests: StepOutput['requests'];
  /** What the calls of processes were charged, and nobody has taken. */
  private settled: LedgerRecord[] = [];

  constructor({ records, requests }: StepOutput, input: Input) {
    this.input = input;
    this.requests = requests;
    for (const record of records)
      if (record.type === 'ledger' && record.what === 'settled') this.settled.push(record);
  }

  call(pid: number): CallStart | undefined {
    for (const request of this.requests)
      if (request.type === 'call.start' && request.pid === pid) return request;
    return undefined;
  }

  tool(id: number): ToolStart | undefined {
    for (const request of this.requests)
      if (request.type === 'tool.start' && request.request === id) return request;
    return undefined;
  }

  ask(id: number): PersonAsk | undefined {
    for (const request of this.requests)
      if (request.type === 'person.ask' && request.request === id) return request;
    return undefined;
  }

  /** Of one process, once; of all: what is left. */
  takeSettled(pid?: number): readonly LedgerRecord[] {
    const { settled } = this;
    if (settled.length === 0) return settled;
    this.settled = pid === undefined ? [] : settled.filter((record) => record.pid !== pid);
    return pid === undefined ? settled : settled.filter((record) => record.pid === pid);
  }

  /** How a process was started that the step restores; undefined: it starts now. */
  restored(pid: number): ProcessStarted | undefined {
    const { input } = this;
    if (input.type !== 'run.restored') return undefined;
    return input.processes.find(({ started }) => started.pid === pid)?.started;
  }
}
