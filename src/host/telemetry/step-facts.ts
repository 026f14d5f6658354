import type { Input } from '../../kernel/inputs.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { LedgerRecord, ProcessStarted } from '../../kernel/records.ts';
import type { CallStart, PersonAsk, ToolStart } from '../../kernel/requests.ts';

/** What one step of a kernel gives out beside its events, as far as spans need it. */
export class StepFacts {
  readonly input: Input;
  /** By process. */
  readonly calls = new Map<number, CallStart>();
  /** By request. */
  readonly tools = new Map<number, ToolStart>();
  readonly asks = new Map<number, PersonAsk>();
  /** By process: what its calls were charged. */
  readonly settled = new Map<number, LedgerRecord[]>();

  constructor({ records, requests }: StepOutput, input: Input) {
    this.input = input;
    for (const request of requests) {
      if (request.type === 'call.start') this.calls.set(request.pid, request);
      else if (request.type === 'tool.start') this.tools.set(request.request, request);
      else if (request.type === 'person.ask') this.asks.set(request.request, request);
    }
    for (const record of records) {
      if (record.type !== 'ledger' || record.what !== 'settled') continue;
      const before = this.settled.get(record.pid);
      if (before === undefined) this.settled.set(record.pid, [record]);
      else before.push(record);
    }
  }

  /** How a process was started that the step restores; undefined: it starts now. */
  restored(pid: number): ProcessStarted | undefined {
    const { input } = this;
    if (input.type !== 'run.restored') return undefined;
    return input.processes.find(({ started }) => started.pid === pid)?.started;
  }
}
