/** A live kernel from a description, with its recording. */
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { LiveKernel, type LiveOptions } from '../../src/host/live-kernel.ts';
import type { ModelPort, PersonPort, ToolPort } from '../../src/host/ports.ts';
import { estimateTokens } from '../../src/kernel/estimate.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { liveKernelOptions, liveProgramNames, type LiveSpec } from '../../src/sim/live-spec.ts';
import { LiveRecorder } from '../../src/sim/recording.ts';
import { simulationDefaults } from '../../src/sim/spec.ts';

export function liveSpec(more: Partial<LiveSpec> = {}): LiveSpec {
  return {
    ...simulationDefaults,
    kind: 'live',
    engines: [{ name: 'model', preemption: 'none' }],
    programs: liveProgramNames,
    ...more,
  };
}

export interface RecordedLive {
  readonly live: LiveKernel;
  /** Ends the recording; returns its lines. */
  readonly end: () => readonly string[];
  /** The hash of its events, when it has ended. */
  readonly hash: () => string;
}

export function recordedLive(
  spec: LiveSpec,
  ports: { readonly model: ModelPort; readonly tools?: ToolPort; readonly people?: PersonPort },
  options: Partial<LiveOptions> = {},
): RecordedLive {
  const lines: string[] = [];
  const recorder = new LiveRecorder({ ringzero: 'test', spec }, (line) => lines.push(line.trimEnd()));
  let hash = '';
  const live = new LiveKernel({
    kernel: liveKernelOptions(spec),
    clock: new SystemClock(),
    models: Object.fromEntries(spec.engines.map(({ name = 'engine' }) => [name, ports.model])),
    tools: ports.tools ?? { call: () => Promise.resolve({ ok: false, value: 'there are none' }) },
    people: ports.people ?? { ask: () => {}, withdraw: () => {} },
    storage: new MemoryStorage(),
    countTokens: estimateTokens,
    onInput: recorder.onInput,
    onEvent: recorder.onEvent,
    ...options,
  });
  return {
    live,
    hash: () => hash,
    end: () => {
      hash = recorder.end();
      live.close();
      return lines;
    },
  };
}

export async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
