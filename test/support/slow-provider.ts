/** A provider with real latencies: each agent's tasks take so many turns, with a tool call in each but the last, and the time is real. */
import type { ModelPort, ModelReply, ToolPort } from '../../src/host/ports.ts';
import type { Json } from '../../src/kernel/ids.ts';
import { liveSpec, recordedLive, type RecordedLive } from './recorded-live.ts';
import type { LiveSpec } from '../../src/sim/live-spec.ts';
import { said } from './live.ts';

export interface SlowWork {
  /** Turns of each agent. */
  readonly turns: readonly number[];
  /** Of a call, and of each of its answer tokens, ms. */
  readonly latencyMs: number;
  readonly tokenMs: number;
  readonly toolMs: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How long an answer is follows from whose it is and which: the same in every run. */
const tokensOf = (agent: number, turn: number): number => 4 + ((agent * 7 + turn * 3) % 9);

function slowModel({ turns, latencyMs, tokenMs }: SlowWork): ModelPort {
  const asked = new Map<string, number>();
  return {
    async call({ identity: { run } }): Promise<ModelReply> {
      const agent = Number(run.slice('run-'.length));
      const turn = (asked.get(run) ?? 0) + 1;
      asked.set(run, turn);
      const tokensOut = tokensOf(agent, turn);
      await pause(latencyMs + tokensOut * tokenMs);
      const isLast = turn >= turns[agent]!;
      const toolCalls = isLast ? [] : [{ id: `c${turn}`, tool: 'look', arguments: { what: turn } }];
      return said('word '.repeat(tokensOut), {
        toolCalls,
        usage: { tokensOut },
        finish: isLast ? 'stop' : 'tool-calls',
      });
    },
  };
}

const slowTools = ({ toolMs }: SlowWork): ToolPort => ({
  async call() {
    await pause(toolMs);
    return { ok: true, value: 'seen' };
  },
});

export function slowSpec(scheduler: string, more: Partial<LiveSpec> = {}): LiveSpec {
  return liveSpec({
    scheduler,
    tools: [{ name: 'look', parameters: { type: 'object' }, reads: [], writes: [] }],
    ...more,
  });
}

export interface SlowRun {
  readonly lines: readonly string[];
  readonly makespanUs: number;
  readonly meanTurnaroundUs: number;
}

/** All agents at once, to their ends, in real time. */
export async function runSlowly(spec: LiveSpec, work: SlowWork): Promise<SlowRun> {
  const recorded: RecordedLive = recordedLive(spec, { model: slowModel(work), tools: slowTools(work) });
  const startUs = performance.now() * 1_000;
  const tookUs = await Promise.all(
    work.turns.map(async (_, agent) => {
      const args: Json = {
        task: 'look around '.repeat(10 + agent),
        tools: ['look'],
        toolCalls: 100,
        reflectEvery: 0,
      };
      const { end } = recorded.live.spawn({
        program: 'agent',
        arguments: args,
        name: `agent-${agent}`,
        run: `run-${agent}`,
      });
      await end;
      return performance.now() * 1_000 - startUs;
    }),
  );
  const lines = recorded.end();
  const sum = tookUs.reduce((total, us) => total + us, 0);
  return { lines, makespanUs: Math.max(...tookUs), meanTurnaroundUs: sum / tookUs.length };
}
