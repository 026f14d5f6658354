import type { Rng } from '../../base/rng.ts';
import type { ToolImplementation } from '../../agents/tools/tool-implementation.ts';
import { messageOf, shown } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { ToolStart } from '../../kernel/requests.ts';
import { notJson } from '../../kernel/schema/problem.ts';
import type { FaultPlan } from '../faults.ts';
import { latencyDefaults, latencySampler } from '../latency-defaults.ts';

const drawToolUs = latencySampler(latencyDefaults.tool);

export interface ToolOutcome {
  readonly ok: boolean;
  readonly value: Json;
  readonly durationUs: number;
  /** It does not hear when it is told to stop. */
  readonly isDeaf?: boolean;
  /** Its end is told again this much later, µs. */
  readonly repeatUs?: number | undefined;
  /** Its end is never told. */
  readonly isLost?: boolean;
}

/** What a call came to in a recording; undefined: the recording does not say. */
export type ToolReplay = (start: ToolStart) => Pick<ToolOutcome, 'ok' | 'value' | 'durationUs'> | undefined;

/** Whatever a tool does wrong is a failure of that call, told in one line. */
function ranTool(tool: ToolImplementation, args: Json): Pick<ToolOutcome, 'ok' | 'value'> {
  const failure = (what: string) => ({ ok: false, value: `tool ${tool.spec.name}: ${what}` });
  try {
    const result: unknown = tool.run(args);
    const { ok, value, message } = (result ?? {}) as Readonly<Record<string, unknown>>;
    if (ok === true) {
      const flaw = notJson(value, 'value');
      return flaw === undefined ? { ok, value: value as Json } : failure(flaw);
    }
    if (ok === false && typeof message === 'string') return { ok, value: message };
    return failure(`gave ${shown(result)}; allowed: { ok: true, value } or { ok: false, message: a text }`);
  } catch (error) {
    return failure(`failed: ${messageOf(error)}`);
  }
}

/** Simulated tools: a recorded call gives its recorded result after its recorded time; another really runs, after a drawn time. */
export class ToolDevice {
  private readonly tools = new Map<string, ToolImplementation>();
  private readonly streams: (name: string) => Rng;
  private readonly faults: FaultPlan | undefined;
  private readonly replay: ToolReplay | undefined;

  constructor(
    tools: readonly ToolImplementation[],
    streams: (name: string) => Rng,
    faults?: FaultPlan,
    replay?: ToolReplay,
  ) {
    this.replay = replay;
    for (const tool of tools) this.tools.set(tool.spec.name, tool);
    this.streams = streams;
    this.faults = faults;
  }

  call(start: ToolStart): ToolOutcome {
    const outcome = this.work(start);
    return this.faults === undefined ? outcome : this.spoil(start, outcome, this.faults);
  }

  private work(start: ToolStart): ToolOutcome {
    const { script, identity } = start;
    const replayed = this.replay?.(start);
    if (replayed !== undefined) return replayed;
    // A stream of its own for each call: what one call draws doesn't move another, in whatever order they run.
    const durationUs =
      script?.durationUs ?? this.draw(`tool/${identity.run}/${identity.pid}/${identity.n}/${identity.index}`);
    if (script?.result !== undefined) return { ok: script.failed !== true, value: script.result, durationUs };
    const tool = this.tools.get(start.tool);
    if (tool === undefined)
      return {
        ok: false,
        value: `${start.tool} has no recorded result and no implementation here`,
        durationUs,
      };
    return { ...ranTool(tool, start.arguments), durationUs };
  }

  private spoil({ identity, attempt }: ToolStart, outcome: ToolOutcome, faults: FaultPlan): ToolOutcome {
    const { isFailed, delay, isDeaf, repeatUs, isLost } = faults.tool(identity, attempt);
    const durationUs = outcome.durationUs * delay;
    return isFailed
      ? { ok: false, value: 'the tool failed', durationUs, isDeaf, repeatUs, isLost }
      : { ...outcome, durationUs, isDeaf, repeatUs, isLost };
  }

  private draw(name: string): number {
    return drawToolUs(this.streams(name));
  }
}
