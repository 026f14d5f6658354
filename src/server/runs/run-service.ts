/** Runs as the API drives them: one kernel, many runs. */
import { agentTaskOf } from '../../agents/loop/agent-task.ts';
import type { Traces } from '../../agents/traces/traces.ts';
import { watchTraces } from '../../host/watch-traces.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Caller } from '../caller.ts';
import { Refused } from '../errors.ts';
import type { ServedWorld } from '../served-world.ts';
import type { CreateTrace, TraceView } from './trace-schemas.ts';

export class RunService {
  readonly traces: Traces;
  private readonly world: ServedWorld;
  private readonly tenants = new Map<string, string>();

  constructor(world: ServedWorld) {
    this.world = world;
    this.traces = watchTraces(world.live);
  }

  /** Resolves when the run is durable: whoever has its id can watch it, also when the server dies now. */
  async create(given: CreateTrace, caller: Caller): Promise<{ readonly trace_id: string }> {
    const { world } = this;
    const run = world.newRunName();
    const task = given.messages.at(-1)!.content;
    const own: Record<string, Json> = {
      task,
      temperature: given.temperature,
      iterations: given.max_iterations,
      ...(given.model === undefined ? {} : { models: [given.model] }),
      ...(given.tools === undefined ? {} : { tools: given.tools }),
      ...(given.system_prompt === undefined ? {} : { system: given.system_prompt }),
    };
    const args = world.agent(own);
    agentTaskOf(args);
    const { end } = world.live.spawn({
      program: 'agent',
      name: given.name ?? 'agent',
      arguments: args,
      run,
      budget: world.budget,
      settings: world.settings,
    });
    end.catch(() => {});
    this.tenants.set(run, caller.tenant ?? given.uid ?? '');
    await world.live.settled();
    return { trace_id: run };
  }

  get(run: string, caller: Caller): TraceView {
    const trace = this.isSeen(run, caller) ? this.traces.trace(run) : undefined;
    if (trace === undefined)
      throw new Refused(404, 'NOT_FOUND', `trace ${JSON.stringify(run)}: there is none`);
    return { trace_id: run, name: trace.name, status: trace.status, value: trace.value };
  }

  private isSeen(run: string, { tenant }: Caller): boolean {
    return tenant === undefined || this.tenants.get(run) === tenant;
  }
}
