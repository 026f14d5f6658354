/**
 * Thrashing and admission control: as more agents share a context memory, throughput rises until their working sets fill it; beyond that they evict each other's pages,
 * and the cores spend their time on bringing back what was evicted. Load control lets on only as many as fit, and the throughput stays.
 *
 * Source: P. J. Denning, "Thrashing: its causes and prevention", AFIPS FJCC 1968; "The working set model for program behavior", CACM 11(5), 1968.
 */
import type { Json } from '../../kernel/ids.ts';
import type { LoadControlPolicyName } from '../../policies/index.ts';
import { runScenario } from './scenario-run.ts';

const memoryTokens = 100_000;
const workingSetTokens = 20_000;
const cores = 3;
const minutes = 20;

export const thrashingSetting = {
  memoryTokens,
  workingSetTokens,
  cores,
  minutes,
  callSeconds: 30,
  toolSeconds: 20,
  sliceSeconds: 2,
};

/**
 * So many agents, each with a context of its own, which call the model for half a minute and then a tool for a third of one, over and over. Five contexts fit. Slices are
 * short, as where people watch answers appear.
 */
export function thrashingScenario(agents: number, loadControl: LoadControlPolicyName): Json {
  const { callSeconds, toolSeconds, sliceSeconds } = thrashingSetting;
  const rounds = Math.ceil((minutes * 60) / (callSeconds + toolSeconds));
  const think = { op: 'think', tokensOut: callSeconds * 60, keep: false };
  const tools = {
    op: 'tools',
    keep: false,
    calls: [{ tool: 'shell', result: '', durationUs: `${toolSeconds}s` }],
  };
  return {
    name: `${agents} agents, load control ${loadControl}`,
    engines: [{ cores, memoryTokens }],
    scheduler: 'round-robin',
    slice: `${sliceSeconds}s`,
    paging: 'lru',
    loadControl,
    tools: [{ name: 'shell', reads: [], timeoutUs: '1m' }],
    until: `${minutes}m`,
    agents: [
      {
        name: 'agent',
        copies: agents,
        steps: [
          { op: 'page', kind: 'user', tokens: workingSetTokens },
          ...Array.from({ length: rounds }, () => [think, tools]).flat(),
        ],
      },
    ],
  };
}

export interface ThrashingFigures {
  readonly loadControl: LoadControlPolicyName;
  readonly points: readonly ThrashingPoint[];
}
interface ThrashingPoint {
  /** The degree of multiprogramming. */
  readonly agents: number;
  readonly callsCompleted: number;
  /** Of all core time: spent on answers and on prompts for the first time. */
  readonly useful: number;
  /** Of all core time: spent on prompts that were evicted. */
  readonly repeated: number;
}

const thrashingAgents: readonly number[] = [1, 2, 3, 4, 5, 6, 8, 12, 16];

export function thrashing(
  loadControls: readonly LoadControlPolicyName[] = ['none', 'working-set', 'pause-and-restore'],
  counts: readonly number[] = thrashingAgents,
): readonly ThrashingFigures[] {
  return loadControls.map((loadControl) => ({
    loadControl,
    points: counts.map((agents) => {
      const { modelCallsCompleted, split, makespanUs } = runScenario(thrashingScenario(agents, loadControl));
      const { newPrefillUs, decodeUs, repeatedPrefillUs } = split.running;
      const allUs = cores * makespanUs;
      return {
        agents,
        callsCompleted: modelCallsCompleted,
        useful: (newPrefillUs + decodeUs) / allUs,
        repeated: repeatedPrefillUs / allUs,
      };
    }),
  }));
}
